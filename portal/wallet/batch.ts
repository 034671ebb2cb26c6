import { encodeFunctionData, type Hex } from "viem";
import type { Config } from "wagmi";
import { getCapabilities, getConnection, sendCalls, waitForCallsStatus } from "wagmi/actions";
import type { Call } from "./send.ts";

/** Whether the wallet takes several calls as one (EIP-5792). */
export async function takesBatches(config: Config): Promise<boolean> {
  const { address, chainId } = getConnection(config);
  if (address === undefined || chainId === undefined) return false;
  try {
    const { atomic } = await getCapabilities(config, { account: address, chainId });
    return atomic?.status === "supported" || atomic?.status === "ready";
  } catch {
    // Most wallets do not know the question.
    return false;
  }
}

/** All of the calls or none of them, in one transaction; resolves with its hash. */
export async function sendBatch(config: Config, calls: readonly Call[]): Promise<Hex> {
  const { id } = await sendCalls(config, {
    calls: calls.map(({ address, ...call }) => ({ to: address, data: encodeFunctionData(call) })),
    forceAtomic: true,
  });
  const { receipts } = await waitForCallsStatus(config, { id, timeout: 0 });
  const hash = receipts?.at(-1)?.transactionHash;
  if (hash === undefined) throw new Error("The wallet gave no receipt for the calls.");
  return hash;
}
