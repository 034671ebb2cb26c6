/** A caller's way to a cluster: any node that answers. What a load balancer with health checks does. */
export interface Balancer {
  readonly fetch: typeof globalThis.fetch;
  /** The node that answered last. */
  readonly answered: () => string;
}

const TRY_MS_MAX = 15_000;
const ROUNDS_MAX = 3;
const AGAIN_MS = 300;
/** A node that did not answer is asked last for so long: a call that waits for it in vain waits once, not every time. */
const AWAY_MS = 20_000;

/** `random` gives [0, 1). Every call is safe to send again: requests are known by their id, reads change nothing. */
export function balance(urls: readonly string[], random: () => number): Balancer {
  let answered = "";
  const awayUntil = new Map<string, number>();
  const isAway = (url: string): number => (performance.now() < (awayUntil.get(url) ?? 0) ? 1 : 0);
  const one = async (url: string, path: string, init: RequestInit | undefined): Promise<Response | undefined> => {
    try {
      const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(TRY_MS_MAX) });
      answered = url;
      return response;
    } catch {
      awayUntil.set(url, performance.now() + AWAY_MS);
      return undefined;
    }
  };
  return {
    answered: () => answered,
    async fetch(input, init) {
      const { pathname, search } = new URL(input instanceof Request ? input.url : input);
      let last: Response | undefined;
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        const first = Math.floor(random() * urls.length);
        const rotated = [...urls.slice(first), ...urls.slice(0, first)];
        for (const url of rotated.toSorted((a, b) => isAway(a) - isAway(b))) {
          const response = await one(url, `${pathname}${search}`, init);
          if (response !== undefined && response.status < 500) return response;
          last = response ?? last;
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
      if (last === undefined) throw new TypeError("no node answered");
      return last;
    },
  };
}

/** A generator of [0, 1) that is the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
