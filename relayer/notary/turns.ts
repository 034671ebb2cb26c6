/** Runs pieces of work in the order they came, a few at a time. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * How many pieces wait for the log at once. One after another, the log's latency would decide how much is completed;
 * all at once, new requests would queue behind them.
 */
export const TURNS_AT_ONCE = 4;

/**
 * Sixteen partitions have news of the same chain head at the same moment. Their heavy pieces take turns, so that new
 * requests are answered in between.
 */
export function createTurns(atOnce = TURNS_AT_ONCE): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;
  const begin = async (): Promise<void> => {
    if (running >= atOnce) await new Promise<void>((go) => waiting.push(go));
    else running += 1;
  };
  // Whoever waits the longest takes over the place, so there are never more than so many.
  const end = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return async (work) => {
    await begin();
    try {
      return await work();
    } finally {
      end();
    }
  };
}
