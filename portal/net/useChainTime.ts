import { useEffect, useState } from "react";
import { useChainQuery } from "./useChainQuery.ts";

const LOOK_MS = 2_000;
const TICK_MS = 1_000;

/** Seconds since 1970 as the chain counts them: contracts believe their own clock, not this machine's. */
export function useChainTime(): number | undefined {
  const { data } = useChainQuery({
    key: ["chain time"],
    everyMs: LOOK_MS,
    read: async (client) => {
      const { timestamp } = await client.getBlock();
      return { seconds: Number(timestamp), readAt: Date.now() };
    },
  });
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, TICK_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  if (data === undefined) return undefined;
  return data.seconds + Math.max(0, Math.floor((now - data.readAt) / 1000));
}
