import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { GCM_NONCE_BYTES, gcmOpen, gcmSeal } from "./aesGcm.ts";
import { ascii, concat, equalBytes } from "./bytes.ts";
import { pad, sizeClassOf, unpad } from "./padding.ts";
import { SealRefused, requireLength } from "./sealRefused.ts";

/**
 * Committing encryption of one content under its own data key. AES-GCM alone lets one ciphertext open under two keys;
 * `kcom` pins the key, so an inspector and an owner can never be shown different plaintexts.
 */

export const DEK_BYTES = 32;
const DEK_INFO = ascii("MIDC/v1 dek");
const AAD_TAG = ascii("MIDC/v1 aad");
/** A data key encrypts once, so its nonce needs no randomness and cannot repeat. */
const ZERO_NONCE = new Uint8Array(GCM_NONCE_BYTES);

export interface EncryptedContent {
  readonly ciphertext: Uint8Array;
  /** Commitment to the data key, 32 bytes. */
  readonly kcom: Uint8Array;
  /** SHA-256 of the ciphertext. */
  readonly ctHash: Uint8Array;
  /** Index into `sizeClassBytes`. */
  readonly sizeClass: number;
}

/** K_enc || K_com = HKDF-SHA256(ikm = dek, salt = blockId, info = "MIDC/v1 dek"). */
export function contentKeys(dek: Uint8Array, blockId: Uint8Array): { encryption: Uint8Array; kcom: Uint8Array } {
  requireLength(dek, DEK_BYTES);
  requireLength(blockId, 32);
  const okm = hkdf(sha256, dek, blockId, DEK_INFO, 64);
  return { encryption: okm.subarray(0, 32), kcom: okm.slice(32) };
}

/**
 * Pads and encrypts. `context` is whatever else must not change (the rest of the header); it is authenticated, not
 * stored. The caller never passes one `dek` twice. Throws SealRefused("tooLarge") above 1 MiB - 1.
 */
export async function encryptContent(input: {
  readonly plaintext: Uint8Array;
  readonly dek: Uint8Array;
  readonly blockId: Uint8Array;
  readonly context: Uint8Array;
}): Promise<EncryptedContent> {
  const sizeClass = sizeClassOf(input.plaintext.length);
  if (sizeClass === undefined) throw new SealRefused("tooLarge");
  const { encryption, kcom } = contentKeys(input.dek, input.blockId);
  const ciphertext = await gcmSeal({
    key: encryption,
    nonce: ZERO_NONCE,
    aad: aadOf({ ...input, kcom, sizeClass }),
    data: pad(input.plaintext, sizeClass),
  });
  return { ciphertext, kcom, ctHash: sha256(ciphertext), sizeClass };
}

/**
 * Checks the commitment before it decrypts. Throws SealRefused: "keyCommitment" for another key than the one committed
 * to, "ciphertextHash", "ciphertext" or "padding" for altered bytes or context.
 */
export async function decryptContent(
  input: EncryptedContent & { readonly dek: Uint8Array; readonly blockId: Uint8Array; readonly context: Uint8Array },
): Promise<Uint8Array> {
  const { encryption, kcom } = contentKeys(input.dek, input.blockId);
  if (!equalBytes(kcom, input.kcom)) throw new SealRefused("keyCommitment");
  if (!equalBytes(sha256(input.ciphertext), input.ctHash)) throw new SealRefused("ciphertextHash");
  const padded = await gcmOpen({ key: encryption, nonce: ZERO_NONCE, aad: aadOf(input), data: input.ciphertext });
  if (padded === undefined) throw new SealRefused("ciphertext");
  const plaintext = unpad(padded, input.sizeClass);
  if (plaintext === undefined) throw new SealRefused("padding");
  return plaintext;
}

/** SHA-256("MIDC/v1 aad" || blockId || kcom || sizeClass || context): every part before the context has a fixed width. */
function aadOf(input: {
  readonly blockId: Uint8Array;
  readonly kcom: Uint8Array;
  readonly sizeClass: number;
  readonly context: Uint8Array;
}): Uint8Array {
  return sha256(concat(AAD_TAG, input.blockId, input.kcom, Uint8Array.of(input.sizeClass), input.context));
}
