import { Fault, type FaultCode } from "../errors.ts";
import type { PartitionLog } from "../ports.ts";

/** What this node must not append to now, and why. Reading goes on; a frozen partition takes no new promise. */
export interface Health {
  /** Undefined when the partition may be appended to. */
  readonly refusal: (partition: number) => Fault | undefined;
  readonly freeze: (partition: number, code: FaultCode, detail: string) => void;
  readonly thaw: (partition: number) => void;
  readonly frozen: () => ReadonlyMap<number, Fault>;
  /** Nothing may be appended anywhere while a server's word cannot be believed; an empty text lifts it. */
  readonly distrust: (why: string) => void;
}

export function createHealth(): Health {
  const frozen = new Map<number, Fault>();
  let distrusted = "";
  return {
    refusal: (partition) => (distrusted === "" ? frozen.get(partition) : new Fault("LOG_UNSAFE", distrusted)),
    freeze(partition, code, detail) {
      frozen.set(partition, new Fault(code, detail));
    },
    thaw: (partition) => frozen.delete(partition),
    frozen: () => frozen,
    distrust(why) {
      distrusted = why;
    },
  };
}

/** The log, refusing appends while the partition is not healthy, those too that are waiting for another try. */
export const guardedLog = (log: PartitionLog, health: Pick<Health, "refusal">): PartitionLog => ({
  ...log,
  async append(partition, record) {
    const refusal = (): Fault | undefined => health.refusal(partition);
    const now = refusal();
    if (now !== undefined) throw now;
    return log.append(partition, record, refusal);
  },
});
