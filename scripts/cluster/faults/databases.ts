import { existsSync, globSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Arena } from "../arena.ts";
import { audited } from "./disks.ts";
import { pick, progress, type Fault } from "./fault.ts";
import { trimmed } from "./trims.ts";

type Slot = Arena["cluster"]["relayers"][number];

/** What can happen to a relayer's own databases. It must notice before it serves anything from them. */
export const databaseFaults: readonly Fault[] = [
  {
    name: "state-damaged",
    rows: ["F12"],
    about: "a relayer's state and its copy of the log are damaged while it is off, in four ways; it makes them again",
    quick: false,
    async run(arena, random) {
      const slot = pick(arena.cluster.relayers, random);
      await remade(arena, slot, { signal: "SIGTERM", harm: flipBit(random) });
      await remade(arena, slot, { signal: "SIGKILL", harm: cutInHalf });
      // From here on the logs alone do not do: another node's snapshot is needed.
      await trimmed(arena);
      await remade(arena, slot, { signal: "SIGKILL", harm: wipeMiddle });
      await remade(arena, slot, { signal: "SIGTERM", harm: rmSync });
      await audited(arena);
    },
  },
  {
    name: "journal-damaged",
    rows: ["F12"],
    about: "a relayer's journal is damaged while it is off; it refuses to start until the journal is put back",
    quick: false,
    async run(arena, random) {
      const slot = pick(arena.cluster.relayers, random);
      await progress(arena);
      for (const [signal, harm] of [
        ["SIGTERM", flipBit(random)],
        ["SIGKILL", cutInHalf],
        ["SIGKILL", rmSync],
      ] as const) {
        await slot.kill(signal);
        const rows = join(slot.dataDir, "journal", "data.mdb");
        const before = readFileSync(rows);
        harm(rows);
        await refused(slot);
        writeFileSync(rows, before);
        await slot.start();
        await progress(arena);
      }
    },
  },
];

type Harm = (path: string) => void;

const cutInHalf: Harm = (path) => {
  truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096);
};

const flipBit =
  (random: () => number): Harm =>
  (path) => {
    const bytes = readFileSync(path);
    const at = Math.floor(bytes.length * random());
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    writeFileSync(path, bytes);
  };

const wipeMiddle: Harm = (path) => {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0, Math.floor(bytes.length * 0.3), Math.floor(bytes.length * 0.7)));
};

const asideIn = ({ dataDir }: Slot): number => globSync("state.damaged-*", { cwd: dataDir }).length;

async function remade(
  arena: Arena,
  slot: Slot,
  { signal, harm }: { readonly signal: NodeJS.Signals; readonly harm: Harm },
): Promise<void> {
  await progress(arena);
  await slot.kill(signal);
  const before = asideIn(slot);
  harm(join(slot.dataDir, "state", "data.mdb"));
  await progress(arena);
  await slot.start();
  if (asideIn(slot) !== before + 1) throw new Error(`${slot.name} has started on a damaged state`);
  await progress(arena);
}

async function refused(slot: Slot): Promise<void> {
  const said = await slot.start().then(
    () => "nothing: it has started",
    (error: unknown) => String(error),
  );
  if (!said.includes("nobody else holds what it holds")) throw new Error(`a damaged journal was met with ${said}`);
  if (!existsSync(join(slot.dataDir, "journal"))) throw new Error("the damaged journal was taken away");
}
