import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";
import fc from "fast-check";
import { encodeAbiParameters, keccak256 } from "viem";
import { toHex } from "../../protocol/bytes.ts";
import {
  inputLeaf,
  merkleProof,
  merkleRoot,
  merkleTree,
  outcomeLeaf,
  proofAt,
  verifyProof,
} from "../../protocol/merkle.ts";
import { SealRefused } from "../../protocol/sealRefused.ts";

const random = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));
const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, () => random(32));
const libraryTree = (leaves: readonly Uint8Array[]) => SimpleMerkleTree.of(leaves.map(toHex), { sortLeaves: false });

describe("Merkle batches", () => {
  it("have the roots and proofs of the OpenZeppelin library for 1 to 300 leaves", () => {
    for (let count = 1; count <= 300; count++) {
      const leaves = leavesOf(count);
      const [ours, theirs] = [merkleTree(leaves), libraryTree(leaves)];
      assert.equal(toHex(ours.root), theirs.root);
      for (const index of new Set([0, count >> 1, count - 1])) {
        const proof = proofAt(ours, index);
        assert.deepEqual(proof.map(toHex), theirs.getProof(index));
        assert.ok(verifyProof(ours.root, leaves[index] ?? new Uint8Array(), proof));
      }
    }
  });

  it("keep repeated leaves apart by position", () => {
    const leaf = random(32);
    const leaves = [leaf, random(32), leaf, leaf];
    assert.equal(toHex(merkleRoot(leaves)), libraryTree(leaves).root);
    assert.ok(verifyProof(merkleRoot(leaves), leaf, merkleProof(leaves, 3)));
  });

  it("do not verify another leaf, root, order or any flipped bit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 70 }), fc.nat(), fc.nat(), (count, at, bit) => {
        const leaves = leavesOf(count);
        const index = at % count;
        const [tree, leaf] = [merkleTree(leaves), leaves[index] ?? new Uint8Array()];
        const proof = proofAt(tree, index);
        const flip = (bytes: Uint8Array): Uint8Array =>
          bytes.map((byte, i) => (i === (bit >> 3) % 32 ? byte ^ (1 << (bit & 7)) : byte));
        assert.equal(verifyProof(tree.root, flip(leaf), proof), false);
        assert.equal(verifyProof(flip(tree.root), leaf, proof), false);
        const bent = proof.map((part, i) => (i === bit % proof.length ? flip(part) : part));
        assert.equal(verifyProof(tree.root, leaf, bent), false);
        assert.equal(verifyProof(tree.root, leaf, proof.slice(1)), false);
      }),
    );
  });

  it("treat malformed proofs as false, and refuse to be built of nothing or of odd sizes", () => {
    const leaves = leavesOf(3);
    const root = merkleRoot(leaves);
    assert.equal(verifyProof(root, random(31), []), false);
    assert.equal(verifyProof(root, random(32), [random(33)]), false);
    assert.equal(verifyProof(root, random(32), leavesOf(21)), false);
    assert.throws(() => merkleTree([]), RangeError);
    assert.throws(() => merkleTree([random(31)]), SealRefused);
    assert.throws(() => merkleProof(leaves, 3), RangeError);
    assert.throws(() => merkleProof(leaves, -1), RangeError);
  });

  it("use the hash they are given", () => {
    let calls = 0;
    merkleTree(leavesOf(8), (bytes) => {
      calls += 1;
      return bytes.slice(0, 32);
    });
    assert.equal(calls, 7);
  });
});

describe("leaves", () => {
  it("are the double hash of what the contract encodes", () => {
    const [commitment, dealId, reasonHash] = [random(32), random(32), random(32)];
    const input = encodeAbiParameters([{ type: "uint256" }, { type: "bytes32" }], [1n, toHex(commitment)]);
    assert.equal(toHex(inputLeaf(commitment)), keccak256(keccak256(input)));
    const types = ["uint256", "uint256", "bytes32", "uint256", "bytes32"].map((type) => ({ type }));
    const outcome = encodeAbiParameters(types, [2n, 7n, toHex(dealId), 3n, toHex(reasonHash)]);
    assert.equal(toHex(outcomeLeaf({ index: 7, dealId, status: 3, reasonHash })), keccak256(keccak256(outcome)));
  });
});
