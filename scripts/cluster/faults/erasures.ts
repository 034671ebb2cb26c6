import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RotationState } from "../../../relayer/privacy/rotation.ts";
import type { Arena } from "../arena.ts";
import { backUp } from "../backup.ts";
import { epochsOf, noEvidence, requireGone, takeEvidence, type Evidence } from "../forensics.ts";
import { operate } from "../operate.ts";
import { restored } from "./backups.ts";
import { last, progress, type Fault } from "./fault.ts";

/** People are erased while everything goes on, and the key over all of them is changed while nodes die. */
export const erasureFaults: readonly Fault[] = [
  {
    name: "erased-under-load",
    rows: ["F16"],
    about: "people are erased in the middle of their transactions; no key, wrap or body of theirs is left anywhere",
    quick: true,
    async run(arena) {
      const evidence = noEvidence();
      await progress(arena);
      for (const person of [1, 4]) await takeEvidence(arena.load.chainOf(person), arena, evidence);
      requireFound(evidence, arena);
      // Twice wrapped: by the key of before, and by the one that is used when they are erased.
      await rotated(arena);
      for (const person of [1, 4]) await takeEvidence(arena.load.chainOf(person), arena, evidence);
      await Promise.all([arena.load.erase(1), arena.load.erase(4), progress(arena, 20)]);
      await rotated(arena);
      await progress(arena);
      await holds(arena);
      requireGone(evidence, arena);
      arena.load.start();
      await progress(arena);
    },
  },
  {
    name: "rotation-killed",
    rows: ["F16"],
    about:
      "the vault key is changed while nodes are killed; a node that stands still holds it up, and nobody is locked out",
    quick: false,
    async run(arena, random) {
      const { relayers } = arena.cluster;
      const before = Math.max(...relayers.flatMap(({ dataDir }) => epochsOf(dataDir)));
      for (let round = 0; round < KILLS; round += 1) {
        const asked = rotate(arena, round % relayers.length).catch(() => undefined);
        await last(Math.floor(random() * LIFE_MS_MAX));
        // Now the one that works on it, now another.
        const victim = relayers[(round + (random() < 0.6 ? 0 : 1)) % relayers.length];
        await victim?.kill("SIGKILL");
        await victim?.start();
        await asked;
      }
      await progress(arena);
      await heldUp(arena);
      await rotated(arena);
      const held = new Set(relayers.map(({ dataDir }) => epochsOf(dataDir).join()));
      if (held.size !== 1) throw new Error(`the nodes hold ${[...held].join(" and ")}`);
      if (Number([...held][0]) <= before) throw new Error("the vault key is the one of before");
      await progress(arena);
    },
  },
  {
    name: "erased-and-restored",
    rows: ["F16"],
    about: "a backup from before an erasure is restored: with the logs it is erased again, without them it is refused",
    quick: false,
    async run(arena) {
      const evidence = noEvidence();
      const { relayers } = arena.cluster;
      await progress(arena);
      const folder = join(arena.cluster.dataDir, "backup-before-erasure");
      rmSync(folder, { recursive: true, force: true });
      await holds(arena);
      await backUp(relayers[0]?.metricsUrl ?? "", folder);
      arena.load.start();
      await takeEvidence(arena.load.chainOf(2), arena, evidence);
      await arena.load.erase(2);
      await rotated(arena);
      await progress(arena);
      await arena.load.stop();
      await Promise.all(relayers.map((relayer) => relayer.kill("SIGKILL")));
      for (const { dataDir } of relayers)
        for (const name of ["state", "snapshots"]) rmSync(join(dataDir, name), { recursive: true });
      await withoutLogs(arena, async () => {
        const refused = { code: 1, flags: ["--without-log"], said: "BACKUP_KEY_GONE" } as const;
        for (const slot of relayers.slice(0, 1)) await restoredOnce(arena, () => restored(slot, folder, refused));
      });
      for (const slot of relayers) await restoredOnce(arena, () => restored(slot, folder, { code: 0, flags: [] }));
      await Promise.all(relayers.map((slot) => slot.start()));
      arena.load.start();
      await progress(arena);
      await holds(arena);
      requireGone(evidence, arena);
      arena.load.start();
      await progress(arena);
    },
  },
];

/** Lets everything come to rest, and throws unless the history holds until here. */
async function holds(arena: Arena): Promise<void> {
  const [broken] = (await arena.judge()).violations;
  if (broken !== undefined) throw new Error(`${broken.rule}: ${broken.about}`);
}

/** A search that finds nothing while everything is in use would find nothing afterwards either. */
function requireFound(evidence: Evidence, arena: Arena): void {
  let found = false;
  try {
    requireGone(evidence, arena);
  } catch {
    found = true;
  }
  if (!found) throw new Error("the search for keys does not find those that are in use");
}

const KILLS = 6;
const LIFE_MS_MAX = 700;
const ROTATE_MS_MAX = 120_000;

const rotate = ({ cluster }: Arena, relayer: number): Promise<RotationState> =>
  operate<RotationState>(cluster.relayers[relayer]?.metricsUrl, "/vault/rotate");

/** Changes the vault key, and waits until it is changed everywhere. */
async function rotated(arena: Arena): Promise<void> {
  await arena.until(
    "another vault key",
    () => rotate(arena, 0).catch(() => undefined),
    (state) => state !== undefined && state.waitsFor === undefined,
    ROTATE_MS_MAX,
  );
}

/** While a member stands still nobody gives the older key up. */
async function heldUp(arena: Arena): Promise<void> {
  const { relayers } = arena.cluster;
  await rotated(arena);
  const [still] = relayers.slice(-1);
  const pid = still?.pid();
  if (pid === undefined) throw new RangeError("no such process");
  const [before = 0] = epochsOf(relayers[0]?.dataDir ?? "");
  process.kill(pid, "SIGSTOP");
  try {
    const asked = rotate(arena, 0).catch(() => undefined);
    await last(STILL_MS);
    for (const { name, dataDir } of relayers)
      if (!epochsOf(dataDir).includes(before))
        throw new Error(`${name} gave the older key up while a member stood still`);
    process.kill(pid, "SIGCONT");
    await asked;
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

const STILL_MS = 5_000;

/** Servers that have just started elect their leaders first; a restore that finds none of them has changed nothing. */
async function restoredOnce(arena: Arena, restore: () => Promise<void>): Promise<void> {
  const told = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  await arena.until(
    "servers that answer a restore",
    () => restore().then(() => "", told),
    (said) => {
      if (said !== "" && !said.includes("LOG_UNAVAILABLE")) throw new Error(said);
      return said === "";
    },
  );
}

/** The servers begin with empty folders for a while, and have their own again after that. */
async function withoutLogs({ cluster }: Arena, work: () => Promise<void>): Promise<void> {
  const { servers } = cluster.nats;
  const aside = (storeDir: string): string => `${storeDir}.aside`;
  await Promise.all(servers.map((server) => server.kill("SIGKILL")));
  for (const { storeDir } of servers) renameSync(storeDir, aside(storeDir));
  await Promise.all(servers.map((server) => server.start()));
  try {
    await work();
  } finally {
    await Promise.all(servers.map((server) => server.kill("SIGKILL")));
    for (const { storeDir } of servers) {
      rmSync(storeDir, { recursive: true, force: true });
      renameSync(aside(storeDir), storeDir);
    }
    await Promise.all(servers.map((server) => server.start()));
  }
}
