import { hash } from "node:crypto";
import { concat, uintToBytes } from "../../protocol/bytes.ts";

/**
 * Which of the live nodes runs a partition's side effects: the one whose hash with the partition is the highest. Every
 * node that sees the same nodes says the same, and a node that comes or goes moves only its own share. Two executors for
 * a while are harmless: every effect is idempotent by name, in the log and on the chain.
 */
export function executorOf(partition: number, nodes: readonly Uint8Array[]): Uint8Array | undefined {
  let best: { readonly node: Uint8Array; readonly weight: Buffer } | undefined;
  for (const node of nodes) {
    const weight = hash("sha256", concat(node, uintToBytes(BigInt(partition), 2)), "buffer");
    if (best === undefined || Buffer.compare(weight, best.weight) > 0) best = { node, weight };
  }
  return best?.node;
}
