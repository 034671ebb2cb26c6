import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { hashRows, replaceDurably, ROWS_FILE } from "./adapters/file/folder.ts";
import { SEAL_FILE } from "./adapters/lmdb/store.ts";

/**
 * What a closed folder of rows is sealed with: their size and hash. The store's pages carry no checksum, so this is what
 * tells that the bytes that are opened are the bytes that were closed. A folder that is open, or whose process was
 * killed, has no seal.
 */

/** What is hashed while a node stops, which has its own limit of time. A larger folder is read at the start instead. */
const SEALED_BYTES_MAX = 1024 ** 3;

/** To be called after the store was closed. A crash meanwhile leaves the folder without a seal, which is no harm. */
export async function sealFolder(folder: string): Promise<void> {
  if (statSync(join(folder, ROWS_FILE)).size > SEALED_BYTES_MAX) return;
  replaceDurably(join(folder, SEAL_FILE), `${JSON.stringify(await sumOf(folder))}\n`);
}

/** Whether the rows are those that were sealed. */
export async function sealOf(folder: string): Promise<"none" | "whole" | "broken"> {
  const path = join(folder, SEAL_FILE);
  if (!existsSync(path)) return "none";
  const sum = existsSync(join(folder, ROWS_FILE)) ? await sumOf(folder) : undefined;
  return readFileSync(path, "utf8") === `${JSON.stringify(sum)}\n` ? "whole" : "broken";
}

async function sumOf(folder: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const { bytes, sha256 } = await hashRows(folder);
  return { bytes, sha256: Buffer.from(sha256).toString("hex") };
}
