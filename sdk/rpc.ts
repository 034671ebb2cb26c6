import { createPublicClient, http, type PublicClient } from "viem";
import type { Finding } from "../protocol/proof.ts";
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
  const { client, chain } = await askEndpoint(url);
  if (chain !== network.chainId) throw failure("WRONG_CHAIN");
  return client;
}

/** An endpoint, and the chain that it speaks for. */
export async function askEndpoint(url: string): Promise<{ readonly client: PublicClient; readonly chain: number }> {
  const client = createPublicClient({ transport: http(url), cacheTime: 0 });
  const chain = await client.getChainId().catch(() => {
    throw failure("CHAIN_UNREACHABLE");
  });
  return { client, chain };
}

/** The answer of an endpoint that speaks for another chain: nothing is known, and nothing is broken. */
export const otherChain = (chain: number, asked: number): Finding => ({
  what: `the endpoint speaks for chain ${chain}, not ${asked}`,
  verdict: "open",
});
