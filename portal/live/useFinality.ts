import { useQuery } from "@tanstack/react-query";
import { usePublicClient } from "wagmi";

const LOOK_MS = 2_000;

/** How many blocks this chain puts on top of one before it calls it final, as its own tags say now. */
export function useFinality(): number {
  const client = usePublicClient();
  const { data } = useQuery({
    queryKey: ["finality"],
    enabled: client !== undefined,
    refetchInterval: LOOK_MS,
    queryFn: async () => {
      if (client === undefined) return 1;
      const [head, final] = await Promise.all([client.getBlock(), client.getBlock({ blockTag: "finalized" })]);
      return Math.max(1, Number(head.number - final.number));
    },
  });
  return data ?? 1;
}
