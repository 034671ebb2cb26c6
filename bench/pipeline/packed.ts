const BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * Many byte strings in a few large buffers outside the heap. As objects of their own they would make the collector of
 * the load generator stop it for tens of milliseconds now and then, and what it then sends at once would be measured as
 * if the relayer had been slow.
 */
export interface Packed {
  readonly count: number;
  /** Undefined beyond the last one. */
  readonly at: (index: number) => Uint8Array | undefined;
}

export function pack(count: number, make: (index: number) => Uint8Array): Packed {
  const blocks: Uint8Array[] = [];
  const [blockOf, startOf, endOf] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)];
  let used = BLOCK_BYTES;
  for (let i = 0; i < count; i += 1) {
    const bytes = make(i);
    if (used + bytes.length > BLOCK_BYTES) {
      blocks.push(new Uint8Array(Math.max(BLOCK_BYTES, bytes.length)));
      used = 0;
    }
    blocks.at(-1)?.set(bytes, used);
    [blockOf[i], startOf[i], endOf[i]] = [blocks.length - 1, used, used + bytes.length];
    used += bytes.length;
  }
  return { count, at: (i) => blocks[blockOf[i] ?? blocks.length]?.subarray(startOf[i], endOf[i]) };
}
