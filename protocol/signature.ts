import { bytesToUint, concat, uintToBytes } from "./bytes.ts";

/** secp256k1 group order. */
const ORDER = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe_baae_dce6_af48_a03b_bfd2_5e8c_d036_4141n;
const HALF_ORDER = ORDER >> 1n;
const TOP_BIT = 1n << 255n;

/**
 * The 64 bytes r || s of a wallet's ECDSA signature with s in the lower half and v dropped; reads r || s || v (65 bytes)
 * and the compact form r || yParityAndS of ERC-2098 (64 bytes). Wallets differ in form and in the sign of s, and keys
 * derived from a signature must not. Undefined for another length (a smart account's signature) or a value out of range.
 * That it recovers to the account is the caller's check.
 */
export function normalizeSignature(signature: Uint8Array): Uint8Array | undefined {
  if (signature.length !== 64 && signature.length !== 65) return undefined;
  const r = bytesToUint(signature.subarray(0, 32));
  const field = bytesToUint(signature.subarray(32, 64));
  // Only the compact form keeps the parity in the top bit, and it is low-s by definition.
  const s = signature.length === 64 ? field & (TOP_BIT - 1n) : field;
  if (r === 0n || r >= ORDER || s === 0n || s >= ORDER) return undefined;
  return concat(uintToBytes(r, 32), uintToBytes(s > HALF_ORDER ? ORDER - s : s, 32));
}
