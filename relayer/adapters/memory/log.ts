import { Fault } from "../../errors.ts";
import type { LogEntry, TrimmableLog } from "../../ports.ts";

/** What the next appends shall suffer; each entry is used once. */
export type Mishap = "lost before" | "lost ack" | "doubled";

/** A log in memory that can be told to misbehave the way a real one does. */
export function memoryLog(partitions: number): TrimmableLog & { readonly mishaps: Mishap[] } {
  const logs = Array.from({ length: partitions }, (): Uint8Array[] => []);
  const listeners = new Set<(partition: number) => void>();
  const mishaps: Mishap[] = [];
  const firsts = Array.from({ length: partitions }, () => 1);
  return {
    partitions,
    mishaps,
    append(partition, record) {
      const log = logs[partition];
      const mishap = mishaps.shift();
      if (log === undefined || mishap === "lost before")
        return Promise.reject(new Fault("LOG_UNAVAILABLE", "told to fail"));
      log.push(record.slice());
      if (mishap === "doubled") log.push(record.slice());
      const seq = log.length;
      queueMicrotask(() => {
        for (const listener of listeners) listener(partition);
      });
      return mishap === "lost ack"
        ? Promise.reject(new Fault("LOG_UNAVAILABLE", "told to lose the answer"))
        : Promise.resolve(seq);
    },
    read(partition, fromSeq, max) {
      const log = logs[partition] ?? [];
      const first = firsts[partition] ?? 1;
      if (fromSeq < first) return Promise.reject(new Fault("LOG_TRIMMED", `partition ${partition} begins at ${first}`));
      const entries = log
        .slice(fromSeq - 1, fromSeq - 1 + max)
        .map((bytes, i): LogEntry => ({ seq: fromSeq + i, bytes }));
      return Promise.resolve(entries);
    },
    tail: (partition) => Promise.resolve(logs[partition]?.length ?? 0),
    first: (partition) => Promise.resolve(firsts[partition] ?? 1),
    trim(partition, beforeSeq) {
      const until = Math.min(beforeSeq, logs[partition]?.length ?? 0);
      firsts[partition] = Math.max(firsts[partition] ?? 1, until);
      return Promise.resolve();
    },
    follow(onNews) {
      listeners.add(onNews);
      return () => listeners.delete(onNews);
    },
    close: () => Promise.resolve(),
  };
}
