import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../local/run.ts";
import type { Arena } from "../arena.ts";
import { backUp } from "../backup.ts";
import { audited } from "./disks.ts";
import { progress, type Fault } from "./fault.ts";
import { trimmed } from "./trims.ts";

export type Slot = Arena["cluster"]["relayers"][number];

/** Everything is lost but the keys and a backup. */
export const backupFaults: readonly Fault[] = [
  {
    name: "restored-from-backup",
    rows: ["F16"],
    about: "every disk of every node and server is lost, and the cluster comes back from a backup with all it promised",
    quick: true,
    async run(arena) {
      await progress(arena, 20);
      await trimmed(arena);
      const { violations } = await arena.judge();
      if (violations.length > 0) throw new Error(`before the backup: ${JSON.stringify(violations[0])}`);
      const { relayers, nats } = arena.cluster;
      const folder = join(arena.cluster.dataDir, "backup");
      rmSync(folder, { recursive: true, force: true });
      await backUp(relayers[0]?.metricsUrl ?? "", folder);
      await Promise.all([...relayers, ...nats.servers].map((process) => process.kill("SIGKILL")));
      for (const { dataDir } of relayers)
        for (const name of ["state", "snapshots", "journal"]) rmSync(join(dataDir, name), { recursive: true });
      for (const { storeDir } of nats.servers) rmSync(storeDir, { recursive: true });
      await Promise.all(nats.servers.map((server) => server.start()));
      await refusals(relayers[0], folder);
      await killed(relayers[0], folder);
      for (const slot of relayers) await restored(slot, folder, { code: 0, flags: ["--without-log"] });
      await Promise.all(relayers.map((slot) => slot.start()));
      await audited(arena);
      arena.load.start();
      await progress(arena);
    },
  },
];

function restore({ env }: Slot, folder: string, flags: readonly string[]) {
  const args = ["--disable-warning=ExperimentalWarning", join(root, "scripts/cluster.ts"), "restore", folder, ...flags];
  return spawn(process.execPath, args, {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** Restores a backup to one node, and holds what it says against what it should. */
export async function restored(
  slot: Slot,
  folder: string,
  expected: { readonly code: number; readonly flags: readonly string[]; readonly said?: string },
): Promise<void> {
  const child = restore(slot, folder, expected.flags);
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== expected.code || !said.includes(expected.said ?? ""))
    throw new Error(`the restore ended with ${String(code)}: ${said}`);
  const isStaged = existsSync(join(slot.dataDir, "state.ready"));
  if (isStaged !== (expected.code === 0)) throw new Error(`a state is ${isStaged ? "" : "not "}there`);
}

/** A backup without its log is not taken unasked, and a damaged one never; neither leaves anything behind. */
async function refusals(slot: Slot | undefined, folder: string): Promise<void> {
  if (slot === undefined) throw new RangeError("no node");
  await restored(slot, folder, { code: 1, flags: [], said: "BACKUP_OLD" });
  const damaged = `${folder}.damaged`;
  cpSync(folder, damaged, { recursive: true });
  const rows = join(damaged, "data.mdb");
  const bytes = readFileSync(rows);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(rows, bytes);
  await restored(slot, damaged, { code: 1, flags: ["--without-log"], said: "BACKUP_DAMAGED" });
  rmSync(damaged, { recursive: true });
}

const LIVES_MS = [600, 900, 1_200] as const;

/** Killed early, late and in between: there is all of it or nothing. */
async function killed(slot: Slot | undefined, folder: string): Promise<void> {
  if (slot === undefined) throw new RangeError("no node");
  for (const ms of LIVES_MS) {
    const child = restore(slot, folder, ["--without-log"]);
    const timer = setTimeout(() => child.kill("SIGKILL"), ms);
    await once(child, "close");
    clearTimeout(timer);
    if (existsSync(join(slot.dataDir, "state"))) throw new Error("a restore that was killed has put a state in use");
  }
}
