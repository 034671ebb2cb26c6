import type { Journal } from "../../ports.ts";

/** A journal in memory, for tests. */
export function memoryJournal(): Journal {
  const rows = new Map<string, string>();
  return {
    get: (key) => rows.get(key),
    entries: () => [...rows],
    put(changes) {
      for (const [key, value] of changes) {
        if (value === undefined) rows.delete(key);
        else rows.set(key, value);
      }
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
