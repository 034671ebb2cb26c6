import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

/** What it takes to put whole folders onto a disk so that a crash leaves all of one or nothing. */

/** The one file of an LMDB environment that holds its rows. */
export const ROWS_FILE = "data.mdb";
/** Beside it as soon as the environment was opened once. */
export const LOCK_FILE = "lock.mdb";

export function sync(path: string): void {
  const handle = openSync(path, "r");
  fsyncSync(handle);
  closeSync(handle);
}

/** Puts a finished folder of rows in its place: its bytes are on disk before its name says that it is whole. */
export function placeFolder(from: string, to: string): void {
  rmSync(join(from, LOCK_FILE), { force: true });
  sync(join(from, ROWS_FILE));
  sync(from);
  renameSync(from, to);
  sync(dirname(to));
}

export function writeDurably(path: string, text: string): void {
  const handle = openSync(path, "w", 0o600);
  writeSync(handle, text);
  fsyncSync(handle);
  closeSync(handle);
}

/** The file holds the old text or all of the new one, whenever it is read again. */
export function replaceDurably(path: string, text: string): void {
  writeDurably(`${path}.part`, text);
  renameSync(`${path}.part`, path);
  sync(dirname(path));
}

/** Size and SHA-256 of a folder's rows. */
export async function hashRows(folder: string): Promise<{ readonly bytes: number; readonly sha256: Uint8Array }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(join(folder, ROWS_FILE), {
    highWaterMark: 1 << 20,
  }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: new Uint8Array(hash.digest()) };
}

/**
 * How another state takes the place of a node's own. `part` is being written and worth nothing; `ready` is whole and
 * checked, and takes its place at the next start, whenever that is. The state before it is moved aside, not deleted.
 */
export interface Stage {
  readonly part: string;
  readonly ready: string;
}

export const stageOf = (dataDir: string): Stage => ({
  part: join(dataDir, "state.part"),
  ready: join(dataDir, "state.ready"),
});

/** Lets what was written and checked take its place at the next start, instead of whatever waits for that already. */
export function stage(dataDir: string): void {
  const { part, ready } = stageOf(dataDir);
  rmSync(ready, { recursive: true, force: true });
  placeFolder(part, ready);
}

/** To be called before a node's state is opened. Every line may be the last one that runs: it is called again. */
export function settleStage(dataDir: string): void {
  const { part, ready } = stageOf(dataDir);
  const [state, before] = [join(dataDir, "state"), join(dataDir, "state.before")];
  rmSync(part, { recursive: true, force: true });
  if (!existsSync(ready)) return;
  if (existsSync(state)) {
    rmSync(before, { recursive: true, force: true });
    renameSync(state, before);
  }
  renameSync(ready, state);
  sync(dataDir);
}
