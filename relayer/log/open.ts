import { keys } from "../midc/keys.ts";
import { decodeBatch, decodeTx } from "../midc/rows.ts";
import type { StateView } from "../ports.ts";

const BATCHES_READ_MAX = 10_000;

/**
 * Where the oldest transaction of a partition began that is not final: in no batch yet, or in one whose outcome does not
 * lie on every chain. Whoever finishes it may need its record (log/recall.ts), so the log and the kept records are never
 * trimmed past it. Undefined when nothing is open.
 */
export function openFrom(view: StateView, partition: number): number | undefined {
  const begun: number[] = [];
  // In the order they began, so the first one is the oldest.
  for (const { value } of view.range({ ...keys.openOf(partition), limit: 1 })) begun.push(...begunAt(view, value));
  for (const { key } of view.range({ ...keys.openBatchesOf(partition), limit: BATCHES_READ_MAX })) {
    const batch = view.get(keys.batch(partition, seqOf(key)));
    for (const txId of batch === undefined ? [] : decodeBatch(batch).txIds) begun.push(...begunAt(view, txId));
  }
  return begun.length === 0 ? undefined : Math.min(...begun);
}

function begunAt(view: StateView, txId: Uint8Array): readonly number[] {
  const row = view.get(keys.tx(txId));
  return row === undefined ? [] : [decodeTx(row).begun.seq];
}

/** The last eight bytes of an open batch's key. */
const seqOf = (key: Uint8Array): number =>
  Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(key.byteLength - 8));
