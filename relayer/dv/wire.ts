import { createHmac, hash, timingSafeEqual } from "node:crypto";
import { ascii, concat, uintToBytes } from "../../protocol/bytes.ts";
import { Reader, Writer } from "../../protocol/canonical.ts";
import type { BatchHeader } from "../../protocol/typedData.ts";

/** What a relayer and a DV signer say to each other: POST /v1/sign, canonical bytes, a tag under their shared secret. */
export const SIGN_PATH = "/v1/sign";
export const SIGN_TYPE = "application/cbor";
export const AT_HEADER = "x-midchain-at";
export const TAG_HEADER = "x-midchain-tag";
export const ASK_BYTES_MAX = 4 * 1024 * 1024;
/** A question is answered while it is this young. An old one is harmless (it asks for what was signed); it is noise. */
export const ASK_AGE_MS_MAX = 60_000;

const TAG = ascii("MIDC/v1 dv sign");

export interface Ask {
  readonly batch: BatchHeader;
  readonly items: Uint8Array;
}

export const encodeAsk = ({ batch, items }: Ask): Uint8Array =>
  new Writer()
    .array(7)
    .bytes(batch.partition)
    .uint(Number(batch.seq))
    .bytes(batch.prev)
    .bytes(batch.root)
    .uint(batch.count)
    .bytes(batch.itemsHash)
    .bytes(items)
    .done();

/** Throws NotCanonical. */
export function decodeAsk(bytes: Uint8Array): Ask {
  const r = new Reader(bytes);
  r.array(7);
  const partition = r.fixed(32);
  const seq = BigInt(r.uint());
  const batch = {
    partition,
    seq,
    prev: r.fixed(32),
    root: r.fixed(32),
    count: r.uint(2 ** 32 - 1),
    itemsHash: r.fixed(32),
  };
  const items = r.bytes(ASK_BYTES_MAX);
  r.end();
  return { batch, items };
}

/** Hex tag over the moment and the bytes. */
export const tagOf = (secret: string, at: number, body: Uint8Array): string =>
  createHmac("sha256", secret)
    .update(concat(TAG, uintToBytes(BigInt(at), 8), hash("sha256", body, "buffer")))
    .digest("hex");

export function isTagged(
  secret: string,
  given: { readonly at: number; readonly tag: string; readonly body: Uint8Array; readonly now: number },
): boolean {
  const { at, tag, body, now } = given;
  if (!Number.isSafeInteger(at) || at < 0 || Math.abs(now - at) > ASK_AGE_MS_MAX) return false;
  const expected = Buffer.from(tagOf(secret, at, body));
  const claimed = Buffer.from(tag);
  return expected.length === claimed.length && timingSafeEqual(expected, claimed);
}
