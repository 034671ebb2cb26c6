import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bodyCommitment,
  decodeHeader,
  encodeHeader,
  headerHash,
  HEADER_BYTES,
  ZERO32,
  type BlockHeader,
} from "../../protocol/block.ts";
import { verifyChain, type ServedBlock } from "../../protocol/chain.ts";
import { NotCanonical } from "../../protocol/canonical.ts";
import { random } from "../support/relayer.ts";

function chainOf(length: number): ServedBlock[] {
  const chainId = random(16);
  let prev: Uint8Array = ZERO32;
  return Array.from({ length }, (_, height) => {
    const body = { salt: random(32), bytes: random(50) };
    const header = encodeHeader({
      kind: height === 0 ? "genesis" : "pending",
      category: 2,
      jurisdiction: 1,
      retentionClass: 3,
      height,
      chainId,
      prev,
      txId: random(32),
      codedId: random(32),
      bodyCommitment: bodyCommitment(body.salt, body.bytes),
      day: 20_100,
    });
    prev = headerHash(header);
    return { header, body };
  });
}

describe("a chain", () => {
  it("verifies from its genesis block, with and without erased bodies", () => {
    const blocks = chainOf(5);
    assert.equal(verifyChain(blocks).kind, "holds");
    const erased = blocks.map((block, i) => (i === 2 ? { header: block.header } : block));
    assert.deepEqual(
      { ...verifyChain(erased), headHash: undefined },
      { kind: "holds", headHash: undefined, length: 5, erased: 1 },
    );
  });

  it("shows every flipped bit of a header, and every changed body", () => {
    const blocks = chainOf(3);
    for (let at = 0; at < HEADER_BYTES; at += 1) {
      const header = blocks[1]!.header.slice();
      header[at] = (header[at] ?? 0) ^ 1;
      assert.equal(verifyChain([blocks[0]!, { ...blocks[1]!, header }, blocks[2]!]).kind, "broken", `byte ${at}`);
    }
    const body = { ...blocks[1]!.body!, bytes: random(50) };
    assert.deepEqual(verifyChain([blocks[0]!, { ...blocks[1]!, body }]), {
      kind: "broken",
      height: 1,
      reason: "the body is not the one that was committed to",
    });
  });

  it("does not verify with blocks swapped, left out, repeated, or of another chain", () => {
    const [a, b, c] = chainOf(3) as [ServedBlock, ServedBlock, ServedBlock];
    for (const blocks of [
      [a, c, b],
      [a, c],
      [a, b, b],
      [b, c],
      [a, ...chainOf(2).slice(1)],
    ])
      assert.equal(verifyChain(blocks).kind, "broken");
  });

  it("has headers that read back as they were written, and nothing else passes for one", () => {
    const header = chainOf(2)[1]!.header;
    assert.deepEqual(encodeHeader(decodeHeader(header)), header);
    for (const bad of [
      header.subarray(1),
      new Uint8Array(HEADER_BYTES),
      Uint8Array.of(...header.subarray(0, 191), 1),
    ]) {
      assert.throws(() => decodeHeader(bad), NotCanonical);
    }
  });

  it("keeps its golden bytes", () => {
    const fixed = (byte: number, size: number) => new Uint8Array(size).fill(byte);
    const header: BlockHeader = {
      kind: "completed",
      category: 2,
      jurisdiction: 5,
      retentionClass: 1,
      height: 258,
      chainId: fixed(1, 16),
      prev: fixed(2, 32),
      txId: fixed(3, 32),
      codedId: fixed(4, 32),
      bodyCommitment: fixed(5, 32),
      day: 20_780,
    };
    assert.equal(Buffer.from(headerHash(encodeHeader(header))).toString("hex"), GOLDEN_HEADER_HASH);
  });
});

const GOLDEN_HEADER_HASH = "024334020582c948a97de992948c52e99b40210d2c273c4531a2d3f8020fce41";
