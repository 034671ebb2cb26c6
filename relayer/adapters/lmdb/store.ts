import { open, type RootDatabase } from "lmdb";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";

export type Store = RootDatabase<Buffer, Buffer>;

const MAP_BYTES_MAX = 256 * 1024 ** 3;

/** Says of a closed environment what its bytes are; see relayer/seal.ts. */
export const SEAL_FILE = "seal.json";

/** Whoever opens a store may write to it: from then on the seal says nothing, and must not come back after a crash. */
function breakSeal(path: string): void {
  const seal = join(path, SEAL_FILE);
  if (!existsSync(seal)) return;
  rmSync(seal);
  const folder = openSync(path, "r");
  fsyncSync(folder);
  closeSync(folder);
}

/** Opens an LMDB environment of raw bytes; writes go through `commit`. */
export function openStore(path: string): Store {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  breakSeal(path);
  return open<Buffer, Buffer>({
    path,
    encoding: "binary",
    keyEncoding: "binary",
    mapSize: MAP_BYTES_MAX,
    // A file of our own name space, not a directory guessed from the extension.
    noSubdir: false,
    // A commit is answered after its own fsync, so a disk that fails to write is heard of by whoever waits.
    overlappingSync: false,
    // Each `batch` is its own transaction. Gathering those of a turn too makes a promise that nobody can catch when a
    // commit fails, which ends the process.
    eventTurnBatching: false,
  });
}

/** `value` undefined removes the row. */
export interface StoreWrite {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/**
 * One transaction, on disk when it resolves; none of it is there when it rejects. The writer's own thread does the
 * work: the library's `transaction(callback)` would do it on this one, and never answers once the disk has failed.
 */
export async function commit(store: Store, writes: readonly StoreWrite[]): Promise<void> {
  if (writes.length === 0) return;
  try {
    await store.batch(() => {
      for (const { key, value } of writes)
        void (value === undefined ? store.remove(asBuffer(key)) : store.put(asBuffer(key), asBuffer(value)));
    });
  } catch (error) {
    throw await causeOf(error);
  }
}

/** The library says only that a commit failed, and keeps the cause in a promise of its own. */
function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { readonly commitError?: Promise<unknown> };
  return (commitError ?? Promise.resolve()).then(() => error).catch((cause: unknown) => cause);
}

/** A view of the same bytes as a Buffer, without copying. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
