import { skipToken, useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { PublicClient } from "viem";
import { usePublicClient } from "wagmi";

interface ChainQuery<Value> {
  readonly key: readonly unknown[];
  /** Undefined while it is not known what to ask for. */
  readonly read: ((client: PublicClient) => Promise<Value>) | undefined;
  /** How often it is asked again; once and after every action where this is left out. */
  readonly everyMs?: number;
}

/** Something that the contracts themselves are asked. */
export function useChainQuery<Value>({ key, read, everyMs }: ChainQuery<Value>): UseQueryResult<Value> {
  const client = usePublicClient();
  return useQuery({
    queryKey: key,
    queryFn: client === undefined || read === undefined ? skipToken : () => read(client),
    refetchInterval: everyMs ?? false,
  });
}
