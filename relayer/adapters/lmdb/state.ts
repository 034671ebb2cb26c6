import { Fault } from "../../errors.ts";
import { mkdirSync } from "node:fs";
import type { CopyableState, Row } from "../../ports.ts";
import { asBuffer, commit, openStore } from "./store.ts";

/** The state in one LMDB environment; one commit is one transaction, and it resolves after the fsync. */
export function openLmdbState(path: string): CopyableState {
  const store = openStore(path);
  let isClosed = false;
  // Whoever still answers or compares while a node closes gets a fault that it knows, not the library's error.
  const requireOpen = (): void => {
    if (isClosed) throw new Fault("STATE_UNAVAILABLE", "it is closed");
  };
  return {
    get(key) {
      requireOpen();
      const value = store.get(asBuffer(key));
      return value === undefined ? undefined : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    },
    range(bounds) {
      requireOpen();
      const rows: Row[] = [];
      const [start, end] = bounds.reverse === true ? [bounds.to, bounds.from] : [bounds.from, bounds.to];
      for (const { key, value } of store.getRange({
        start: asBuffer(start),
        end: asBuffer(end),
        limit: bounds.limit,
        reverse: bounds.reverse ?? false,
        // Descending, LMDB would take the upper bound and leave the lower one out: ours is the other way round.
        ...(bounds.reverse === true ? { exclusiveStart: true, inclusiveEnd: true } : {}),
      })) {
        rows.push({ key: new Uint8Array(key), value: new Uint8Array(value) });
      }
      return rows;
    },
    async commit(writes) {
      requireOpen();
      try {
        await commit(store, writes);
      } catch (error) {
        throw new Fault("STATE_UNAVAILABLE", String(error));
      }
    },
    async copyTo(folder) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // Compacted: pages that were given back, with what they held, are not part of it.
      await store.backup(folder, true);
      const copy = openLmdbState(folder);
      await prime(copy);
      await copy.close();
    },
    close() {
      isClosed = true;
      return store.close();
    },
  };
}

/** A key of no table. */
const NO_ROW = Uint8Array.of(0);

/**
 * To be called for a compacted copy before it is used. It has no free pages yet, and the library ends the process with
 * SIGSEGV (mdb_freelist_save) when the first commit gives back more of them than fit into one node: a small one goes
 * before it. The rows are the same afterwards.
 */
export async function prime(copy: Pick<CopyableState, "commit">): Promise<void> {
  await copy.commit([{ key: NO_ROW, value: NO_ROW }]);
  await copy.commit([{ key: NO_ROW, value: undefined }]);
}
