import { keccak_256 } from "@noble/hashes/sha3.js";
import { concat, equalBytes, uintToBytes } from "./bytes.ts";
import { requireLength } from "./sealRefused.ts";

/**
 * Merkle batches in the shape of OpenZeppelin's SimpleMerkleTree.of(leaves, { sortLeaves: false }): a complete binary
 * tree in one array, root first, leaves reversed at the end, siblings sorted before hashing. Own code because the
 * library's hex strings make a batch of 4,096 leaves about ten times slower; held against it in the tests.
 */

/** keccak256; a caller with a faster engine passes its own. */
export type Hash = (bytes: Uint8Array) => Uint8Array;

export const LEAVES_MAX = 1 << 20;
const PROOF_LENGTH_MAX = 20;
const HASH_BYTES = 32;

export interface MerkleTree {
  readonly root: Uint8Array;
  readonly leafCount: number;
  /** All nodes, 32 bytes each, root first. */
  readonly nodes: Uint8Array;
}

/** Leaf of a batch's input: keccak256(keccak256(abi.encode(uint256(1), commitment))). */
export function inputLeaf(commitment: Uint8Array, hash: Hash = keccak_256): Uint8Array {
  requireLength(commitment, HASH_BYTES);
  return hash(hash(concat(uintToBytes(1n, 32), commitment)));
}

export interface Outcome {
  /** Position of the deal in the batch's items. */
  readonly index: number;
  readonly dealId: Uint8Array;
  readonly status: number;
  readonly reasonHash: Uint8Array;
}

/** Leaf of an outcome: keccak256(keccak256(abi.encode(uint256(2), uint256(index), dealId, uint256(status), reasonHash))). */
export function outcomeLeaf(outcome: Outcome, hash: Hash = keccak_256): Uint8Array {
  requireLength(outcome.dealId, HASH_BYTES);
  requireLength(outcome.reasonHash, HASH_BYTES);
  const words = [uintToBytes(2n, 32), uintToBytes(BigInt(outcome.index), 32), outcome.dealId];
  return hash(hash(concat(...words, uintToBytes(BigInt(outcome.status), 32), outcome.reasonHash)));
}

/** Throws RangeError without leaves or above LEAVES_MAX; SealRefused("badLength") for a leaf that is not 32 bytes. */
export function merkleTree(leaves: readonly Uint8Array[], hash: Hash = keccak_256): MerkleTree {
  if (leaves.length === 0 || leaves.length > LEAVES_MAX) throw new RangeError("a batch has 1 to 1,048,576 leaves");
  const count = 2 * leaves.length - 1;
  const nodes = new Uint8Array(count * HASH_BYTES);
  for (const [i, leaf] of leaves.entries()) {
    requireLength(leaf, HASH_BYTES);
    nodes.set(leaf, (count - 1 - i) * HASH_BYTES);
  }
  const pair = new Uint8Array(2 * HASH_BYTES);
  for (let i = leaves.length - 2; i >= 0; i--) {
    const parent = hashPair({ a: nodeAt(nodes, 2 * i + 1), b: nodeAt(nodes, 2 * i + 2), pair, hash });
    nodes.set(parent, i * HASH_BYTES);
  }
  return { root: nodes.slice(0, HASH_BYTES), leafCount: leaves.length, nodes };
}

export const merkleRoot = (leaves: readonly Uint8Array[], hash: Hash = keccak_256): Uint8Array =>
  merkleTree(leaves, hash).root;

/** Siblings from the leaf up. Throws RangeError for a leaf that is not in the tree. */
export function proofAt(tree: MerkleTree, index: number): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= tree.leafCount) throw new RangeError("no such leaf");
  const proof: Uint8Array[] = [];
  for (let i = 2 * tree.leafCount - 2 - index; i > 0; i = (i - 1) >> 1) {
    proof.push(nodeAt(tree.nodes, i % 2 === 1 ? i + 1 : i - 1).slice());
  }
  return proof;
}

/** Builds the whole tree for one proof; for many proofs of one batch use `merkleTree` and `proofAt`. */
export const merkleProof = (leaves: readonly Uint8Array[], index: number, hash: Hash = keccak_256): Uint8Array[] =>
  proofAt(merkleTree(leaves, hash), index);

/** Whether `leaf` is in the tree of `root`. Never throws: a part of another size makes it false. */
export function verifyProof(
  root: Uint8Array,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  hash: Hash = keccak_256,
): boolean {
  if (proof.length > PROOF_LENGTH_MAX || [root, leaf, ...proof].some((part) => part.length !== HASH_BYTES))
    return false;
  return equalBytes(pathFrom(leaf, proof, hash).at(-1) ?? leaf, root);
}

/** The node that each step of a proof leads to, from the leaf up; the last one is the root that the proof speaks for. */
export function pathFrom(leaf: Uint8Array, proof: readonly Uint8Array[], hash: Hash = keccak_256): Uint8Array[] {
  const pair = new Uint8Array(2 * HASH_BYTES);
  let node = leaf;
  return proof.map((sibling) => (node = hashPair({ a: node, b: sibling, pair, hash })));
}

const nodeAt = (nodes: Uint8Array, i: number): Uint8Array => nodes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);

/** Hash of the two in ascending order; `pair` is scratch space so that a batch does not allocate per node. */
function hashPair(input: { a: Uint8Array; b: Uint8Array; pair: Uint8Array; hash: Hash }): Uint8Array {
  const { a, b, pair, hash } = input;
  const ascending = isAscending(a, b);
  pair.set(ascending ? a : b, 0);
  pair.set(ascending ? b : a, HASH_BYTES);
  return hash(pair);
}

function isAscending(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < HASH_BYTES; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return true;
}
