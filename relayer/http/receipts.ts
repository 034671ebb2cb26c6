import { signReceipts, type Receipt } from "../../protocol/receipt.ts";
import { Fault } from "../errors.ts";
import type { Keyring } from "../ports.ts";

const WAITING_MAX = 20_000;

interface Waiting {
  readonly id: Uint8Array;
  readonly at: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

/** Signs receipts; those asked for in one turn of the event loop, as a group commit answers them, share a signature. */
export function createReceipts(keyring: Pick<Keyring, "sign" | "nodePublicKey">) {
  let waiting: Waiting[] = [];
  const signAll = (): void => {
    const group = waiting;
    waiting = [];
    try {
      const receipts = signReceipts(group, keyring.nodePublicKey, keyring.sign);
      for (const [i, receipt] of receipts.entries()) group[i]?.resolve(receipt);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };
  return (id: Uint8Array, at: number): Promise<Receipt> => {
    if (waiting.length >= WAITING_MAX) return Promise.reject(new Fault("QUEUE_FULL", "receipts"));
    return new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(signAll);
      waiting.push({ id, at, resolve, reject });
    });
  };
}
