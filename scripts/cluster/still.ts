import { isDeepStrictEqual } from "node:util";

const READS_MAX = 5;

/**
 * Reads what others may change meanwhile: again, until its bounds after the reading are those from before. Rejects when
 * it never is still: a verdict on half of one moment and half of another would be none.
 */
export async function readStill<Bounds, Value>(
  boundsNow: () => Promise<Bounds>,
  read: (bounds: Bounds) => Promise<Value>,
): Promise<Value> {
  let before = await boundsNow();
  for (let reads = 1; reads <= READS_MAX; reads += 1) {
    const value = await read(before);
    const after = await boundsNow();
    if (isDeepStrictEqual(before, after)) return value;
    before = after;
  }
  throw new Error(`what is read changed during each of ${READS_MAX} readings`);
}
