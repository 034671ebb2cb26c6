import { NotCanonical, Reader, Writer } from "./canonical.ts";

/**
 * Body of a grant or revocation block: who may read what, until when and what for. It lies sealed on the owner's own
 * chain; the envelopes themselves are kept beside it and are deleted when the grant ends.
 */

/** Why access was given; the wire number is the index. A new name goes to the end. */
export const purposes = ["care", "audit", "legal", "insurance", "employment", "research", "personal", "other"] as const;
export type Purpose = (typeof purposes)[number];

export const GRANT_TXS_MAX = 256;

export interface GrantBody {
  /** The reader's account, 20 bytes. */
  readonly reader: Uint8Array;
  /** Unix seconds; 0 for a revocation. */
  readonly notAfter: number;
  readonly purpose: Purpose;
  readonly txIds: readonly Uint8Array[];
}

export function encodeGrantBody(body: GrantBody): Uint8Array {
  const w = new Writer().map(4).uint(1).bytes(body.reader).uint(2).uint(body.notAfter);
  w.uint(3).uint(purposes.indexOf(body.purpose)).uint(4).array(body.txIds.length);
  for (const txId of body.txIds) w.bytes(txId);
  return w.done();
}

/** Throws NotCanonical. */
export function decodeGrantBody(bytes: Uint8Array): GrantBody {
  const r = new Reader(bytes);
  if (r.map() !== 4) throw new NotCanonical("a grant has 4 fields");
  const reader = r.key(1).fixed(20);
  const notAfter = r.key(2).uint();
  const purpose = purposes[r.key(3).uint()];
  if (purpose === undefined) throw new NotCanonical("unknown purpose");
  const txIds = Array.from({ length: r.key(4).array(GRANT_TXS_MAX) }, () => r.fixed(32));
  r.end();
  return { reader, notAfter, purpose, txIds };
}
