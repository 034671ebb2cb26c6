import type { Journal } from "../../ports.ts";
import { commit, openStore } from "./store.ts";

/** A node's own durable map; small, so all of it is also kept in memory. */
export function openLmdbJournal(path: string): Journal {
  const store = openStore(path);
  const rows = new Map(
    [...store.getRange({})].map(({ key, value }) => [key.toString("utf8"), value.toString("utf8")] as const),
  );
  return {
    get: (key) => rows.get(key),
    entries: () => [...rows],
    async put(changes) {
      await commit(
        store,
        changes.map(([key, value]) => ({
          key: Buffer.from(key),
          value: value === undefined ? undefined : Buffer.from(value),
        })),
      );
      for (const [key, value] of changes) {
        if (value === undefined) rows.delete(key);
        else rows.set(key, value);
      }
    },
    close: () => store.close(),
  };
}
