import { open, type RootDatabase } from "lmdb";
import { mkdirSync } from "node:fs";

export type Store = RootDatabase<Buffer, Buffer>;

const MAP_BYTES_MAX = 256 * 1024 ** 3;

/** Opens an LMDB environment of raw bytes. Commits are grouped by the callers; durability is `await store.flushed`. */
export function openStore(path: string): Store {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return open<Buffer, Buffer>({
    path,
    encoding: "binary",
    keyEncoding: "binary",
    mapSize: MAP_BYTES_MAX,
    // A file of our own name space, not a directory guessed from the extension.
    noSubdir: false,
  });
}

/** A view of the same bytes as a Buffer, without copying. */
export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
