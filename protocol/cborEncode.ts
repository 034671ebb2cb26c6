import {
  ARRAY,
  BYTES,
  CBOR_DEPTH_MAX,
  CborRefused,
  INTEGER_MAX,
  INTEGER_MIN,
  MAP,
  NEGATIVE,
  TEXT,
  UNSIGNED,
  compareBytes,
  sameBytes,
} from "./cborValue.ts";
import type { CborKey, CborValue } from "./cborValue.ts";

/** The one encoding of `value`. Throws CborRefused when the value has none (float, undefined, lone surrogate, depth > 8). */
export function encodeCbor(value: CborValue): Uint8Array {
  const out: Output = { bytes: new Uint8Array(512), length: 0 };
  writeValue(out, value, 0);
  return out.bytes.slice(0, out.length);
}

const encoder = new TextEncoder();

interface Output {
  bytes: Uint8Array;
  length: number;
}

function writeValue(out: Output, value: CborValue, depth: number): void {
  switch (typeof value) {
    case "number":
    case "bigint":
      writeInteger(out, value);
      return;
    case "string":
      writeText(out, value);
      return;
    case "boolean":
      push(out, value ? 0xf5 : 0xf4);
      return;
    case "object":
      if (value === null) push(out, 0xf6);
      else if (value instanceof Uint8Array) writeBytes(out, BYTES, value);
      else writeContainer(out, value, depth + 1);
      return;
    case "undefined":
    case "function":
    case "symbol":
      throw new CborRefused("value");
  }
}

function writeContainer(out: Output, value: Extract<CborValue, object>, depth: number): void {
  if (depth > CBOR_DEPTH_MAX) throw new CborRefused("tooDeep");
  if (Array.isArray(value)) {
    writeHead(out, ARRAY, value.length);
    for (const item of value as CborValue[]) writeValue(out, item, depth);
    return;
  }
  const entries = entriesOf(value as CborMap);
  writeHead(out, MAP, entries.length);
  if (entries.every((entry) => typeof entry[0] === "number")) writeNumbered(out, entries, depth);
  else writeKeyed(out, entries, depth);
}

type CborMap = ReadonlyMap<CborKey, CborValue> | Readonly<Record<string, CborValue>>;

function entriesOf(map: CborMap): [CborKey, CborValue][] {
  if (isMap(map)) return [...map];
  const prototype: unknown = Object.getPrototypeOf(map);
  if (prototype !== Object.prototype && prototype !== null) throw new CborRefused("value");
  return Object.entries(map);
}

function isMap(map: CborMap): map is ReadonlyMap<CborKey, CborValue> {
  return map instanceof Map;
}

/** Integer keys sort without being encoded: 0, 1, 2 … then -1, -2 … A Map cannot hold one number twice. */
function writeNumbered(out: Output, entries: [CborKey, CborValue][], depth: number): void {
  const numbered = entries as [number, CborValue][];
  numbered.sort(([a], [b]) => (a < 0 === b < 0 ? Math.abs(a) - Math.abs(b) : b - a));
  for (const [key, item] of numbered) {
    writeInteger(out, key);
    writeValue(out, item, depth);
  }
}

function writeKeyed(out: Output, entries: [CborKey, CborValue][], depth: number): void {
  const encoded = entries.map(([key, item]) => [encodeKey(key), item] as const);
  encoded.sort((a, b) => compareBytes(a[0], b[0]));
  let previous: Uint8Array | undefined;
  for (const [key, item] of encoded) {
    if (previous !== undefined && sameBytes(previous, key)) throw new CborRefused("duplicateKey");
    previous = key;
    append(out, key);
    writeValue(out, item, depth);
  }
}

function encodeKey(key: unknown): Uint8Array {
  const out: Output = { bytes: new Uint8Array(32), length: 0 };
  if (typeof key === "number") writeInteger(out, key);
  else if (typeof key === "string" && key !== "__proto__") writeText(out, key);
  else throw new CborRefused("keyType");
  return out.bytes.subarray(0, out.length);
}

function writeInteger(out: Output, value: number | bigint): void {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new CborRefused("value");
    if (value >= 0) writeHead(out, UNSIGNED, value);
    else writeHead(out, NEGATIVE, -1 - value);
    return;
  }
  if (value > INTEGER_MAX || value < INTEGER_MIN) throw new CborRefused("integerRange");
  const magnitude = value >= 0n ? value : -1n - value;
  const major = value >= 0n ? UNSIGNED : NEGATIVE;
  if (magnitude <= 0xffff_ffffn) {
    writeHead(out, major, Number(magnitude));
    return;
  }
  reserve(out, 9);
  push(out, (major << 5) | 27);
  new DataView(out.bytes.buffer).setBigUint64(out.length, magnitude);
  out.length += 8;
}

function writeText(out: Output, text: string): void {
  if (!text.isWellFormed()) throw new CborRefused("utf8");
  if (text.normalize("NFC") !== text) throw new CborRefused("notNfc");
  writeBytes(out, TEXT, encoder.encode(text));
}

function writeBytes(out: Output, major: number, bytes: Uint8Array): void {
  writeHead(out, major, bytes.length);
  append(out, bytes);
}

function writeHead(out: Output, major: number, argument: number): void {
  const top = major << 5;
  if (argument < 24) {
    push(out, top | argument);
  } else if (argument < 0x100) {
    push(out, top | 24);
    push(out, argument);
  } else if (argument < 0x1_0000) {
    push(out, top | 25);
    push(out, argument >>> 8);
    push(out, argument & 0xff);
  } else {
    writeWideHead(out, top, argument);
  }
}

function writeWideHead(out: Output, top: number, argument: number): void {
  reserve(out, 9);
  const view = new DataView(out.bytes.buffer);
  if (argument < 0x1_0000_0000) {
    push(out, top | 26);
    view.setUint32(out.length, argument);
    out.length += 4;
  } else {
    push(out, top | 27);
    view.setBigUint64(out.length, BigInt(argument));
    out.length += 8;
  }
}

function push(out: Output, byte: number): void {
  reserve(out, 1);
  out.bytes[out.length++] = byte;
}

function append(out: Output, bytes: Uint8Array): void {
  reserve(out, bytes.length);
  out.bytes.set(bytes, out.length);
  out.length += bytes.length;
}

function reserve(out: Output, count: number): void {
  if (out.length + count <= out.bytes.length) return;
  const grown = new Uint8Array(Math.max(out.bytes.length * 2, out.length + count));
  grown.set(out.bytes.subarray(0, out.length));
  out.bytes = grown;
}
