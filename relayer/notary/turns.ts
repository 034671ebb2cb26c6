/** Runs one piece of work at a time, in the order they came. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Sixteen partitions have news of the same chain head at the same moment. Their heavy pieces take turns, so that new
 * requests are answered in between.
 */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    // The next one comes whether this one succeeds or not; who asked for it hears which.
    last = mine.catch(() => undefined);
    return mine;
  };
}
