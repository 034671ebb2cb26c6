import { equalBytes } from "./bytes.ts";
import { bodyCommitment, decodeHeader, headerHash, ZERO32, type BlockHeader } from "./block.ts";
import { NotCanonical } from "./canonical.ts";

/** A block as it is served: header bytes, and the opened body where the reader may have it and it is not erased. */
export interface ServedBlock {
  readonly header: Uint8Array;
  readonly body?: { readonly salt: Uint8Array; readonly bytes: Uint8Array };
}

export type ChainVerdict =
  | { readonly kind: "holds"; readonly headHash: Uint8Array; readonly length: number; readonly erased: number }
  | { readonly kind: "broken"; readonly height: number; readonly reason: string };

/** Checks a whole chain from its genesis block, in order of height: links, heights, one owner, bodies where present. */
export function verifyChain(blocks: readonly ServedBlock[]): ChainVerdict {
  let prev: Uint8Array = ZERO32;
  let erased = 0;
  let chainId: Uint8Array | undefined;
  for (const [height, block] of blocks.entries()) {
    const reason = whyBroken(block, { height, prev, chainId });
    if (reason !== undefined) return { kind: "broken", height, reason };
    chainId ??= decodeHeader(block.header).chainId;
    if (block.body === undefined) erased += 1;
    prev = headerHash(block.header);
  }
  return { kind: "holds", headHash: prev, length: blocks.length, erased };
}

function whyBroken(
  block: ServedBlock,
  expected: { readonly height: number; readonly prev: Uint8Array; readonly chainId: Uint8Array | undefined },
): string | undefined {
  let header: BlockHeader;
  try {
    header = decodeHeader(block.header);
  } catch (error) {
    if (error instanceof NotCanonical) return error.reason;
    throw error;
  }
  if (header.height !== expected.height) return "the height does not follow";
  if (!equalBytes(header.prev, expected.prev)) return "the link to the previous block is broken";
  if ((header.kind === "genesis") !== (expected.height === 0)) return "a genesis block out of place";
  if (expected.chainId !== undefined && !equalBytes(header.chainId, expected.chainId))
    return "a block of another chain";
  if (
    block.body !== undefined &&
    !equalBytes(bodyCommitment(block.body.salt, block.body.bytes), header.bodyCommitment)
  ) {
    return "the body is not the one that was committed to";
  }
  return undefined;
}
