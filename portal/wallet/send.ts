import type { Abi, Address, Hex } from "viem";
import type { Config } from "wagmi";
import { getConnection, getPublicClient, sendTransaction, writeContract } from "wagmi/actions";
import type { Step } from "./action.ts";

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

/** A step that is over once the call is final on chain. */
export const sending = (config: Config, label: string, call: Call): Step => ({
  label,
  kind: "send",
  run: () => sendCall(config, call),
});

/** A call that is encoded already, e.g. by the client library. */
export async function sendEncoded(config: Config, call: { readonly to: Address; readonly data: Hex }): Promise<Hex> {
  const { address: account } = getConnection(config);
  const client = getPublicClient(config);
  if (account === undefined || client === undefined) throw new Error("No wallet is connected.");
  const gas = await client.estimateGas({ ...call, account });
  return sendTransaction(config, { ...call, account, gas: withMargin(gas) });
}
