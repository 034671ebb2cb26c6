import { DEK_BYTES, decryptContent, encryptContent, type EncryptedContent } from "./content.ts";
import { envelopesRoot, unwrapDek, wrapDek, type Reader } from "./envelope.ts";
import { ENVELOPES_MAX, type SealedEnvelope } from "./request.ts";
import { SealRefused } from "./sealRefused.ts";

/** What a client does with plaintext before anything leaves it, and a reader with what it gets. */

export interface SealedContent extends EncryptedContent {
  /** SHA-256 over all envelopes, see `envelopesRoot`. */
  readonly envRoot: Uint8Array;
  readonly envelopes: readonly SealedEnvelope[];
}

/**
 * Encrypts once under a fresh data key and wraps that key for every reader. `context` is authenticated and must be given
 * again to open. Throws SealRefused: "tooLarge", "noReader", "duplicateReader", "badPublicKey", "badLength".
 */
export async function sealContent(input: {
  readonly plaintext: Uint8Array;
  /** 32 random bytes, never used for another content. */
  readonly blockId: Uint8Array;
  readonly context: Uint8Array;
  readonly readers: readonly Reader[];
}): Promise<SealedContent> {
  const { readers, blockId } = input;
  if (readers.length === 0) throw new SealRefused("noReader");
  if (readers.length > ENVELOPES_MAX) throw new SealRefused("tooLarge");
  const ids = new Set(readers.map((reader) => reader.readerKeyId.toString()));
  if (ids.size !== readers.length) throw new SealRefused("duplicateReader");
  const dek = crypto.getRandomValues(new Uint8Array(DEK_BYTES));
  try {
    const content = await encryptContent({ ...input, dek });
    const place = { blockId, kcom: content.kcom };
    const envelopes = await Promise.all(readers.map((reader) => wrapDek(dek, place, reader)));
    return { ...content, envRoot: envelopesRoot(envelopes), envelopes };
  } finally {
    dek.fill(0);
  }
}

/**
 * Opens one reader's envelope, then the content. Throws SealRefused; after "notForReader" nothing of the content was
 * touched, and nothing is ever decrypted under a key other than the one `kcom` commits to.
 */
export async function openContent(
  input: EncryptedContent & {
    readonly blockId: Uint8Array;
    readonly context: Uint8Array;
    readonly envelope: SealedEnvelope;
    /** The reader's 32-byte KEM private key of the envelope's suite and epoch. */
    readonly seed: Uint8Array;
  },
): Promise<Uint8Array> {
  const dek = await unwrapDek(input.envelope, input, input.seed);
  try {
    return await decryptContent({ ...input, dek });
  } finally {
    dek.fill(0);
  }
}
