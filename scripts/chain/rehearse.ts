import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import { network } from "hardhat";
import type { Address, Hex } from "viem";

import type { Deployment } from "./runModule.ts";

const ETHER_ENOUGH = "0x21e19e0c9bab2400000";

/** What a deployment would cost and where its contracts would be. */
export interface Rehearsal<A> {
  readonly addresses: A;
  readonly transactions: number;
  readonly gas: bigint;
}

/**
 * Runs a deployment on a throw-away chain in this process, as the same deployer with the same next nonce: the addresses
 * are those of the real one, the gas is what it used. Nothing leaves the machine.
 */
export async function rehearse<A>(
  sender: { readonly deployer: Address; readonly nonce: number },
  deployTo: (deployment: Deployment) => Promise<A>,
): Promise<Rehearsal<A>> {
  const { provider } = await network.create();
  const { deployer, nonce } = sender;
  await provider.request({ method: "hardhat_impersonateAccount", params: [deployer] });
  await provider.request({ method: "hardhat_setBalance", params: [deployer, ETHER_ENOUGH] });
  if (nonce > 0) await provider.request({ method: "hardhat_setNonce", params: [deployer, `0x${nonce.toString(16)}`] });
  const sent: Hex[] = [];
  const watching: EIP1193Provider = {
    async request(args): Promise<unknown> {
      const answer: unknown = await provider.request(args);
      if (args.method === "eth_sendTransaction") sent.push(answer as Hex);
      return answer;
    },
  };
  const addresses = await deployTo({ provider: watching, deployer, pollMs: 5, confirmations: 1 });
  let gas = 0n;
  for (const txHash of sent) {
    const receipt = (await provider.request({ method: "eth_getTransactionReceipt", params: [txHash] })) as {
      gasUsed: Hex;
    };
    gas += BigInt(receipt.gasUsed);
  }
  return { addresses, transactions: sent.length, gas };
}
