import { parseSignature, type Address, type Hex, type PublicClient } from "viem";
import type { Config } from "wagmi";
import { getPublicClient, signTypedData } from "wagmi/actions";
import { dvStakingAbi } from "../../protocol/abi/DVStaking.ts";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import type { Contracts } from "../net/useContracts.ts";
import { tokens } from "../ui/format.ts";
import { signing, type Action, type Step } from "../wallet/action.ts";
import { sendCall, sending } from "../wallet/send.ts";

/** What can be done with a stake. Each is one window with true stages; the permit saves the separate approval. */

const PERMIT_VALID_S = 1_200n;

const call = (contracts: Contracts, functionName: string, args: readonly unknown[]) => ({
  address: contracts.staking,
  abi: dvStakingAbi,
  functionName,
  args,
});

const oneStep = (title: string, done: string, step: Step): Action => ({ title, done, steps: [step] });

export function stake(config: Config, contracts: Contracts, account: Address, amount: bigint): Action {
  let permit: { readonly deadline: bigint; readonly signature: Hex } | undefined;
  return {
    title: `Stake ${tokens(amount)} tokens`,
    done: `${tokens(amount)} tokens are staked. They earn from now on; delegate to yourself to vote with them.`,
    steps: [
      signing("Sign the permit", async () => {
        const client = getPublicClient(config);
        if (client !== undefined) permit = await signPermit(config, client, { contracts, account, amount });
      }),
      {
        label: "Stake",
        kind: "send",
        async run() {
          if (permit === undefined) throw new Error("The permit is missing.");
          const { r, s, yParity } = parseSignature(permit.signature);
          return sendCall(config, call(contracts, "stakeWithPermit", [amount, permit.deadline, yParity + 27, r, s]));
        },
      },
    ],
  };
}

/** ERC-2612: the staking contract may take exactly this amount, for a short while. */
async function signPermit(
  config: Config,
  client: PublicClient,
  { contracts, account, amount }: { readonly contracts: Contracts; readonly account: Address; readonly amount: bigint },
) {
  const token = { address: contracts.token, abi: platformTokenAbi } as const;
  const [[, name, version, chainId, verifyingContract], nonce, { timestamp }] = await Promise.all([
    client.readContract({ ...token, functionName: "eip712Domain" }),
    client.readContract({ ...token, functionName: "nonces", args: [account] }),
    client.getBlock(),
  ]);
  const deadline = timestamp + PERMIT_VALID_S;
  const signature = await signTypedData(config, {
    domain: { name, version, chainId: Number(chainId), verifyingContract },
    types: {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    },
    primaryType: "Permit",
    message: { owner: account, spender: contracts.staking, value: amount, nonce, deadline },
  });
  return { deadline, signature };
}

export const claim = (config: Config, contracts: Contracts): Action =>
  oneStep("Claim rewards", "The rewards are on your account.", sending(config, "Claim", call(contracts, "claim", [])));

export const requestUnstake = (config: Config, contracts: Contracts, amount: bigint): Action =>
  oneStep(
    `Unstake ${tokens(amount)} tokens`,
    "The stake is leaving. Withdraw it when the time is over.",
    sending(config, "Begin to unstake", call(contracts, "requestUnstake", [amount])),
  );

export const cancelUnstake = (config: Config, contracts: Contracts, amount: bigint): Action =>
  oneStep(
    "Keep the stake",
    "It is staked again and earns from now on.",
    sending(config, "Stake it again", call(contracts, "cancelUnstake", [amount])),
  );

export const withdraw = (config: Config, contracts: Contracts): Action =>
  oneStep(
    "Withdraw",
    "The tokens are on your account again.",
    sending(config, "Withdraw", call(contracts, "withdraw", [])),
  );

export const delegate = (config: Config, contracts: Contracts, to: Address): Action =>
  oneStep(
    "Delegate your votes",
    "The votes count from the next second on, for proposals made after that.",
    sending(config, "Delegate", call(contracts, "delegate", [to])),
  );
