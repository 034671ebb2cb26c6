import {
  ARRAY,
  BYTES,
  CBOR_BYTES_MAX,
  CBOR_DEPTH_MAX,
  CborRefused,
  INTEGER_MIN,
  NEGATIVE,
  TAG,
  TEXT,
  UNSIGNED,
  compareBytes,
  sameBytes,
} from "./cborValue.ts";
import type { CborKey, CborValue } from "./cborValue.ts";
import { encodeCbor } from "./cborEncode.ts";

export { encodeCbor } from "./cborEncode.ts";
export { CborRefused } from "./cborValue.ts";
export type { CborKey, CborReason, CborValue } from "./cborValue.ts";

/**
 * The value of canonical bytes: maps with only text keys become plain objects, others a Map; integers beyond 2^53
 * become bigint; byte strings are copies. Every other encoding of the same value is refused, so equal values always
 * mean equal bytes. Nesting and counts are bounded before anything is allocated or recursed into.
 */
export function decodeCbor(bytes: Uint8Array, limits: { bytesMax?: number; depthMax?: number } = {}): CborValue {
  if (bytes.length > (limits.bytesMax ?? CBOR_BYTES_MAX)) throw new CborRefused("tooLarge");
  const input: Input = { bytes, at: 0, depthMax: Math.min(limits.depthMax ?? CBOR_DEPTH_MAX, CBOR_DEPTH_MAX) };
  const value = readValue(input, 0);
  if (input.at !== bytes.length) throw new CborRefused("trailing");
  // The reader already refuses each non-canonical form by name; this holds even against a form it forgot.
  if (!sameBytes(encodeCbor(value), bytes)) throw new CborRefused("notCanonical");
  return value;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

interface Input {
  readonly bytes: Uint8Array;
  readonly depthMax: number;
  at: number;
}

function readValue(input: Input, depth: number): CborValue {
  const initial = readByte(input);
  const major = initial >>> 5;
  const info = initial & 0x1f;
  if (major === TAG) throw new CborRefused("tag");
  if (major > TAG) return simpleOf(info);
  const argument = readArgument(input, info);
  switch (major) {
    case UNSIGNED:
      return argument;
    case NEGATIVE:
      return negativeOf(argument);
    case BYTES:
      return readBytes(input, argument).slice();
    case TEXT:
      return readText(input, argument);
    case ARRAY:
      return readArray(input, argument, depth + 1);
    default:
      return readMap(input, argument, depth + 1);
  }
}

function simpleOf(info: number): CborValue {
  if (info === 20) return false;
  if (info === 21) return true;
  if (info === 22) return null;
  if (info >= 25 && info <= 27) throw new CborRefused("float");
  if (info === 31) throw new CborRefused("indefinite");
  throw new CborRefused("simple");
}

function negativeOf(argument: number | bigint): number | bigint {
  if (typeof argument === "number" && argument < Number.MAX_SAFE_INTEGER) return -1 - argument;
  const value = -1n - BigInt(argument);
  if (value < INTEGER_MIN) throw new CborRefused("integerRange");
  return value;
}

/** The argument of a head; bigint only above 2^53 - 1. Always the shortest form. */
function readArgument(input: Input, info: number): number | bigint {
  if (info < 24) return info;
  if (info === 31) throw new CborRefused("indefinite");
  if (info > 27) throw new CborRefused("simple");
  const width = 1 << (info - 24);
  const field = readBytes(input, width);
  const view = new DataView(field.buffer, field.byteOffset, width);
  switch (width) {
    case 1:
      return atLeast(view.getUint8(0), 24);
    case 2:
      return atLeast(view.getUint16(0), 0x100);
    case 4:
      return atLeast(view.getUint32(0), 0x1_0000);
    default: {
      const wide = view.getBigUint64(0);
      if (wide < 0x1_0000_0000n) throw new CborRefused("notShortest");
      return wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : wide;
    }
  }
}

function atLeast(argument: number, least: number): number {
  if (argument < least) throw new CborRefused("notShortest");
  return argument;
}

function readText(input: Input, length: number | bigint): string {
  const bytes = readBytes(input, length);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new CborRefused("utf8");
  }
  if (text.normalize("NFC") !== text) throw new CborRefused("notNfc");
  return text;
}

function readArray(input: Input, count: number | bigint, depth: number): CborValue[] {
  const length = countOf(input, count, depth, 1);
  const items: CborValue[] = [];
  for (let i = 0; i < length; i++) items.push(readValue(input, depth));
  return items;
}

function readMap(input: Input, count: number | bigint, depth: number): CborValue {
  const length = countOf(input, count, depth, 2);
  const entries: [CborKey, CborValue][] = [];
  let previous: Uint8Array | undefined;
  for (let i = 0; i < length; i++) {
    const start = input.at;
    const key = readKey(input);
    const encoded = input.bytes.subarray(start, input.at);
    if (previous !== undefined) checkOrder(previous, encoded);
    previous = encoded;
    entries.push([key, readValue(input, depth)]);
  }
  return entries.every(([key]) => typeof key === "string") ? Object.fromEntries(entries) : new Map(entries);
}

function readKey(input: Input): CborKey {
  const major = (input.bytes[input.at] ?? 0) >>> 5;
  if (input.at < input.bytes.length && major !== UNSIGNED && major !== NEGATIVE && major !== TEXT) {
    throw new CborRefused("keyType");
  }
  const key = readValue(input, 0);
  if (typeof key === "number") return key;
  // "__proto__" would change an object instead of being stored in it.
  if (typeof key === "string" && key !== "__proto__") return key;
  throw new CborRefused("keyType");
}

function checkOrder(previous: Uint8Array, next: Uint8Array): void {
  const order = compareBytes(previous, next);
  if (order === 0) throw new CborRefused("duplicateKey");
  if (order > 0) throw new CborRefused("keyOrder");
}

/** Every item takes at least one byte, so a count beyond what is left is a bomb or a truncation. */
function countOf(input: Input, count: number | bigint, depth: number, bytesPerItem: number): number {
  if (depth > input.depthMax) throw new CborRefused("tooDeep");
  if (typeof count === "bigint" || count * bytesPerItem > input.bytes.length - input.at) {
    throw new CborRefused("truncated");
  }
  return count;
}

function readByte(input: Input): number {
  const byte = input.bytes[input.at];
  if (byte === undefined) throw new CborRefused("truncated");
  input.at++;
  return byte;
}

function readBytes(input: Input, length: number | bigint): Uint8Array {
  if (typeof length === "bigint" || length > input.bytes.length - input.at) throw new CborRefused("truncated");
  const start = input.at;
  input.at += length;
  return input.bytes.subarray(start, input.at);
}
