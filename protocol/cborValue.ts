/**
 * Deterministic CBOR (RFC 8949, dCBOR profile without floats and tags): one value has exactly one encoding.
 * Values: integers in [-2^63, 2^64), text (NFC), byte strings, arrays, maps with integer or text keys, booleans, null.
 */

export type CborKey = number | string;
export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<CborKey, CborValue>
  | { readonly [key: string]: CborValue };

export type CborReason =
  | "tooLarge"
  | "tooDeep"
  | "truncated"
  | "trailing"
  | "notShortest"
  | "indefinite"
  | "float"
  | "tag"
  | "simple"
  | "utf8"
  | "notNfc"
  | "keyOrder"
  | "duplicateKey"
  | "keyType"
  | "integerRange"
  | "value"
  | "notCanonical";

/** Bytes that are not the canonical encoding of a value, or a value that has no encoding. `reason` is stable. */
export class CborRefused extends Error {
  readonly reason: CborReason;
  constructor(reason: CborReason) {
    super(`CBOR refused: ${reason}`);
    this.name = "CborRefused";
    this.reason = reason;
  }
}

export const CBOR_DEPTH_MAX = 8;
export const CBOR_BYTES_MAX = 4 * 1024 * 1024;

export const INTEGER_MAX = (1n << 64n) - 1n;
export const INTEGER_MIN = -(1n << 63n);

/** Major types of an item's first byte. */
export const UNSIGNED = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
export const TAG = 6;

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
