import { Fault } from "../errors.ts";
import type { PartitionLog } from "../ports.ts";

/** A log whose partitions can be stopped at this node, while they are repaired. */
export interface FreezableLog extends PartitionLog {
  /** From now on nothing is appended to the partition here, and nothing of it is given out to be applied. */
  readonly freeze: (partition: number) => void;
  readonly thaw: (partition: number) => void;
  readonly isFrozen: (partition: number) => boolean;
  /** Frozen, and what was under way has ended: what this node has applied stays as it is. */
  readonly isStill: (partition: number) => boolean;
}

/**
 * What always holds: a reader asks for more only when it is done with what it got. So the first question after the
 * freeze says that everything given out before has been applied, or was given up. Hence it is for the replica alone;
 * whoever else reads the log takes the one below.
 */
export function freezable(log: PartitionLog, frozenAtStart: Iterable<number> = []): FreezableLog {
  const frozen = new Set(frozenAtStart);
  const asked = new Set<number>();
  const listeners = new Set<(partition: number) => void>();
  const appending = new Map<number, number>();
  const ring = (partition: number): void => {
    for (const listener of listeners) listener(partition);
  };
  const count = (partition: number, by: number): void => {
    appending.set(partition, (appending.get(partition) ?? 0) + by);
  };
  return {
    ...log,
    async append(partition, record) {
      if (frozen.has(partition)) throw new Fault("LOG_UNAVAILABLE", "the partition is read-only while it is repaired");
      count(partition, 1);
      try {
        return await log.append(partition, record);
      } finally {
        count(partition, -1);
      }
    },
    read(partition, fromSeq, max) {
      if (!frozen.has(partition)) return log.read(partition, fromSeq, max);
      asked.add(partition);
      return Promise.resolve([]);
    },
    follow(onNews) {
      const unfollow = log.follow(onNews);
      listeners.add(onNews);
      return () => {
        listeners.delete(onNews);
        unfollow();
      };
    },
    freeze(partition) {
      frozen.add(partition);
      asked.delete(partition);
      ring(partition);
    },
    thaw(partition) {
      frozen.delete(partition);
      ring(partition);
    },
    isFrozen: (partition) => frozen.has(partition),
    isStill: (partition) => frozen.has(partition) && asked.has(partition) && (appending.get(partition) ?? 0) === 0,
  };
}
