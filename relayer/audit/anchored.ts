import { toHex } from "../../protocol/bytes.ts";
import type { Anchors } from "../ports.ts";
import type { Place } from "./snapshot.ts";

/** How the batches of one partition of a copy stand to those that the chain holds. */
export type Anchored =
  /** Every batch that the chain holds is in the copy, as it is on the chain. */
  | "covered"
  /** The chain holds the copy's batches and more. */
  | "behind"
  /** The chain holds another batch at a place that both have. */
  | "conflict";

/** Headers are hash-linked on both sides, so the highest batch that both have decides over all before it. */
export async function compareWithChain(
  copy: Pick<Place, "batches">,
  headerOf: (seq: number) => string | undefined,
  chain: { readonly anchors: Anchors; readonly partition: Uint8Array },
): Promise<Anchored> {
  const next = Number(await chain.anchors.next(chain.partition));
  const common = Math.min(next, copy.batches);
  if (common > 0) {
    const onChain = toHex(await chain.anchors.headerAt(chain.partition, BigInt(common - 1)));
    if (onChain !== headerOf(common - 1)) return "conflict";
  }
  return next > copy.batches ? "behind" : "covered";
}
