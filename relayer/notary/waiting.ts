import type { Happened } from "../midc/apply.ts";
import { keys } from "../midc/keys.ts";
import { decodeTx, type TxRow } from "../midc/rows.ts";
import type { StateView } from "../ports.ts";

export interface Unbatched {
  readonly txId: Uint8Array;
  readonly at: number;
  readonly legs: number;
}

/**
 * What one partition still has to do, in the order it began: transactions in no batch, and batches that are not ended.
 * Kept in memory, made from the state at the start and by what happens since: losing it loses nothing.
 */
export class Waiting {
  readonly #unbatched = new Map<string, Unbatched>();
  #legs = 0;
  readonly #batches: Set<number>;
  readonly #view: StateView;

  constructor(partition: number, view: StateView) {
    this.#view = view;
    const all = Number.MAX_SAFE_INTEGER;
    for (const { value } of view.range({ ...keys.openOf(partition), limit: all })) {
      const tx = this.tx(value);
      if (tx !== undefined) this.#add({ txId: value, at: tx.at, legs: tx.legs });
    }
    const open = view.range({ ...keys.openBatchesOf(partition), limit: all });
    this.#batches = new Set(open.map(({ key }) => seqOf(key)));
  }

  /** To be called for everything that happens in this partition, in order. */
  note(happened: Happened): void {
    switch (happened.kind) {
      case "begun":
        this.#add(happened);
        break;
      case "closed":
        for (const txId of happened.txIds) this.#drop(txId);
        this.#batches.add(happened.batchSeq);
        break;
      case "ended":
        this.#batches.delete(happened.batchSeq);
        break;
      case "block":
      case "erased":
      case "void":
        break;
    }
  }

  #add({ txId, at, legs }: Unbatched): void {
    this.#unbatched.set(nameOf(txId), { txId, at, legs });
    this.#legs += legs;
  }

  #drop(txId: Uint8Array): void {
    const name = nameOf(txId);
    this.#legs -= this.#unbatched.get(name)?.legs ?? 0;
    this.#unbatched.delete(name);
  }

  tx(txId: Uint8Array): TxRow | undefined {
    const bytes = this.#view.get(keys.tx(txId));
    return bytes === undefined ? undefined : decodeTx(bytes);
  }

  get unbatched(): Iterable<Unbatched> {
    return this.#unbatched.values();
  }
  get count(): number {
    return this.#unbatched.size;
  }
  /** Token movements of all that wait. */
  get legs(): number {
    return this.#legs;
  }
  /** Sequences of batches that are not ended, ascending. */
  get openBatches(): readonly number[] {
    return [...this.#batches].sort((a, b) => a - b);
  }
}

const nameOf = (txId: Uint8Array): string => Buffer.from(txId).toString("latin1");

/** The last eight bytes of an open batch's key. */
const seqOf = (key: Uint8Array): number =>
  Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(key.byteLength - 8));
