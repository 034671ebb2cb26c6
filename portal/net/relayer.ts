import { QueryClient, queryOptions } from "@tanstack/react-query";
import { createReader, type NetworkInfo } from "../../sdk/index.ts";

/** The relayer that served this page: reads that need no wallet. */
export const relayer = createReader({ url: location.origin });

export const queries = new QueryClient({
  defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false, staleTime: 1_000 } },
});

/** Asked until it is answered: nothing on the page can be shown before it. */
export const networkQuery = queryOptions<NetworkInfo>({
  queryKey: ["network"],
  queryFn: () => relayer.network(),
  staleTime: Number.POSITIVE_INFINITY,
  retry: true,
  retryDelay: 1_000,
});
