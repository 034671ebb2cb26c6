import { ed25519 } from "@noble/curves/ed25519.js";
import { ascii, concat, fromHex, toHex, uintToBytes, type Hex } from "./bytes.ts";
import { sha256 } from "@noble/hashes/sha2.js";

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
  readonly signature: Hex;
}

const TAG = ascii("MIDC/v1 receipt");

/** SHA-256("MIDC/v1 receipt" || id (32) || at (8) || node (32)): what the node signs. */
export const receiptDigest = (id: Uint8Array, at: number, node: Uint8Array): Uint8Array =>
  sha256(concat(TAG, id, uintToBytes(BigInt(at), 8), node));

/** A receipt for `id`; `sign` is the node's Ed25519. */
export function signReceipt(
  content: { readonly id: Uint8Array; readonly at: number; readonly node: Uint8Array },
  sign: (message: Uint8Array) => Uint8Array,
): Receipt {
  const { id, at, node } = content;
  return { id: toHex(id), at, node: toHex(node), signature: toHex(sign(receiptDigest(id, at, node))) };
}

/** Whether the node that a receipt names has signed exactly this receipt. */
export function verifyReceipt(receipt: Receipt): boolean {
  const [id, node, signature] = [fromHex(receipt.id), fromHex(receipt.node), fromHex(receipt.signature)];
  if (id?.length !== 32 || node?.length !== 32 || signature?.length !== 64) return false;
  if (!Number.isSafeInteger(receipt.at) || receipt.at < 0) return false;
  try {
    return ed25519.verify(signature, receiptDigest(id, receipt.at, node), node, { zip215: false });
  } catch {
    return false;
  }
}
