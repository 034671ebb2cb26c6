import { defineChain, type Chain } from "viem";
import { createConfig, http, type Config } from "wagmi";
import type { NetworkInfo } from "../../sdk/index.ts";

const POLL_MS = 1_000;

/** The chain that the relayer named, as wallets want to hear of it when they add it. */
export function chainOf(network: NetworkInfo): Chain {
  return defineChain({
    id: network.chainId,
    name: network.network === "midchain" ? `Midchain on chain ${network.chainId}` : network.network,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: network.rpcUrl === undefined ? [] : [network.rpcUrl] } },
    ...(network.explorerUrl === undefined
      ? {}
      : { blockExplorers: { default: { name: "Explorer", url: network.explorerUrl } } }),
  });
}

/** Wallets are found by their own announcements (EIP-6963); nothing else is offered. */
export const walletConfig = (network: NetworkInfo): Config =>
  createConfig({
    chains: [chainOf(network)],
    transports: { [network.chainId]: http(network.rpcUrl, { batch: true }) },
    multiInjectedProviderDiscovery: true,
    pollingInterval: POLL_MS,
  });
