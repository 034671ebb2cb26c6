import { createWalletClient, http, parseEther, type Address, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { DEMO_PEOPLE } from "../../portal/wallet/demoPeople.ts";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { ANVIL_KEYS } from "./deployLocal.ts";

/** Enough to reach the quorum of the local chain's votes alone. */
const FORTUNE = parseEther("250000");

/** Gives the portal's demo people tokens; anvil has given them ether. */
export async function fundDemoPeople(rpcUrl: string, token: Address, open: PublicClient): Promise<void> {
  const deployer = createWalletClient({
    chain: foundry,
    transport: http(rpcUrl),
    account: privateKeyToAccount(ANVIL_KEYS[0]),
  });
  for (const { key } of DEMO_PEOPLE) {
    const hash = await deployer.writeContract({
      address: token,
      abi: platformTokenAbi,
      functionName: "transfer",
      args: [privateKeyToAccount(key).address, FORTUNE],
    });
    await open.waitForTransactionReceipt({ hash });
  }
}
