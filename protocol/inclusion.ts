import type { Hex } from "./bytes.ts";

/** The header of a batch as JSON carries it (protocol/typedData.ts). */
export interface JsonBatchHeader {
  readonly partition: Hex;
  readonly seq: number;
  readonly prev: Hex;
  readonly root: Hex;
  readonly count: number;
  readonly itemsHash: Hex;
}

/** Where a transaction lies in its batch, as a relayer tells anybody. Its commitment is salted by both sides. */
export interface Inclusion extends JsonBatchHeader {
  readonly id: Hex;
  readonly commitment: Hex;
  readonly index: number;
  /** Siblings from the leaf up. */
  readonly path: readonly Hex[];
}
