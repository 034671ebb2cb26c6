import { toHex, type Hex } from "../../protocol/bytes.ts";
import { keys } from "../midc/keys.ts";
import { decodeTx, type TxRow } from "../midc/rows.ts";
import type { StateView } from "../ports.ts";

/**
 * The unfinished transactions of one partition, in the order they began. Kept in memory, made from the state at the
 * start and by what happens since: losing it loses nothing.
 */
export class Waiting {
  readonly #unbatched = new Map<Hex, Uint8Array>();
  readonly #legsOf = new Map<Hex, number>();
  #legs = 0;
  readonly #batches = new Map<number, Set<Hex>>();
  readonly #view: StateView;

  constructor(partition: number, view: StateView) {
    this.#view = view;
    const scan = keys.openOf(partition);
    for (const row of view.range({ ...scan, limit: Number.MAX_SAFE_INTEGER })) this.note(row.value);
  }

  /** To be called when something happened to a transaction. */
  note(txId: Uint8Array): void {
    const name = toHex(txId);
    const tx = this.tx(txId);
    if (tx === undefined) return;
    if (tx.batch === undefined) {
      if (tx.outcome === undefined && !this.#unbatched.has(name)) this.#add(name, txId, tx.legs);
      return;
    }
    this.#drop(name);
    const batch = this.#batches.get(tx.batch.seq) ?? new Set<Hex>();
    if (tx.ended) batch.delete(name);
    else batch.add(name);
    if (batch.size > 0) this.#batches.set(tx.batch.seq, batch);
    else this.#batches.delete(tx.batch.seq);
  }

  #add(name: Hex, txId: Uint8Array, legs: number): void {
    this.#unbatched.set(name, txId);
    if (legs === 0) return;
    this.#legsOf.set(name, legs);
    this.#legs += legs;
  }

  #drop(name: Hex): void {
    this.#unbatched.delete(name);
    this.#legs -= this.#legsOf.get(name) ?? 0;
    this.#legsOf.delete(name);
  }

  tx(txId: Uint8Array): TxRow | undefined {
    const bytes = this.#view.get(keys.tx(txId));
    return bytes === undefined ? undefined : decodeTx(bytes);
  }

  get unbatched(): Iterable<Uint8Array> {
    return this.#unbatched.values();
  }
  get count(): number {
    return this.#unbatched.size;
  }
  /** Token movements of all that wait. */
  get legs(): number {
    return this.#legs;
  }
  /** Sequences of batches that have unfinished transactions, ascending. */
  get openBatches(): readonly number[] {
    return [...this.#batches.keys()].sort((a, b) => a - b);
  }
}
