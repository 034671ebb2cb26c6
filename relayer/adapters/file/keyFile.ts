import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

/**
 * What the key file holds; base64. Losing it makes every user's data unreadable, leaking it makes it readable: back it
 * up apart from the data, and again after each change of the vault key: an older copy opens what was erased since.
 */
export interface KeyFile {
  readonly version: 2;
  readonly node: string;
  readonly directory: string;
  /** Oldest first. */
  readonly vault: readonly VaultKey[];
}

export interface VaultKey {
  readonly epoch: number;
  readonly key: string;
  /** When it was made, in milliseconds. */
  readonly since: number;
}

const key32 = z.base64().length(44);
const vaultKey = z.object({ epoch: z.int().min(1), key: key32, since: z.int().min(0) });
const versions = z.discriminatedUnion("version", [
  z.object({ version: z.literal(1), node: key32, directory: key32, vault: key32 }),
  z.object({ version: z.literal(2), node: key32, directory: key32, vault: z.array(vaultKey).min(1) }),
]);

const random = (): string => randomBytes(32).toString("base64");

export const freshKeys = (now: number): KeyFile => ({
  version: 2,
  node: random(),
  directory: random(),
  vault: [{ epoch: 1, key: random(), since: now }],
});

/** Reads a key file of any version; an older one is told as what it would be in the newest. */
export function readKeys(path: string, now: number): { readonly file: KeyFile; readonly isOld: boolean } {
  const parsed = versions.safeParse(JSON.parse(readFileSync(path, "utf8")));
  // Nothing of its content may be in what is said about it.
  if (!parsed.success) throw new Error(`${path} is not a key file`);
  const file = parsed.data;
  if (file.version === 2) return { file, isOld: false };
  return { file: { ...file, version: 2, vault: [{ epoch: 1, key: file.vault, since: now }] }, isOld: true };
}

/**
 * Written whole or not at all: a temporary file, fsync, rename, fsync of the folder. Then the bytes of the file before
 * are overwritten where they were: what a disk of its own mind keeps of them is beyond us. A copy that somebody has made
 * by a link is theirs, and stays.
 */
export function writeKeys(path: string, file: KeyFile): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const before = existsSync(path) ? openSync(path, "r+") : undefined;
  const fresh = openSync(`${path}.new`, "w", 0o600);
  writeSync(fresh, `${JSON.stringify(file, undefined, 2)}\n`);
  fsyncSync(fresh);
  closeSync(fresh);
  renameSync(`${path}.new`, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
  if (before !== undefined) overwrite(before);
}

function overwrite(handle: number): void {
  const { size, nlink } = fstatSync(handle);
  if (nlink === 0) {
    writeSync(handle, new Uint8Array(size), 0, undefined, 0);
    fsyncSync(handle);
  }
  closeSync(handle);
}
