import type { Hex } from "./bytes.ts";

/** Where a transaction lies in its batch, as a relayer tells anybody. Its commitment is salted by both sides. */
export interface Inclusion {
  readonly id: Hex;
  readonly commitment: Hex;
  readonly index: number;
  readonly partition: Hex;
  readonly seq: number;
  readonly prev: Hex;
  readonly root: Hex;
  readonly count: number;
  readonly itemsHash: Hex;
  /** Siblings from the leaf up. */
  readonly path: readonly Hex[];
}
