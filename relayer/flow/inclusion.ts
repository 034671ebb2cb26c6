import { toHex } from "../../protocol/bytes.ts";
import type { Inclusion } from "../../protocol/inclusion.ts";
import { inputLeaf, merkleTree, proofAt, type Hash, type MerkleTree } from "../../protocol/merkle.ts";
import { keys } from "../midc/keys.ts";
import { decodeBatch, decodeTx, type BatchRow } from "../midc/rows.ts";
import { readTx } from "../midc/tx.ts";
import { ledgerPartition } from "../notary/notary.ts";
import type { StateView } from "../ports.ts";

/** Trees of the batches that were asked for last: building one costs four hashes per member, on the main thread. */
const TREES_MAX = 32;

/**
 * An inclusion shows that the ledger holds what the relayer says about the order of things, and no more: which deal it
 * settled is told to its parties alone (relayer/flow/read.ts issues their proofs).
 */
export interface Inclusions {
  /** Undefined while no batch holds the transaction. */
  readonly read: (txId: Uint8Array) => Inclusion | undefined;
}

export function createInclusions(
  networkTag: Uint8Array,
  { view, keccak }: { readonly view: StateView; readonly keccak: Hash },
): Inclusions {
  const trees = new Map<string, MerkleTree>();
  const treeOf = (partition: number, row: BatchRow): MerkleTree | undefined => {
    const name = `${partition}:${row.seq}`;
    const known = trees.get(name);
    if (known !== undefined) return known;
    const commitments = row.txIds.map((txId) => {
      const bytes = view.get(keys.tx(txId));
      return bytes === undefined ? undefined : decodeTx(bytes).commitment;
    });
    const leaves = commitments.filter((commitment) => commitment !== undefined).map((leaf) => inputLeaf(leaf, keccak));
    if (leaves.length !== row.txIds.length) return undefined;
    const tree = merkleTree(leaves, keccak);
    const [oldest] = trees.keys();
    if (trees.size >= TREES_MAX && oldest !== undefined) trees.delete(oldest);
    trees.set(name, tree);
    return tree;
  };
  return {
    read(txId) {
      const tx = readTx(txId, view);
      if (tx?.batch === undefined) return undefined;
      const { partition } = tx.begun;
      const batch = view.get(keys.batch(partition, tx.batch.seq));
      const row = batch === undefined ? undefined : decodeBatch(batch);
      const tree = row === undefined ? undefined : treeOf(partition, row);
      if (row === undefined || tree === undefined) return undefined;
      return {
        id: toHex(txId),
        commitment: toHex(tx.commitment),
        index: tx.batch.index,
        partition: toHex(ledgerPartition(networkTag, partition)),
        seq: row.seq,
        prev: toHex(row.prev),
        root: toHex(row.root),
        count: row.txIds.length,
        itemsHash: toHex(row.itemsHash),
        path: proofAt(tree, tx.batch.index).map(toHex),
      };
    },
  };
}
