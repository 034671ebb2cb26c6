/** Keeps the newest `max` entries of a map that is filled in order: a Map remembers the order of insertion. */
export function keepNewest(entries: Map<unknown, unknown>, max: number): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= max) return;
    entries.delete(oldest);
  }
}
