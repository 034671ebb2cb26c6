import { useChainQuery } from "../net/useChainQuery.ts";

const LOOK_MS = 2_000;

/** How many blocks this chain puts on top of one before it calls it final, as its own tags say now. */
export function useFinality(): number {
  const { data } = useChainQuery({
    key: ["finality"],
    everyMs: LOOK_MS,
    read: async (client) => {
      const [head, final] = await Promise.all([client.getBlock(), client.getBlock({ blockTag: "finalized" })]);
      return Math.max(1, Number(head.number - final.number));
    },
  });
  return data ?? 1;
}
