import type { StateView } from "../ports.ts";
import { keys, type Position } from "./keys.ts";
import { decodeDecided, decodePlace, decodeTx, outcomeAt, type Outcome, type Place, type TxRow } from "./rows.ts";

/** A transaction with what its batch says of it. */
export interface Tx extends TxRow {
  readonly batch?: Place;
  readonly outcome?: Outcome;
  /** Whether the outcome lies on the chains of every party of the whole batch. */
  readonly ended: boolean;
}

/** Undefined when there is no such transaction. */
export function readTx(txId: Uint8Array, view: Pick<StateView, "get">): Tx | undefined {
  const bytes = view.get(keys.tx(txId));
  if (bytes === undefined) return undefined;
  const row = decodeTx(bytes);
  const place = view.get(keys.place(row.begun));
  if (place === undefined) return { ...row, ended: false };
  const batch = decodePlace(place);
  const decided = view.get(keys.decided(row.begun.partition, batch.seq));
  if (decided === undefined) return { ...row, batch, ended: false };
  const { decision, ended } = decodeDecided(decided);
  return { ...row, batch, outcome: outcomeAt(decision, batch.index), ended };
}

/** Where a transaction began that is in no batch yet; undefined of any other. */
export function waitingAt(txId: Uint8Array, view: Pick<StateView, "get">): Position | undefined {
  const bytes = view.get(keys.tx(txId));
  const begun = bytes === undefined ? undefined : decodeTx(bytes).begun;
  return begun === undefined || view.get(keys.open(begun)) === undefined ? undefined : begun;
}
