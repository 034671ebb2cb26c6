import type { Tx } from "../midc/tx.ts";

/**
 * The states of a transaction and its legal moves. A state is never stored: it is read off the facts in the
 * transaction's row, and how far its batch has come on the chain.
 */
export const moves = {
  pending: ["batched"],
  batched: ["broadcast"],
  broadcast: ["mined", "batched"],
  mined: ["completed", "failed", "broadcast"],
  completed: [],
  failed: [],
} as const satisfies Record<string, readonly string[]>;

export type TxState = keyof typeof moves;

/** How far a batch has come; a reorg takes it back. */
export type BatchProgress = "unsent" | "broadcast" | "mined";

export function stateOf(tx: Tx, progress: BatchProgress): TxState {
  // A decision counts once every party's chain says so: then there is a proof to be had.
  if (tx.outcome !== undefined && tx.ended) return tx.outcome.state;
  if (tx.batch === undefined) return "pending";
  return progress === "unsent" ? "batched" : progress;
}
