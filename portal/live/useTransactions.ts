import { useQuery } from "@tanstack/react-query";
import type { Transaction } from "../../sdk/index.ts";
import { useRefreshOnEvents } from "../net/connection.ts";
import { relayer } from "../net/relayer.ts";

const LOOK_MS = 400;
const SHOWN = 100;
const KEY = "live";

/** The newest transactions, the partitions and who runs them, read again whenever the relayer or the chain has moved. */
export function useTransactions() {
  const transactions = useQuery({
    queryKey: [KEY, "transactions"],
    queryFn: async () => (await relayer.transactions({ limit: SHOWN })).transactions,
  });
  const cluster = useQuery({ queryKey: [KEY, "cluster"], queryFn: () => relayer.cluster() });
  const partitions = useQuery({ queryKey: [KEY, "partitions"], queryFn: () => relayer.partitions() });
  useRefreshOnEvents(KEY, LOOK_MS);
  return { transactions: transactions.data, partitions: partitions.data, cluster: cluster.data };
}

/** The four places a card can be in, and how it gets from one to the next. */
export type Lane = "pending" | "chain" | "completed" | "failed";

export function laneOf({ state }: Pick<Transaction, "state">): Lane {
  switch (state) {
    case "pending":
    case "batched":
      return "pending";
    case "broadcast":
    case "mined":
      return "chain";
    case "completed":
    case "failed":
      return state;
  }
}

/** "2/3": blocks on top of it, and how many this chain wants before it calls a block final. */
export function minedOf(transaction: Transaction, finalityDepth: number): string {
  const confirmations = transaction.chain?.confirmations ?? 0;
  return `${confirmations}/${Math.max(confirmations, finalityDepth)}`;
}
