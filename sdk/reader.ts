import type { Hex } from "../protocol/bytes.ts";
import type { ClusterView } from "../protocol/cluster.ts";
import type { Inclusion } from "../protocol/inclusion.ts";
import { failure } from "./errors.ts";
import { events, type NetworkEvent } from "./events.ts";
import type { NetworkInfo, Partition, Transaction } from "./types.ts";
import { watch, type WatchOptions } from "./watch.ts";
import { openWire, type Wire } from "./wire.ts";

export interface TransactionsPage {
  readonly limit?: number;
  readonly cursor?: string;
}

export interface Transactions {
  readonly transactions: readonly Transaction[];
  /** Of the next older page; absent at the end. */
  readonly cursor?: string;
}

/** What anybody may read of a relayer, without a wallet. */
export interface Reader {
  /** Chain, contracts and tokens. */
  readonly network: () => Promise<NetworkInfo>;
  /** Yields each move of a transaction; ends when its outcome lies on every chain. */
  readonly watch: (id: Hex, options?: WatchOptions) => AsyncGenerator<Transaction>;
  /** Follows a transaction to its end. */
  readonly wait: (id: Hex, options?: WatchOptions) => Promise<Transaction>;
  readonly transaction: (id: Hex) => Promise<Transaction>;
  /** Recent transactions of everybody, newest first. */
  readonly transactions: (page?: TransactionsPage) => Promise<Transactions>;
  /** Where a transaction lies in its batch, for `verifyInclusion`. */
  readonly inclusion: (id: Hex) => Promise<Inclusion>;
  /** How far each partition of the private tier is. */
  readonly partitions: () => Promise<readonly Partition[]>;
  /** Nodes, servers, and who leads and executes what. */
  readonly cluster: () => Promise<ClusterView>;
  /** The public stream of everything that happens, until the signal ends it. */
  readonly events: (signal: AbortSignal) => AsyncGenerator<NetworkEvent>;
}

const PAGE_TXS = 50;

/**
 * The public part of a client: small, for pages that only look.
 *
 * @example
 * ```ts
 * import { createReader } from "midchain/sdk";
 * const { transactions } = await createReader({ url: "http://127.0.0.1:8080" }).transactions({ limit: 10 });
 * ```
 */
export const createReader = (options: {
  /** Where the relayer is, e.g. `https://relayer.example`. */
  readonly url: string;
  readonly fetch?: typeof globalThis.fetch;
}): Reader => readerOf(openWire(options.url, options.fetch ?? globalThis.fetch.bind(globalThis)));

export function readerOf(wire: Wire): Reader {
  let known: NetworkInfo | undefined;
  return {
    network: async () => (known ??= await wire.get<NetworkInfo>("/network")),
    watch: (id, how) => watch(id, wire, how),
    wait: (id, how) => lastOf(watch(id, wire, how)),
    transaction: (id) => wire.get<Transaction>(`/transactions/${id}`),
    transactions: ({ limit = PAGE_TXS, cursor } = {}) =>
      wire.get<Transactions>(`/transactions?limit=${limit}${cursor === undefined ? "" : `&cursor=${cursor}`}`),
    inclusion: (id) => wire.get<Inclusion>(`/transactions/${id}/inclusion`),
    partitions: async () => (await wire.get<{ readonly partitions: readonly Partition[] }>("/partitions")).partitions,
    cluster: () => wire.get<ClusterView>("/cluster"),
    events: (signal) => events(wire, signal),
  };
}

async function lastOf(moves: AsyncGenerator<Transaction>): Promise<Transaction> {
  let last: Transaction | undefined;
  for await (const move of moves) last = move;
  if (last === undefined) throw failure("UNREACHABLE");
  return last;
}
