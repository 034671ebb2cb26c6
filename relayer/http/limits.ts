import { RateLimiterMemory, type RateLimiterRes } from "rate-limiter-flexible";

/** Rule AP-040: so many requests a minute per caller. Answers the seconds to wait, 0 to go on. */
export type Limit = (caller: string) => Promise<number>;

export function perMinute(points: number): Limit {
  if (points === 0) return () => Promise.resolve(0);
  const limiter = new RateLimiterMemory({ points, duration: 60 });
  return async (caller) => {
    try {
      await limiter.consume(caller);
      return 0;
    } catch (refused) {
      return Math.max(1, Math.ceil((refused as RateLimiterRes).msBeforeNext / 1000));
    }
  };
}
