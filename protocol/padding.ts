/** ISO/IEC 7816-4 padding to a few size classes, so that a ciphertext tells only its class. */

/** Padded sizes; the index is the size class of the header. */
export const sizeClassBytes = [1024, 4096, 16_384, 65_536, 262_144, 1_048_576] as const;

const MARK = 0x80;

/** The smallest class that holds `length` bytes and the mark; undefined above 1 MiB - 1. */
export function sizeClassOf(length: number): number | undefined {
  const sizeClass = sizeClassBytes.findIndex((bytes) => length < bytes);
  return sizeClass < 0 ? undefined : sizeClass;
}

/** `data`, the mark, zeros up to the size of the class. Throws RangeError when the class is too small. */
export function pad(data: Uint8Array, sizeClass: number): Uint8Array {
  const size = sizeClassBytes[sizeClass];
  if (size === undefined || data.length >= size) throw new RangeError("the size class does not hold the data");
  const padded = new Uint8Array(size);
  padded.set(data);
  padded[data.length] = MARK;
  return padded;
}

/**
 * The data of a padded block; undefined when it is not what `pad` makes: wrong length, no mark, or a class larger than
 * needed. Only called on authenticated bytes, so its timing tells nothing to an outsider.
 */
export function unpad(padded: Uint8Array, sizeClass: number): Uint8Array | undefined {
  if (padded.length !== sizeClassBytes[sizeClass]) return undefined;
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end--;
  if (end < 0 || padded[end] !== MARK || sizeClassOf(end) !== sizeClass) return undefined;
  return padded.slice(0, end);
}
