import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { toHex } from "../protocol/bytes.ts";
import { hashRows, placeFolder, ROWS_FILE, writeDurably } from "./adapters/file/folder.ts";
import { openLmdbState } from "./adapters/lmdb/state.ts";
import { manifestIn, placesOf, signManifest, type Manifest } from "./audit/snapshot.ts";
import type { Config } from "./config.ts";
import { systemClock } from "./ops/clock.ts";
import type { CopyableState, Keyring } from "./ports.ts";

/** Copies of this node's state, beside it. What the log and the kept records are trimmed behind, and others start from. */
export interface Snapshots {
  /** Takes one now; calls that come meanwhile get the same. */
  readonly take: () => Promise<Snapshot>;
  readonly newest: () => Snapshot | undefined;
  /** Bytes of a stored one; empty at its end, undefined once it is gone. */
  readonly read: (
    name: string,
    at: { readonly offset: number; readonly max: number },
  ) => Promise<Uint8Array | undefined>;
  readonly stop: () => Promise<void>;
}

export interface Snapshot {
  readonly name: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Whoever reads one may go on while a newer one is taken. */
const STORED_MAX = 2;
const LOOK_MS = 10_000;
export const MANIFEST_FILE = "manifest.json";

export function openSnapshots(
  config: Config,
  ports: {
    readonly state: CopyableState;
    readonly keyring: Pick<Keyring, "nodePublicKey" | "sign">;
    /** Whether the log has grown so much that the next one must not wait. */
    readonly isPressed: (newest: Manifest | undefined) => boolean;
    readonly onFault: (error: unknown) => void;
  },
): Snapshots {
  const home = join(config.MIDCHAIN_DATA_DIR, "snapshots");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  let stored = storedIn(home);
  let taking: Promise<Snapshot> | undefined;
  const take = (): Promise<Snapshot> =>
    (taking ??= takeOne(config, home, ports)
      .then((snapshot) => {
        const all = [...stored, snapshot];
        for (const old of all.slice(0, -STORED_MAX)) rmSync(old.folder, { recursive: true, force: true });
        stored = all.slice(-STORED_MAX);
        return snapshot;
      })
      .finally(() => (taking = undefined)));
  const newest = (): Snapshot | undefined => stored.at(-1);
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  const startedAt = systemClock.now();
  const intervalMs = config.MIDCHAIN_SNAPSHOT_MINUTES * 60_000;
  const running = intervalMs === 0 ? Promise.resolve() : keepTaking();

  async function keepTaking(): Promise<void> {
    for (;;) {
      await systemClock.sleep(LOOK_MS, stopping.signal);
      if (isStopping()) return;
      const last = newest()?.manifest;
      const since = last === undefined ? startedAt : Date.parse(last.takenAt);
      const isDue = systemClock.now() - since >= intervalMs;
      if (isDue || ports.isPressed(last)) await take().catch(ports.onFault);
    }
  }
  return {
    take,
    newest,
    read: (name, at) => readPart(stored.find((one) => one.name === name)?.folder, at),
    async stop() {
      stopping.abort();
      await running;
      await taking?.catch(() => undefined);
    },
  };
}

async function readPart(
  folder: string | undefined,
  { offset, max }: { readonly offset: number; readonly max: number },
): Promise<Uint8Array | undefined> {
  if (folder === undefined) return undefined;
  const file = await open(join(folder, ROWS_FILE), "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(max), 0, max, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Whole ones, the oldest first; what a crash left unfinished is removed. */
function storedIn(home: string): readonly Snapshot[] {
  return readdirSync(home)
    .sort()
    .flatMap((name): Snapshot[] => {
      const folder = join(home, name);
      const file = join(folder, MANIFEST_FILE);
      const manifest = existsSync(file) ? manifestIn(readFileSync(file, "utf8")) : undefined;
      if (manifest !== undefined && !name.endsWith(PART)) return [{ name, folder, manifest }];
      rmSync(folder, { recursive: true, force: true });
      return [];
    });
}

const PART = ".part";

async function takeOne(
  config: Config,
  home: string,
  { state, keyring }: { readonly state: CopyableState; readonly keyring: Pick<Keyring, "nodePublicKey" | "sign"> },
): Promise<Snapshot> {
  const takenAt = new Date(systemClock.now()).toISOString();
  const name = takenAt.replaceAll(/[^0-9TZ]/g, "");
  const folder = join(home, name);
  const part = `${folder}${PART}`;
  try {
    await state.copyTo(part);
  } catch (error) {
    // It is tried again soon: what a full disk has taken of each try must not stay.
    rmSync(part, { recursive: true, force: true });
    throw error;
  }
  const copy = openLmdbState(part);
  const partitions = placesOf(copy, config.MIDCHAIN_PARTITIONS);
  await copy.close();
  const { bytes, sha256 } = await hashRows(part);
  const manifest = signManifest(
    {
      version: 1,
      network: config.MIDCHAIN_NETWORK,
      chain: config.MIDCHAIN_CHAIN_ID,
      ledger: config.MIDCHAIN_LEDGER,
      takenAt,
      node: toHex(keyring.nodePublicKey),
      bytes,
      sha256: toHex(sha256),
      partitions: [...partitions],
    },
    (message) => keyring.sign(message),
  );
  writeDurably(join(part, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 1)}\n`);
  // A crash before this leaves a folder that the next start removes.
  placeFolder(part, folder);
  return { name, folder, manifest };
}
