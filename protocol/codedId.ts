import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ascii, concat, uintToBytes } from "./bytes.ts";
import { requireLength } from "./sealRefused.ts";

/**
 * Pseudonyms that may be public. Without the user's `cidKey` two of them cannot be told to be one person's; with it they
 * are found again. Destroying the key makes them meaningless for ever.
 */

const CID_TAG = ascii("MIDC/v1 cid");
const SCOPE_TAG = ascii("scope");

/** HMAC-SHA256(cidKey, "MIDC/v1 cid" || chainId (32, big-endian) || contract (20) || nonce (16)): one transaction. */
export function codedId(
  cidKey: Uint8Array,
  at: { readonly chainId: bigint; readonly contract: Uint8Array; readonly nonce: Uint8Array },
): Uint8Array {
  requireLength(cidKey, 32);
  requireLength(at.contract, 20);
  requireLength(at.nonce, 16);
  return hmac(sha256, cidKey, concat(CID_TAG, uintToBytes(at.chainId, 32), at.contract, at.nonce));
}

/** HMAC-SHA256(cidKey, "scope" || scopeId (32)): the same towards one counterparty each time, unlike towards others. */
export function scopedId(cidKey: Uint8Array, scopeId: Uint8Array): Uint8Array {
  requireLength(cidKey, 32);
  requireLength(scopeId, 32);
  return hmac(sha256, cidKey, concat(SCOPE_TAG, scopeId));
}
