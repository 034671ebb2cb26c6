import type { Journal } from "../../ports.ts";
import { openStore } from "./store.ts";

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
      await store.transaction(() => {
        for (const [key, value] of changes) {
          if (value === undefined) store.removeSync(Buffer.from(key));
          else store.putSync(Buffer.from(key), Buffer.from(value));
        }
      });
      await store.flushed;
      for (const [key, value] of changes) {
        if (value === undefined) rows.delete(key);
        else rows.set(key, value);
      }
    },
    close: () => store.close(),
  };
}
