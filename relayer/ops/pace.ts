import type { Clock } from "../ports.ts";

/** Work that is done at once after a pause, and under load once per interval, for everything that was asked for since. */
export interface Pace {
  readonly ask: () => void;
  readonly stop: () => void;
}

export function createPace(clock: Pick<Clock, "now" | "sleep">, intervalMs: number, work: () => void): Pace {
  const stopped = new AbortController();
  let doneAt = Number.NEGATIVE_INFINITY;
  let asked = false;
  const run = (): void => {
    asked = false;
    if (stopped.signal.aborted) return;
    doneAt = clock.now();
    work();
  };
  return {
    ask() {
      if (asked) return;
      asked = true;
      // A clock that is set back must not make anybody wait for longer than an interval.
      const waitMs = Math.min(intervalMs, intervalMs - (clock.now() - doneAt));
      // At once is after the present step, so that what is asked for in the same one goes along.
      void (waitMs > 0 ? clock.sleep(waitMs, stopped.signal) : Promise.resolve()).then(run);
    },
    stop() {
      stopped.abort();
    },
  };
}
