import type { Row, StateView, Write } from "../ports.ts";

let lastKey: Uint8Array | undefined;
let lastName = "";

/**
 * A key as the name of its row in a map. A read goes down through several maps with the same key, so the last name is
 * remembered; keys are never written to once they are made.
 */
export function rowName(key: Uint8Array): string {
  if (key === lastKey) return lastName;
  const bytes = Buffer.isBuffer(key) ? key : Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  lastName = bytes.toString("latin1");
  lastKey = key;
  return lastName;
}

/** A range of a view with writes laid over it, the later ones on top. For few writes: all of them are looked at. */
export function rangeOver(
  below: StateView,
  above: readonly ReadonlyMap<string, Write>[],
  bounds: Parameters<StateView["range"]>[0],
): readonly Row[] {
  const here = above
    .flatMap((writes) => [...writes])
    .filter(([, { key }]) => Buffer.compare(key, bounds.from) >= 0 && Buffer.compare(key, bounds.to) < 0);
  if (here.length === 0) return below.range(bounds);
  // Rows that are removed above may hide as many below.
  const found = below.range({ ...bounds, limit: bounds.limit + here.length });
  const rows = new Map<string, Row>(found.map((row) => [rowName(row.key), row]));
  for (const [name, { key, value }] of here) {
    if (value === undefined) rows.delete(name);
    else rows.set(name, { key, value });
  }
  const ascending = [...rows.values()].sort((a, b) => Buffer.compare(a.key, b.key));
  if (bounds.reverse === true) ascending.reverse();
  return ascending.slice(0, bounds.limit);
}
