import type { Abi, Address, Hex } from "viem";
import { encodeFunctionData } from "viem";
import type { Config } from "wagmi";
import {
  getCapabilities,
  getConnection,
  getPublicClient,
  sendCalls,
  waitForCallsStatus,
  writeContract,
} from "wagmi/actions";

/** A call of one of the platform's contracts. */
export interface Call {
  readonly address: Address;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args: readonly unknown[];
}

/** An estimate holds for the second it was made in: rewards that accrue in the next one cost gas too. */
const withMargin = (gas: bigint): bigint => (gas * 13n) / 10n + 60_000n;

/** Tries the call first, so that what cannot work is told before the wallet opens; then has it sent. */
export async function sendCall(config: Config, call: Call): Promise<Hex> {
  const { address: account } = getConnection(config);
  const client = getPublicClient(config);
  if (account === undefined || client === undefined) throw new Error("No wallet is connected.");
  await client.simulateContract({ ...call, account });
  const gas = await client.estimateContractGas({ ...call, account });
  return writeContract(config, { ...call, account, gas: withMargin(gas) });
}

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
