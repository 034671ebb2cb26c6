import { createPublicClient, http, type PublicClient } from "viem";
import { failure } from "./errors.ts";
import type { NetworkInfo } from "./types.ts";

/** Where the chain itself is asked; without `rpcUrl`, at the endpoint that the relayer recommends to browsers. */
export interface ChainSource {
  readonly rpcUrl?: string;
}

/** Prices and allowances are read from the chain, never from a relayer's word. */
export async function connectChain(network: NetworkInfo, { rpcUrl }: ChainSource): Promise<PublicClient> {
  const url = rpcUrl ?? network.rpcUrl;
  if (url === undefined) throw failure("NO_RPC");
  const client = createPublicClient({ transport: http(url), cacheTime: 0 });
  const chain = await client.getChainId().catch(() => {
    throw failure("UNREACHABLE", "the chain's endpoint did not answer");
  });
  if (chain !== network.chainId) throw failure("WRONG_CHAIN");
  return client;
}
