/** What a replica spends its waiting on; for metrics only, nothing is decided by it. */
export type TimedStep = "append" | "apply";
export type OnTimed = (step: TimedStep, elapsedMs: number) => void;

export interface Timings {
  /** Runs the work and tells how long it took, whether it failed or not. */
  readonly timed: <Value>(step: TimedStep, work: () => Promise<Value>) => Promise<Value>;
  readonly onTimed: (listener: OnTimed) => () => void;
}

export function createTimings(): Timings {
  const listeners = new Set<OnTimed>();
  return {
    async timed(step, work) {
      if (listeners.size === 0) return work();
      const since = performance.now();
      try {
        return await work();
      } finally {
        for (const listener of listeners) listener(step, performance.now() - since);
      }
    },
    onTimed(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
