import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";
import { AbiCoder, concat, keccak256, TypedDataEncoder, ZeroHash, type TypedDataDomain } from "ethers";
import { signDigest, type Account } from "./deals.ts";

export interface Batch {
  readonly partition: string;
  readonly seq: bigint;
  readonly prev: string;
  readonly root: string;
  readonly count: bigint;
  readonly itemsHash: string;
}

export const batchTypes = {
  Batch: [
    { name: "partition", type: "bytes32" },
    { name: "seq", type: "uint64" },
    { name: "prev", type: "bytes32" },
    { name: "root", type: "bytes32" },
    { name: "count", type: "uint32" },
    { name: "itemsHash", type: "bytes32" },
  ],
};

/** What became of a deal, by the number the chain uses. */
export const STATUS = {
  settled: 1n,
  reverted: 2n,
  badSignature: 3n,
  nonceUsed: 4n,
  outsideWindow: 5n,
  tokenNotAllowed: 6n,
  badDeal: 7n,
} as const;

export interface Outcome {
  readonly dealId: string;
  readonly status: bigint;
  readonly reason: string;
}

const coder = AbiCoder.defaultAbiCoder();
const twice = (inner: string): string => keccak256(keccak256(inner));

export const ledgerDomain = (chainId: bigint, ledger: string): TypedDataDomain => ({
  name: "NotaryLedger",
  version: "1",
  chainId,
  verifyingContract: ledger,
});

export function hashBatch(domain: TypedDataDomain, batch: Batch): string {
  return TypedDataEncoder.hash(domain, batchTypes, batch);
}

export function inputLeaf(commitment: string): string {
  return twice(coder.encode(["uint256", "bytes32"], [1, commitment]));
}

export function outcomeLeaf(index: number, outcome: Outcome): string {
  const { dealId, status, reason } = outcome;
  return twice(
    coder.encode(
      ["uint256", "uint256", "bytes32", "uint256", "bytes32"],
      [2, index, dealId, status, keccak256(reason)],
    ),
  );
}

/** The one shape of tree on chain and off. */
export function treeOf(leaves: readonly string[]): SimpleMerkleTree {
  return SimpleMerkleTree.of([...leaves], { sortLeaves: false });
}

export const inputTree = (commitments: readonly string[]): SimpleMerkleTree => treeOf(commitments.map(inputLeaf));

export const outcomeTree = (outcomes: readonly Outcome[]): SimpleMerkleTree =>
  treeOf(outcomes.map((outcome, index) => outcomeLeaf(index, outcome)));

/** A header over these inputs and item bytes ("0x" for none). */
export function batchOf(
  place: Pick<Batch, "partition" | "seq" | "prev">,
  inputs: readonly string[],
  items: string,
): Batch {
  return {
    ...place,
    root: inputs.length === 0 ? ZeroHash : inputTree(inputs).root,
    count: BigInt(inputs.length),
    itemsHash: items === "0x" ? ZeroHash : keccak256(items),
  };
}

/** Signatures of these keys over the digest, packed in the order the committee asks for. */
export function committeeSign(digest: string, keys: readonly Account[]): string {
  const ascending = [...keys].sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
  return concat(ascending.map((key) => signDigest(key, digest)));
}
