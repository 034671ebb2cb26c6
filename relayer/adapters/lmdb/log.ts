import { Fault } from "../../errors.ts";
import type { LogEntry, TrimmableLog } from "../../ports.ts";
import { newestEntries } from "./newestEntries.ts";
import { commit, openStore, type Store } from "./store.ts";

const QUEUED_MAX = 10_000;
/** Records taken away by one commit: appends wait for no longer than that. */
const TRIMMED_AT_ONCE = 256;

interface Waiting {
  readonly partition: number;
  readonly record: Uint8Array;
  readonly resolve: (seq: number) => void;
  readonly reject: (error: unknown) => void;
}

function keyOf(partition: number, seq: number): Buffer {
  const key = Buffer.alloc(10);
  key.writeUInt16BE(partition, 0);
  key.writeBigUInt64BE(BigInt(seq), 2);
  return key;
}

/**
 * The partition logs of a single node, in one LMDB environment. One writer loop takes whatever has been queued while
 * the last flush ran (natural batching: no timer), commits it, waits for the fsync, and only then answers.
 */
export function openLmdbLog(options: { readonly path: string; readonly partitions: number }): TrimmableLog {
  const store = openStore(options.path);
  const tails = Array.from({ length: options.partitions }, (_, partition) => storedTail(store, partition));
  const newest = tails.map(() => newestEntries());
  const listeners = new Set<(partition: number) => void>();
  const writer = startWriter(store, tails, {
    onWritten({ partition, record }, seq) {
      newest[partition]?.add({ seq, bytes: record });
    },
    onFailed() {
      for (const kept of newest) kept.clear();
    },
    onDone(partition) {
      for (const tell of listeners) tell(partition);
    },
  });
  return {
    partitions: options.partitions,
    append: (partition, record) => writer.append(partition, record),
    read(partition, fromSeq, max) {
      const kept = newest[partition]?.from(fromSeq, max);
      if (kept !== undefined) return Promise.resolve(kept);
      const entries = readStored(store, { partition, fromSeq, max });
      const [oldest] = entries;
      return oldest !== undefined && oldest.seq > fromSeq
        ? Promise.reject(new Fault("LOG_TRIMMED", `partition ${partition} begins at ${oldest.seq}`))
        : Promise.resolve(entries);
    },
    tail: (partition) => Promise.resolve(tails[partition] ?? 0),
    first: (partition) => Promise.resolve(storedFirst(store, partition)),
    trim(partition, beforeSeq) {
      newest[partition]?.clear();
      // The last record stays: it is what tells the next one's sequence when the log is opened again.
      return dropBelow(store, partition, Math.min(beforeSeq, tails[partition] ?? 0));
    },
    follow(onNews) {
      listeners.add(onNews);
      return () => listeners.delete(onNews);
    },
    async close() {
      await writer.finish();
      await store.close();
    },
  };
}

/** Takes records and writes whatever waits as one transaction, over and over while there is any. */
function startWriter(
  store: Store,
  tails: number[],
  tell: {
    readonly onWritten: (waiting: Waiting, seq: number) => void;
    readonly onFailed: () => void;
    readonly onDone: (partition: number) => void;
  },
) {
  let queue: Waiting[] = [];
  let writing: Promise<void> | undefined;

  async function writeQueued(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      try {
        const seqs = await writeBatch(store, tails, batch);
        for (const [i, waiting] of batch.entries()) {
          tell.onWritten(waiting, seqs[i] ?? 0);
          waiting.resolve(seqs[i] ?? 0);
        }
      } catch (error) {
        // Whether the bytes are there is unknown now, so what is there decides where the next record goes.
        for (const partition of tails.keys()) tails[partition] = storedTail(store, partition);
        tell.onFailed();
        for (const waiting of batch) waiting.reject(new Fault("LOG_UNAVAILABLE", String(error)));
      }
      for (const partition of new Set(batch.map((waiting) => waiting.partition))) tell.onDone(partition);
    }
    writing = undefined;
  }

  return {
    append(partition: number, record: Uint8Array): Promise<number> {
      if (queue.length >= QUEUED_MAX) return Promise.reject(new Fault("QUEUE_FULL", "log"));
      return new Promise((resolve, reject) => {
        queue.push({ partition, record, resolve, reject });
        writing ??= Promise.resolve().then(writeQueued);
      });
    },
    finish: async (): Promise<void> => writing,
  };
}

function readStored(
  store: Store,
  { partition, fromSeq, max }: { readonly partition: number; readonly fromSeq: number; readonly max: number },
): readonly LogEntry[] {
  const range = store.getRange({ start: keyOf(partition, fromSeq), end: keyOf(partition + 1, 0), limit: max });
  return [...range].map(({ key, value }) => ({ seq: Number(key.readBigUInt64BE(2)), bytes: new Uint8Array(value) }));
}

function storedTail(store: Store, partition: number): number {
  const range = { start: keyOf(partition, Number.MAX_SAFE_INTEGER), end: keyOf(partition, 0), reverse: true, limit: 1 };
  const [last] = store.getKeys(range);
  return last === undefined ? 0 : Number(last.readBigUInt64BE(2));
}

function storedFirst(store: Store, partition: number): number {
  const [oldest] = store.getKeys({ start: keyOf(partition, 0), end: keyOf(partition + 1, 0), limit: 1 });
  return oldest === undefined ? storedTail(store, partition) + 1 : Number(oldest.readBigUInt64BE(2));
}

async function dropBelow(store: Store, partition: number, until: number): Promise<void> {
  for (let from = storedFirst(store, partition); from < until; from += TRIMMED_AT_ONCE) {
    const seqs = Array.from({ length: Math.min(TRIMMED_AT_ONCE, until - from) }, (_, i) => from + i);
    await commit(
      store,
      seqs.map((seq) => ({ key: keyOf(partition, seq), value: undefined })),
    );
  }
}

/** One transaction, fsynced when it resolves. */
async function writeBatch(store: Store, tails: number[], batch: readonly Waiting[]): Promise<readonly number[]> {
  const seqs = batch.map(({ partition }) => (tails[partition] = (tails[partition] ?? 0) + 1));
  await commit(
    store,
    batch.map(({ partition, record }, i) => ({ key: keyOf(partition, seqs[i] ?? 0), value: record })),
  );
  return seqs;
}
