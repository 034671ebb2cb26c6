/** 0x-prefixed lower-case hex; used at the edges only (JSON, the EVM, people). */
export type Hex = `0x${string}`;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function toHex(bytes: Uint8Array): Hex {
  let text = "";
  for (const byte of bytes) text += HEX[byte] ?? "";
  return `0x${text}`;
}

/** Bytes of a 0x-prefixed, even-length hex string; undefined when it is not one. */
export function fromHex(text: string): Uint8Array | undefined {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(text)) return undefined;
  const bytes = new Uint8Array((text.length - 2) / 2);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = Number.parseInt(text.slice(2 + 2 * i, 4 + 2 * i), 16);
  return bytes;
}

const PAGE_BYTES = 16 * 1024;
let page = new Uint8Array(0);
let used = 0;

/**
 * Zeroed bytes of their own, cut from a page that small ones share: a buffer for each costs more than filling it. What
 * was cut is never given out again. `buffer` is the page's, so a view of it needs the offset too.
 */
export function allocate(size: number): Uint8Array {
  if (size > PAGE_BYTES / 8) return new Uint8Array(size);
  if (used + size > page.length) [page, used] = [new Uint8Array(PAGE_BYTES), 0];
  const bytes = page.subarray(used, used + size);
  used += size;
  return bytes;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const whole = allocate(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Same length and same bytes. Not constant time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/** ASCII text as bytes, for domain-separation tags. */
export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An unsigned integer as big-endian bytes of a fixed width; throws when it does not fit. */
export function uintToBytes(value: bigint, width: number): Uint8Array {
  if (value < 0n || value >> BigInt(8 * width) !== 0n) throw new RangeError(`${value} does not fit ${width} bytes`);
  const bytes = new Uint8Array(width);
  for (let i = width - 1, rest = value; rest > 0n; i -= 1, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

export function bytesToUint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(toHex(bytes));
}
