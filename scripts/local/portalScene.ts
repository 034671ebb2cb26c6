import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  encodeFunctionData,
  http,
  parseEther,
  type Hex,
  type PrivateKeyAccount,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { DEMO_PEOPLE } from "../../portal/wallet/demoPeople.ts";
import { dvStakingAbi } from "../../protocol/abi/DVStaking.ts";
import { platformGovernorAbi } from "../../protocol/abi/PlatformGovernor.ts";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { createClient, type DraftInput } from "../../sdk/index.ts";
import type { Stack } from "./stack.ts";

const GAS_LIMIT = 3_000_000n;
const STAKE = parseEther("120000");
const LEAVING = parseEther("2500");

/** Gives the demo people something to show: chains with contents, a request that waits, stakes, and a running vote. */
export async function playPortalScene(stack: Stack): Promise<void> {
  const [ana, bo] = DEMO_PEOPLE.map(({ key }) => privateKeyToAccount(key));
  if (ana === undefined || bo === undefined) throw new RangeError("there are no demo people");
  await playRequests(stack, ana, bo);
  await playVotes(stack, ana, bo);
}

async function playRequests(stack: Stack, ana: PrivateKeyAccount, bo: PrivateKeyAccount): Promise<void> {
  const [a, b] = [ana, bo].map((wallet) => createClient({ url: stack.url, wallet }));
  if (a === undefined || b === undefined) return;
  await Promise.all([a.enrol(), b.enrol()]);
  const agreed: DraftInput = {
    kind: "data",
    parties: [
      { account: ana.address, role: "initiator", content: 0 },
      { account: bo.address, role: "counterparty", content: 0 },
    ],
    contents: [
      {
        bytes: new TextEncoder().encode("Storage of 40 pallets from June to August, 12 a month."),
        category: "contract",
      },
    ],
    reference: "STORAGE 14",
  };
  const first = await a.draft(agreed);
  const { id } = await a.submit(first, [await a.sign(first), await b.sign(first)]);
  await a.wait(id);
  const bill = await b.draft({
    ...agreed,
    contents: [
      { bytes: new TextEncoder().encode("Invoice for June: 480 tokens, due in 30 days."), category: "financial" },
    ],
    reference: "STORAGE 14-06",
  });
  await b.propose(bill, await b.sign(bill));
}

async function playVotes(stack: Stack, ana: PrivateKeyAccount, bo: PrivateKeyAccount): Promise<void> {
  const { dvStaking, platformToken, governor } = stack.contracts;
  const options = { chain: foundry, transport: http(stack.rpcUrl), pollingInterval: 20, cacheTime: 0 } as const;
  const open = createPublicClient(options);
  const send = async (account: PrivateKeyAccount, to: Hex, data: Hex): Promise<void> => {
    const wallet = createWalletClient({ ...options, account });
    const hash = await wallet.sendTransaction({ to, data, gas: GAS_LIMIT });
    const { status } = await open.waitForTransactionReceipt({ hash });
    if (status === "reverted") throw new Error(`a call of the scene reverted in ${hash}`);
  };
  const token = (functionName: "approve", args: readonly [Hex, bigint]): Hex =>
    encodeFunctionData({ abi: platformTokenAbi, functionName, args });
  for (const person of [ana, bo]) {
    await send(person, platformToken, token("approve", [dvStaking, STAKE]));
    const args = [STAKE, person.address] as const;
    await send(person, dvStaking, encodeFunctionData({ abi: dvStakingAbi, functionName: "stakeAndDelegate", args }));
  }
  const leave = encodeFunctionData({ abi: dvStakingAbi, functionName: "requestUnstake", args: [LEAVING] });
  await send(ana, dvStaking, leave);
  await createTestClient({ ...options, mode: "anvil" }).increaseTime({ seconds: 2 });
  await send(bo, platformToken, token("approve", [governor, parseEther("100")]));
  const calldata = encodeFunctionData({ abi: platformTokenAbi, functionName: "setInflation", args: [250] });
  const description = "# Yearly inflation: 2.5 %\n\nThe nodes earn enough from fees now.";
  const proposed = [[platformToken], [0n], [calldata], description] as const;
  await send(bo, governor, encodeFunctionData({ abi: platformGovernorAbi, functionName: "propose", args: proposed }));
}
