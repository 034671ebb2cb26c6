import { Fault, type FaultCode } from "../errors.ts";
import type { Clock, PartitionLog } from "../ports.ts";

/** What this node must not append to now, and why. Reading goes on; a frozen partition takes no new promise. */
export interface Health {
  /** Undefined when the partition may be appended to. */
  readonly refusal: (partition: number) => Fault | undefined;
  readonly freeze: (partition: number, code: FaultCode, detail: string) => void;
  readonly thaw: (partition: number) => void;
  readonly frozen: () => ReadonlyMap<number, Fault>;
  /** Nothing may be appended anywhere while a server's word cannot be believed; an empty text lifts it. */
  readonly distrust: (why: string) => void;
  /** The servers were away: whoever appends to one of so many partitions waits until its log was looked at again. */
  readonly doubt: (partitions: number) => void;
  readonly trust: (partition: number) => void;
  readonly isDoubted: (partition: number) => boolean;
  /** Resolves when the partition is not doubted any more, or is refused for a reason that will not pass by itself. */
  readonly looked: (partition: number) => Promise<void>;
}

export function createHealth(): Health {
  const frozen = new Map<number, Fault>();
  let distrusted = "";
  const doubted = new Map<number, PromiseWithResolvers<void>>();
  return {
    refusal: (partition) => (distrusted === "" ? frozen.get(partition) : new Fault("LOG_UNSAFE", distrusted)),
    freeze(partition, code, detail) {
      frozen.set(partition, new Fault(code, detail));
      doubted.get(partition)?.resolve();
    },
    thaw: (partition) => frozen.delete(partition),
    frozen: () => frozen,
    distrust(why) {
      distrusted = why;
      if (why !== "") for (const { resolve } of doubted.values()) resolve();
    },
    doubt(partitions) {
      for (let partition = 0; partition < partitions; partition += 1)
        if (!doubted.has(partition)) doubted.set(partition, Promise.withResolvers());
    },
    trust(partition) {
      doubted.get(partition)?.resolve();
      doubted.delete(partition);
    },
    isDoubted: (partition) => doubted.has(partition),
    looked: (partition) => doubted.get(partition)?.promise ?? Promise.resolve(),
  };
}

/** An election takes four to nine seconds; whoever appends waits it out. */
const LOOKED_MS_MAX = 12_000;

/** The log, refusing appends while the partition is not healthy, those too that are waiting for another try. */
export const guardedLog = (
  log: PartitionLog,
  health: Pick<Health, "refusal" | "isDoubted" | "looked">,
  clock: Pick<Clock, "sleep">,
): PartitionLog => ({
  ...log,
  refusal: health.refusal,
  async append(partition, record) {
    const refusal = (): Fault | undefined =>
      health.refusal(partition) ??
      (health.isDoubted(partition) ? new Fault("LOG_UNAVAILABLE", "the servers were away") : undefined);
    if (health.refusal(partition) === undefined && health.isDoubted(partition))
      await withinTime(health.looked(partition), clock);
    const now = refusal();
    if (now !== undefined) throw now;
    return log.append(partition, record, refusal);
  },
});

async function withinTime(work: Promise<void>, clock: Pick<Clock, "sleep">): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, clock.sleep(LOOKED_MS_MAX, over.signal)]);
  over.abort();
}
