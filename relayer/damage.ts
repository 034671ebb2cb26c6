import { execFile } from "node:child_process";
import { existsSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { LOCK_FILE, ROWS_FILE, sync } from "./adapters/file/folder.ts";
import { sealFolder, sealOf } from "./seal.ts";
import { Fault } from "./errors.ts";

/**
 * What a node does about a database of its own that is not what it has written. The state is made again from the log or
 * from another node, so it is moved aside, never deleted, and the node starts without it. What a journal or a lone
 * node's log holds, nobody else does: the node refuses to start, and changes nothing.
 */

const STATE = "state";
const NOWHERE_ELSE = ["journal", "log"];

/** To be called before the stores of a data folder are opened. */
export async function settleDamage(
  dataDir: string,
  partitions: number,
  onFault: (error: unknown) => void,
): Promise<void> {
  const [state, ...others] = await Promise.all(
    [STATE, ...NOWHERE_ELSE].map((name) => damageIn(join(dataDir, name), name === STATE ? partitions : 0)),
  );
  // These first: a node that refuses has not touched its state either.
  for (const [i, damage] of others.entries())
    if (damage !== undefined) throw new Fault("STORE_DAMAGED", `${NOWHERE_ELSE[i] ?? ""}: ${damage}`);
  if (state === undefined) return;
  const aside = freeName(join(dataDir, "state.damaged"));
  renameSync(join(dataDir, STATE), aside);
  sync(dataDir);
  onFault(new Fault("STATE_DAMAGED", `${state}; it is in ${aside} now`));
}

/** To be called when the stores of a data folder have been closed: what is opened next must be what is there now. */
export async function sealStores(dataDir: string): Promise<void> {
  const there = [STATE, ...NOWHERE_ELSE].map((name) => join(dataDir, name)).filter((folder) => existsSync(folder));
  await Promise.all(there.map(sealFolder));
}

/** A sealed folder is compared byte by byte; one that was left open by a crash is read, row by row. */
async function damageIn(folder: string, partitions: number): Promise<string | undefined> {
  const seal = await sealOf(folder);
  if (seal === "broken") return "its bytes are not those it was closed with";
  const wasOpened = existsSync(join(folder, LOCK_FILE));
  if (seal === "whole" || !wasOpened) return undefined;
  const rows = join(folder, ROWS_FILE);
  if (!existsSync(rows) || statSync(rows).size === 0) return `${ROWS_FILE} is gone`;
  return walk(folder, partitions);
}

const WALK_MS_MAX = 600_000;
/** How a process ends that reads a page which is not there, or whose bytes lead nowhere. */
const ENDED_BY_DAMAGE: readonly (string | null | undefined)[] = ["SIGBUS", "SIGSEGV", "SIGABRT", "SIGILL", "SIGTRAP"];

async function walk(folder: string, partitions: number): Promise<string | undefined> {
  const args = ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "walk.ts"), folder];
  try {
    await promisify(execFile)(process.execPath, [...args, String(partitions)], { timeout: WALK_MS_MAX });
    return undefined;
  } catch (error) {
    const { code, stderr, signal } = error as { code?: unknown; stderr?: string; signal?: string | null };
    // Stopped by somebody, out of time or of memory: that says nothing about the rows.
    if (typeof code !== "number" && !ENDED_BY_DAMAGE.includes(signal))
      throw new Fault("STORE_UNREAD", `${folder}: ${signal ?? String(code)}`);
    const told = stderr?.split("\n").find((line) => line.trim() !== "");
    return told?.slice(0, 200) ?? `reading it ended with ${signal ?? "an error"}`;
  }
}

function freeName(path: string): string {
  for (let n = 1; ; n += 1) if (!existsSync(`${path}-${n}`)) return `${path}-${n}`;
}
