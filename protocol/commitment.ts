import { sha256 } from "./sha256.ts";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { ascii, concat, uintToBytes } from "./bytes.ts";
import type { Hash } from "./merkle.ts";
import { requireLength } from "./sealRefused.ts";

/**
 * What the public chain gets to see of a transaction, salted by both sides: the client fixes P before it knows the
 * relayer's salt, the relayer cannot choose P. So neither can place chosen bytes on the chain, and once the salts are
 * destroyed the commitment names nothing.
 */

const PRE_TAG = ascii("MIDC/v1 pre");
const COMMIT_TAG = concat(Uint8Array.of(1), ascii("MIDC/v1 commit"));

/** P = SHA-256("MIDC/v1 pre" || clientSalt (32) || requestId (32)). */
export function preCommitment(clientSalt: Uint8Array, requestId: Uint8Array): Uint8Array {
  requireLength(clientSalt, 32);
  requireLength(requestId, 32);
  return sha256(concat(PRE_TAG, clientSalt, requestId));
}

/** A caller with a faster keccak256 passes its own. C = keccak256(0x01 || "MIDC/v1 commit" || chainId (32, big-endian) || contract (20) || relayerSalt (32) || P). */
export function commitment(
  input: {
    readonly chainId: bigint;
    readonly contract: Uint8Array;
    readonly relayerSalt: Uint8Array;
    readonly pre: Uint8Array;
  },
  hash: Hash = keccak_256,
): Uint8Array {
  requireLength(input.contract, 20);
  requireLength(input.relayerSalt, 32);
  requireLength(input.pre, 32);
  const { contract, relayerSalt, pre } = input;
  return hash(concat(COMMIT_TAG, uintToBytes(input.chainId, 32), contract, relayerSalt, pre));
}
