import { Fault } from "../../errors.ts";
import type { LogEntry, PartitionLog } from "../../ports.ts";

/** What the next appends shall suffer; each entry is used once. */
export type Mishap = "lost before" | "lost ack" | "doubled";

/** A log in memory that can be told to misbehave the way a real one does. */
export function memoryLog(partitions: number): PartitionLog & { readonly mishaps: Mishap[] } {
  const logs = Array.from({ length: partitions }, (): Uint8Array[] => []);
  const listeners = new Set<(partition: number) => void>();
  const mishaps: Mishap[] = [];
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
      const entries = log
        .slice(fromSeq - 1, fromSeq - 1 + max)
        .map((bytes, i): LogEntry => ({ seq: fromSeq + i, bytes }));
      return Promise.resolve(entries);
    },
    tail: (partition) => Promise.resolve(logs[partition]?.length ?? 0),
    follow(onNews) {
      listeners.add(onNews);
      return () => listeners.delete(onNews);
    },
    close: () => Promise.resolve(),
  };
}
