import { sha256 } from "./sha256.ts";
import { concat } from "./bytes.ts";
import { encodeCbor } from "./cbor.ts";
import { DEK_BYTES } from "./content.ts";
import { hpkeOpen, hpkeSeal, type Suite } from "./hpke.ts";
import { encodeEnvelopes, type SealedEnvelope } from "./request.ts";
import { SealRefused, requireLength } from "./sealRefused.ts";

/** One reader's copy of a block's data key. Granting access is adding an envelope; the content is never sealed again. */

/** Why a reader holds an envelope; the wire number is the index. A new name goes to the end. */
export const readerRoles = ["owner", "party", "grantee", "inspector"] as const;
export type ReaderRole = (typeof readerRoles)[number];

export const READER_KEY_ID_BYTES = 16;

export interface Reader {
  /** 16 bytes, different for each pair of reader and owner. */
  readonly readerKeyId: Uint8Array;
  readonly role: ReaderRole;
  readonly suite: Suite;
  readonly keyEpoch: number;
  readonly publicKey: Uint8Array;
}

/** The block a data key belongs to; both are authenticated, so an envelope opens only where it was made. */
export interface EnvelopePlace {
  readonly blockId: Uint8Array;
  readonly kcom: Uint8Array;
}

/** Throws SealRefused("badPublicKey") for an unusable key, "badLength" for ids of another size. */
export async function wrapDek(dek: Uint8Array, place: EnvelopePlace, reader: Reader): Promise<SealedEnvelope> {
  requireLength(dek, DEK_BYTES);
  requireLength(reader.readerKeyId, READER_KEY_ID_BYTES);
  const header = {
    readerKeyId: reader.readerKeyId,
    role: readerRoles.indexOf(reader.role),
    suite: reader.suite,
    keyEpoch: reader.keyEpoch,
  };
  const { publicKey, suite } = reader;
  const sealed = await hpkeSeal({ suite, publicKey, plaintext: dek, info: infoOf(header), aad: aadOf(place) });
  return { ...header, ...sealed };
}

/** Throws SealRefused("notForReader") when the seed does not open it or anything around it was changed. */
export async function unwrapDek(envelope: SealedEnvelope, place: EnvelopePlace, seed: Uint8Array): Promise<Uint8Array> {
  const { suite, enc, ct } = envelope;
  if (suite !== 0 && suite !== 1) throw new SealRefused("unknownSuite");
  const dek = await hpkeOpen({ suite, seed, enc, ct, info: infoOf(envelope), aad: aadOf(place) });
  if (dek?.length !== DEK_BYTES) throw new SealRefused("notForReader");
  return dek;
}

/** SHA-256 of the canonical list of envelopes; `envRoot` of the content header. */
export const envelopesRoot = (envelopes: readonly SealedEnvelope[]): Uint8Array => sha256(encodeEnvelopes(envelopes));

const infoOf = (e: Pick<SealedEnvelope, "readerKeyId" | "role" | "suite" | "keyEpoch">): Uint8Array =>
  encodeCbor(["MIDC/v1 wrap", e.suite, e.readerKeyId, e.keyEpoch, e.role]);

function aadOf({ blockId, kcom }: EnvelopePlace): Uint8Array {
  requireLength(blockId, 32);
  requireLength(kcom, 32);
  return concat(blockId, kcom);
}
