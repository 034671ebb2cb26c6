import type { Clock } from "../../relayer/ports.ts";

/** A clock that stands still until it is told to go on; who sleeps is woken when their time has come. */
export interface ManualClock extends Clock {
  /** Moves the time by `ms` (it may go back), wakes whoever is due, and lets them do what they do at once. */
  readonly advance: (ms: number) => Promise<void>;
  readonly sleepers: () => number;
}

export function manualClock(): ManualClock {
  let now = 1_800_000_000_000;
  const sleeping = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => now,
    sleepers: () => sleeping.size,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = {
          at: now + ms,
          wake: () => {
            sleeping.delete(sleeper);
            resolve();
          },
        };
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        sleeping.add(sleeper);
        signal?.addEventListener("abort", sleeper.wake, { once: true });
      }),
    async advance(ms) {
      now += ms;
      for (const sleeper of sleeping) if (sleeper.at <= now) sleeper.wake();
      await settled();
    },
  };
}

/** Until everything that needs no clock and no disk has been done. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
