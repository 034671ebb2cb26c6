/** Work that is done at once after a pause, and under load once per interval, for everything that was asked for since. */
export interface Pace {
  readonly ask: () => void;
  readonly stop: () => void;
}

export function createPace(intervalMs: number, work: () => void): Pace {
  let doneAt = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | undefined;
  const run = (): void => {
    cancel = undefined;
    doneAt = performance.now();
    work();
  };
  return {
    ask() {
      if (cancel !== undefined) return;
      const waitMs = intervalMs - (performance.now() - doneAt);
      if (waitMs <= 0) {
        // Not this very moment: what is asked for in the same turn of the event loop goes along.
        const soon = setImmediate(run);
        cancel = () => {
          clearImmediate(soon);
        };
      } else {
        const timer = setTimeout(run, waitMs);
        cancel = () => {
          clearTimeout(timer);
        };
      }
    },
    stop() {
      cancel?.();
      cancel = undefined;
    },
  };
}
