import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toHex } from "../protocol/bytes.ts";
import { ROWS_FILE, stage, stageOf } from "./adapters/file/folder.ts";
import { openFileKeyring } from "./adapters/file/keyring.ts";
import { readExtents } from "./adapters/jetstream/extents.ts";
import { openLmdbState, prime } from "./adapters/lmdb/state.ts";
import { openAnchors } from "./adapters/viem/anchors.ts";
import { manifestIn, type Manifest } from "./audit/snapshot.ts";
import type { Config } from "./config.ts";
import { checkBytes, checkManifest, checkRows } from "./copies.ts";
import { Fault } from "./errors.ts";
import { memberKey } from "./midc/apply.ts";
import { nodeIdOf } from "./midc/record.ts";
import type { StateView } from "./ports.ts";
import { checkWraps } from "./privacy/wraps.ts";
import { MANIFEST_FILE } from "./snapshots.ts";
import { accessOf, genesisOf } from "./stores.ts";

/** How a node gets its state back from a backup: all of it, at its next start, or nothing of it. */

export interface Restored {
  readonly manifest: Manifest;
  /** Partitions whose log does not go on from the backup: what came after it is gone. */
  readonly withoutLog: readonly number[];
}

export function readManifest(folder: string): Manifest {
  const file = join(folder, MANIFEST_FILE);
  const manifest = existsSync(file) ? manifestIn(readFileSync(file, "utf8")) : undefined;
  if (manifest === undefined) throw new Fault("BACKUP_DAMAGED", `no readable ${MANIFEST_FILE} in ${folder}`);
  return manifest;
}

export interface Prepared extends Restored {
  /** Leaves the copy where the node's next start takes it from. */
  readonly stage: () => void;
}

/**
 * Copies a backup beside the node's state and checks the copy against itself, this node's keys, the chain and the logs.
 * The node may be running meanwhile: it notices nothing, and nothing of it is changed before `stage`.
 */
export async function prepareBackup(
  folder: string,
  config: Config,
  options: { readonly withoutLog: boolean },
): Promise<Prepared> {
  const manifest = readManifest(folder);
  checkManifest(manifest, config);
  const { part } = stageOf(config.MIDCHAIN_DATA_DIR);
  mkdirSync(part, { recursive: true, mode: 0o700 });
  cpSync(join(folder, ROWS_FILE), join(part, ROWS_FILE));
  await checkBytes(part, manifest);
  const copy = openLmdbState(part);
  let missing: readonly number[];
  try {
    const older = checkKeys(copy, manifest, config);
    const anchors = openAnchors(config.MIDCHAIN_RPC_URLS, fromHex(config.MIDCHAIN_LEDGER) ?? new Uint8Array(20));
    const behind = await checkRows(copy, manifest, { anchors, config });
    // Whatever version has made it.
    await prime(copy);
    missing = withoutLog(manifest, { logs: await logsOf(config), behind, older, allowed: options.withoutLog });
  } finally {
    await copy.close();
  }
  const stagePart = (): void => {
    stage(config.MIDCHAIN_DATA_DIR);
  };
  return { manifest, withoutLog: missing, stage: stagePart };
}

/**
 * Signed by a member, and this node's vault keys open what is wrapped in it. Answers in which partitions users' keys are
 * wrapped under a vault key that has been destroyed since: those must get newer wraps from the log.
 */
function checkKeys(view: StateView, manifest: Manifest, config: Config): ReadonlySet<number> {
  const path = join(config.MIDCHAIN_DATA_DIR, "keys.json");
  if (!existsSync(path)) throw new Fault("VAULT_KEY_MISSING", `put the node's keys.json to ${path} first`);
  const keyring = openFileKeyring(path);
  const signer = nodeIdOf(fromHex(manifest.node) ?? new Uint8Array(32));
  if (memberKey(view, 0, signer, genesisOf(config, keyring)) === undefined)
    throw new Fault("BACKUP_FOREIGN", `${toHex(signer)} has signed it and is no member`);
  const { older, wrong, newer } = checkWraps(view, keyring, manifest.partitions.length);
  if (wrong) throw new Fault("VAULT_KEY_MISSING", `${path} is not the key file this data was written with`);
  if (newer !== undefined)
    throw new Fault(
      "VAULT_KEY_MISSING",
      `${path} is older than the backup, which needs the vault key of epoch ${newer}`,
    );
  return older;
}

type Extents = Awaited<ReturnType<typeof readExtents>>;

function logsOf(config: Config): Promise<Extents> {
  const { MIDCHAIN_NATS_URLS: servers } = config;
  if (servers === undefined) throw new Fault("BACKUP_FOREIGN", "MIDCHAIN_NATS_URLS is not set: no node of a cluster");
  return readExtents(accessOf(config, servers, "restore"), config.MIDCHAIN_NETWORK);
}

/** The partitions whose log does not go on where the backup ends; refuses where that cannot be made good. */
function withoutLog(
  { partitions, takenAt }: Manifest,
  found: {
    readonly logs: Extents;
    readonly behind: readonly number[];
    readonly older: ReadonlySet<number>;
    readonly allowed: boolean;
  },
): readonly number[] {
  const { logs, behind, older, allowed } = found;
  const reaches = (p: number, least: number): boolean => {
    const log = logs.get(p);
    return log !== undefined && log.first <= (partitions[p]?.seq ?? 0) + 1 && log.tail >= least;
  };
  // The key is destroyed only after every newer wrap is in the log: a log that goes on from here holds them all.
  const shut = [...older].filter((p) => !reaches(p, (partitions[p]?.seq ?? 0) + 1));
  if (shut.length > 0) throw new Fault("BACKUP_KEY_GONE", `partitions ${shut.join(", ")}, as of ${takenAt}`);
  // Batches on the chain cannot be made a second time: the next one would contradict the one that is there.
  const gone = behind.filter((p) => !reaches(p, (partitions[p]?.seq ?? 0) + 1));
  if (gone.length > 0)
    throw new Fault("BACKUP_OLD", `the chain holds later batches of partitions ${gone.join(", ")}, and no log does`);
  const missing = [...partitions.keys()].filter((p) => {
    const seq = partitions[p]?.seq ?? 0;
    return seq > 0 && !reaches(p, seq);
  });
  if (missing.length > 0 && !allowed)
    throw new Fault(
      "BACKUP_OLD",
      `the logs of ${missing.length} partitions do not go on from ${takenAt}; --without-log restores all the same, without whatever came after it, erasures among that`,
    );
  return missing;
}
