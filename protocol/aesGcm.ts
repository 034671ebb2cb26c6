/**
 * AES-256-GCM by WebCrypto, the same in Node and in browsers. It does not commit to its key: whoever stores a ciphertext
 * for several readers adds a commitment (content.ts).
 */

export const GCM_TAG_BYTES = 16;
export const GCM_NONCE_BYTES = 12;

export interface GcmInput {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes, never used twice with one key. */
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  readonly data: Uint8Array;
}

/** Ciphertext followed by the 16-byte tag. */
export async function gcmSeal(input: GcmInput): Promise<Uint8Array> {
  const key = await importKey(input.key, "encrypt");
  return new Uint8Array(await crypto.subtle.encrypt(parameters(input), key, owned(input.data)));
}

/** The plaintext, or undefined when anything (key, nonce, aad, ciphertext, tag) differs from what was sealed. */
export async function gcmOpen(input: GcmInput): Promise<Uint8Array | undefined> {
  if (input.data.length < GCM_TAG_BYTES) return undefined;
  const key = await importKey(input.key, "decrypt");
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters(input), key, owned(input.data)));
  } catch (error) {
    // WebCrypto reports a wrong tag as OperationError; anything else is a fault of ours and must surface.
    if (error instanceof DOMException && error.name === "OperationError") return undefined;
    throw error;
  }
}

const importKey = (key: Uint8Array, usage: "encrypt" | "decrypt") =>
  crypto.subtle.importKey("raw", owned(key), "AES-GCM", false, [usage]);

const parameters = ({ nonce, aad }: GcmInput) => ({
  name: "AES-GCM",
  iv: owned(nonce),
  additionalData: owned(aad),
  tagLength: 8 * GCM_TAG_BYTES,
});

/** WebCrypto's types exclude memory shared between threads; nothing here is ever sealed from such memory. */
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>;
