import { concat, equalBytes } from "../../protocol/bytes.ts";
import { Fault } from "../errors.ts";
import type { Overlay } from "../midc/apply.ts";
import { keys } from "../midc/keys.ts";
import { decodeApplied } from "../midc/rows.ts";
import type { LogEntry, PartitionLog, State, StateView } from "../ports.ts";

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

/** Sequence of the oldest record that is kept; undefined where none is. */
export function firstKept(view: StateView, partition: number): number | undefined {
  const [row] = view.range({ ...keys.keptOf(partition, 0), limit: 1 });
  return row === undefined ? undefined : seqOfKept(row.key);
}

/** The last eight bytes of its key. */
const seqOfKept = (key: Uint8Array): number =>
  Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(key.byteLength - 8));

/** Forgets the kept records below a sequence, a few at a time: each commit is small, and any number of them is right. */
export async function dropKept(state: State, partition: number, beforeSeq: number): Promise<void> {
  for (;;) {
    const from = firstKept(state, partition);
    if (from === undefined || from >= beforeSeq) return;
    const until = Math.min(beforeSeq, from + KEPT_READ_MAX);
    const seqs = Array.from({ length: until - from }, (_, i) => from + i);
    await state.commit(seqs.map((seq) => ({ key: keys.kept(partition, seq), value: undefined })));
  }
}

/** The running digest after a record, of any that this node has applied and still knows. */
export function digestAt(view: StateView, partition: number, seq: number): Uint8Array | undefined {
  const applied = decodeApplied(view.get(keys.applied(partition)));
  if (seq === applied.seq) return applied.digest;
  return seq < applied.seq ? keptAt(view, partition, seq)?.digest : undefined;
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

/** Records that another node has handed over, for what the log itself no longer holds. In memory: lost, they are asked for again. */
export interface Supplies {
  readonly put: (partition: number, entries: readonly LogEntry[]) => void;
  readonly from: (partition: number, seq: number) => readonly LogEntry[];
}

export function createSupplies(): Supplies {
  const held = new Map<number, readonly LogEntry[]>();
  return {
    put: (partition, entries) => held.set(partition, entries),
    from(partition, seq) {
      const left = (held.get(partition) ?? []).filter((entry) => entry.seq >= seq);
      // What lies below has been applied; what begins later than asked for does not follow.
      if (left.length === 0) held.delete(partition);
      return left[0]?.seq === seq ? left : [];
    },
  };
}

/** The log, read from this node's own copy where it has one: that is still there when the engine's was trimmed. */
export const readingKept = (log: PartitionLog, view: StateView): PartitionLog => ({
  ...log,
  async read(partition, fromSeq, max) {
    const kept = keptFrom(view, partition, fromSeq, max);
    return kept.length > 0 ? kept : log.read(partition, fromSeq, max);
  },
});

/**
 * The log of a node that checks what it is told: an acknowledgement for a place where something else was applied is
 * none, because the log has lost records. What the log itself no longer holds may have been handed over.
 */
export const checkedLog = (
  log: PartitionLog,
  view: StateView,
  supplies: Supplies,
  onLost: (fault: Fault, partition: number) => void = () => undefined,
): PartitionLog => ({
  ...log,
  async append(partition, record) {
    const seq = await log.append(partition, record);
    if (seq > decodeApplied(view.get(keys.applied(partition))).seq) return seq;
    const kept = keptAt(view, partition, seq);
    if (kept !== undefined && equalBytes(kept.bytes, record)) return seq;
    const lost = new Fault("LOG_LOST", `partition ${partition} took a record at ${seq}, where another was applied`);
    onLost(lost, partition);
    throw lost;
  },
  async read(partition, fromSeq, max) {
    const supplied = supplies.from(partition, fromSeq);
    return supplied.length > 0 ? supplied.slice(0, max) : log.read(partition, fromSeq, max);
  },
});
