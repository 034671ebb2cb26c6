import { createCipheriv, createDecipheriv, createSecretKey, randomFillSync, type KeyObject } from "node:crypto";
import { bodyCommitment } from "../../protocol/block.ts";
import { concat } from "../../protocol/bytes.ts";

/**
 * Sealing under a user's shred key: AES-256-GCM, nonce (12) ‖ ciphertext ‖ tag (16). Every erasable byte passes here
 * before it enters a log, the state, a snapshot or a backup; destroying the key erases all of them at once.
 */

/** A prepared key: preparing one costs four times as much as using it. */
export type ShredKey = KeyObject;

export const shredKeyOf = (bytes: Uint8Array): ShredKey => createSecretKey(bytes);

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const POOL_BYTES = 16 * 1024;
let pool = new Uint8Array(0);

/** Fresh random bytes, drawn from the system a page at a time: asking for each few by itself costs more than sealing. */
export function freshBytes(size: number): Uint8Array {
  if (pool.length < size) pool = randomFillSync(new Uint8Array(POOL_BYTES));
  const bytes = pool.slice(0, size);
  // What was given out is never given out again.
  pool = pool.subarray(size);
  return bytes;
}

export function sealUnder(shredKey: ShredKey, plaintext: Uint8Array, bound: Uint8Array): Uint8Array {
  const nonce = freshBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", shredKey, nonce);
  cipher.setAAD(bound);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return concat(nonce, ciphertext, cipher.getAuthTag());
}

/** Undefined when the bytes are not what was sealed for `bound` under this key. */
export function openUnder(shredKey: ShredKey, sealed: Uint8Array, bound: Uint8Array): Uint8Array | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", shredKey, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(bound);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const plaintext = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
    decipher.final();
    return new Uint8Array(plaintext);
  } catch {
    return undefined;
  }
}

const SALT_BYTES = 32;

export interface SealedBody {
  readonly sealed: Uint8Array;
  readonly bodyCommitment: Uint8Array;
}

/** A block body, salted, committed to and sealed for its chain. `bound` is chain id ‖ transaction id. */
export function sealBody(shredKey: ShredKey, body: Uint8Array, bound: Uint8Array): SealedBody {
  const salt = freshBytes(SALT_BYTES);
  return { sealed: sealUnder(shredKey, concat(salt, body), bound), bodyCommitment: bodyCommitment(salt, body) };
}

/** A block body that nobody is to read: only the commitment is left of it. Its salt is whoever's who asked for one. */
export const unreadBody = (body: Uint8Array, salt = freshBytes(SALT_BYTES)): SealedBody => ({
  sealed: new Uint8Array(0),
  bodyCommitment: bodyCommitment(salt, body),
});

export interface OpenedBody {
  readonly salt: Uint8Array;
  readonly bytes: Uint8Array;
}

export function openBody(shredKey: ShredKey, sealed: Uint8Array, bound: Uint8Array): OpenedBody | undefined {
  const plaintext = openUnder(shredKey, sealed, bound);
  return plaintext === undefined
    ? undefined
    : { salt: plaintext.subarray(0, SALT_BYTES), bytes: plaintext.subarray(SALT_BYTES) };
}
