import { concat } from "../../protocol/bytes.ts";
import type { Overlay } from "../midc/apply.ts";
import { keys } from "../midc/keys.ts";
import { decodeApplied } from "../midc/rows.ts";
import type { LogEntry, PartitionLog, StateView } from "../ports.ts";

/**
 * The raw records a node has applied, kept until they are trimmed. Written in the same commit as what they made, so
 * that whatever the engine loses below us can be put back byte for byte, and any two nodes can compare their digests at
 * a sequence that both have applied.
 */

const DIGEST_BYTES = 32;
const KEPT_READ_MAX = 256;

export interface Kept extends LogEntry {
  /** Running digest of the partition's log after this record. */
  readonly digest: Uint8Array;
}

/** To be called right after the record was applied onto the overlay. */
export function keepRecord(overlay: Overlay, partition: number, entry: LogEntry): void {
  const { digest } = decodeApplied(overlay.get(keys.applied(partition)));
  overlay.put(keys.kept(partition, entry.seq), concat(digest, entry.bytes));
}

const keptOf = (seq: number, value: Uint8Array): Kept => ({
  seq,
  digest: value.slice(0, DIGEST_BYTES),
  bytes: value.slice(DIGEST_BYTES),
});

export function keptAt(view: StateView, partition: number, seq: number): Kept | undefined {
  const value = view.get(keys.kept(partition, seq));
  return value === undefined ? undefined : keptOf(seq, value);
}

/** Kept records from `fromSeq` on without a gap, at most `max`. */
export function keptFrom(view: StateView, partition: number, fromSeq: number, max: number): readonly Kept[] {
  const run: Kept[] = [];
  for (let seq = fromSeq; run.length < Math.min(max, KEPT_READ_MAX); seq += 1) {
    const kept = keptAt(view, partition, seq);
    if (kept === undefined) break;
    run.push(kept);
  }
  return run;
}

/** The log, read from this node's own copy where it has one: that is still there when the engine's was trimmed. */
export const readingKept = (log: PartitionLog, view: StateView): PartitionLog => ({
  ...log,
  async read(partition, fromSeq, max) {
    const kept = keptFrom(view, partition, fromSeq, max);
    return kept.length > 0 ? kept : log.read(partition, fromSeq, max);
  },
});
