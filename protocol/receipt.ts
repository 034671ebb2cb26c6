import { ed25519 } from "@noble/curves/ed25519.js";
import { ascii, concat, fromHex, toHex, uintToBytes, type Hex } from "./bytes.ts";
import { merkleTree, pathFrom, proofAt } from "./merkle.ts";
import { sha256 } from "./sha256.ts";

/**
 * What a caller gets for a request that was taken: the node's signed word that the transaction is durable on every
 * party's chain. It binds the id, the time and the node, and nothing about the content.
 */
export interface Receipt {
  readonly id: Hex;
  /** Milliseconds since 1970 at the node. */
  readonly at: number;
  /** The node's Ed25519 public key. */
  readonly node: Hex;
  /** Siblings from this receipt up to what was signed; empty for a receipt that was signed alone. */
  readonly path: readonly Hex[];
  readonly signature: Hex;
}

/** Receipts of one moment share a signature: making one costs as much as checking a request. */
export const RECEIPTS_TOGETHER_MAX = 1 << 16;
const PATH_LENGTH_MAX = 16;

const TAG = ascii("MIDC/v1 receipt");
const PAIR_TAG = ascii("MIDC/v1 receipts");

/** SHA-256("MIDC/v1 receipt" || id (32) || at (8) || node (32)): a leaf. */
export const receiptDigest = (id: Uint8Array, at: number, node: Uint8Array): Uint8Array =>
  sha256(concat(TAG, id, uintToBytes(BigInt(at), 8), node));

/** SHA-256("MIDC/v1 receipts" || lower (32) || higher (32)): what two siblings make. */
const pairDigest = (pair: Uint8Array): Uint8Array => sha256(concat(PAIR_TAG, pair));

/** Receipts for `taken`, in order, under one signature over the root of their tree; `sign` is the node's Ed25519. */
export function signReceipts(
  taken: readonly { readonly id: Uint8Array; readonly at: number }[],
  node: Uint8Array,
  sign: (message: Uint8Array) => Uint8Array,
): readonly Receipt[] {
  if (taken.length === 0) return [];
  if (taken.length > RECEIPTS_TOGETHER_MAX) throw new RangeError("too many receipts for one signature");
  const tree = merkleTree(
    taken.map(({ id, at }) => receiptDigest(id, at, node)),
    pairDigest,
  );
  const shared = { node: toHex(node), signature: toHex(sign(tree.root)) };
  return taken.map(({ id, at }, i) => ({ id: toHex(id), at, path: proofAt(tree, i).map(toHex), ...shared }));
}

/** Whether the node that a receipt names has signed exactly this receipt. */
export function verifyReceipt(receipt: Receipt): boolean {
  const [id, node, signature] = [fromHex(receipt.id), fromHex(receipt.node), fromHex(receipt.signature)];
  if (id?.length !== 32 || node?.length !== 32 || signature?.length !== 64) return false;
  if (!Number.isSafeInteger(receipt.at) || receipt.at < 0 || receipt.path.length > PATH_LENGTH_MAX) return false;
  const path = receipt.path.map(fromHex).filter((sibling) => sibling?.length === 32) as Uint8Array[];
  if (path.length !== receipt.path.length) return false;
  const leaf = receiptDigest(id, receipt.at, node);
  const root = pathFrom(leaf, path, pairDigest).at(-1) ?? leaf;
  try {
    return ed25519.verify(signature, root, node, { zip215: false });
  } catch {
    return false;
  }
}
