import type { StateView } from "../ports.ts";
import { keys } from "./keys.ts";
import { decodeDecided, decodeTx, outcomeAt, type Outcome, type TxRow } from "./rows.ts";

/** A transaction with what its batch says of it. */
export interface Tx extends TxRow {
  readonly outcome?: Outcome;
  /** Whether the outcome lies on the chains of every party of the whole batch. */
  readonly ended: boolean;
}

/** Undefined when there is no such transaction. */
export function readTx(txId: Uint8Array, view: Pick<StateView, "get">): Tx | undefined {
  const bytes = view.get(keys.tx(txId));
  if (bytes === undefined) return undefined;
  const row = decodeTx(bytes);
  const decided = row.batch === undefined ? undefined : view.get(keys.decided(row.begun.partition, row.batch.seq));
  if (row.batch === undefined || decided === undefined) return { ...row, ended: false };
  const { decision, ended } = decodeDecided(decided);
  return { ...row, outcome: outcomeAt(decision, row.batch.index), ended };
}
