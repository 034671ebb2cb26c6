/**
 * How far a node had applied each partition when it answered: given back with a later read on any node, that read sees
 * at least as much. Six bytes per partition, base64url; opaque to clients, who may only merge two of them.
 */

const ROW_BYTES = 6;
const PARTITIONS_MAX = 1_024;

export function encodePosition(applied: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(applied.length * ROW_BYTES));
  for (const [partition, seq] of applied.entries()) {
    view.setUint16(partition * ROW_BYTES, Math.floor(seq / 2 ** 32));
    view.setUint32(partition * ROW_BYTES + 2, seq % 2 ** 32);
  }
  let text = "";
  for (const byte of new Uint8Array(view.buffer)) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Undefined for anything that is not a position. */
export function decodePosition(text: string): readonly number[] | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length > (PARTITIONS_MAX * ROW_BYTES * 4) / 3) return undefined;
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
  if (bytes.length % ROW_BYTES !== 0) return undefined;
  const view = new DataView(bytes.buffer);
  return Array.from(
    { length: bytes.length / ROW_BYTES },
    (_, partition) => view.getUint16(partition * ROW_BYTES) * 2 ** 32 + view.getUint32(partition * ROW_BYTES + 2),
  );
}

/** The position that is at least both; a position that cannot be read counts for nothing. */
export function laterPosition(a: string, b: string): string {
  const [one = [], other = []] = [decodePosition(a), decodePosition(b)];
  const length = Math.max(one.length, other.length);
  return encodePosition(Array.from({ length }, (_, i) => Math.max(one[i] ?? 0, other[i] ?? 0)));
}
