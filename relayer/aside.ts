import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { equalBytes, toHex } from "../protocol/bytes.ts";
import { sha256 } from "../protocol/sha256.ts";
import { replaceDurably, ROWS_FILE, sync } from "./adapters/file/folder.ts";
import { openLmdbState } from "./adapters/lmdb/state.ts";
import { Fault } from "./errors.ts";
import { digestAt, keptAt } from "./log/kept.ts";
import { applyRecord, Overlay, type Cluster } from "./midc/apply.ts";
import { keys } from "./midc/keys.ts";
import { decodeApplied } from "./midc/rows.ts";
import type { Aside, CopyableState, StateView } from "./ports.ts";

/**
 * What a node does with a past that the rest does not share. At its next start its whole state is moved aside and made
 * again, from the logs or another node's snapshot. What it alone had applied may have been promised to somebody: those
 * records are appended again.
 *
 * What always holds: the note is durable before anything moves, and what was moved is there until every partition of it
 * was seen in the logs. Every line may be the last one that runs: it is called again.
 */

const NOTES_FILE = "aside.json";
const PREFIX = "state.outvoted-";

/** `inode` of the rows says which state is meant, wherever it lies now. */
const notesSchema = z.array(
  z.object({ folder: z.string().startsWith(PREFIX), inode: z.string(), partitions: z.array(z.int().min(0)) }),
);
type Note = z.infer<typeof notesSchema>[number];

function notesIn(dataDir: string): readonly Note[] {
  const path = join(dataDir, NOTES_FILE);
  return existsSync(path) ? notesSchema.parse(JSON.parse(readFileSync(path, "utf8"))) : [];
}

const write = (dataDir: string, notes: readonly Note[]): void => {
  replaceDurably(join(dataDir, NOTES_FILE), `${JSON.stringify(notes)}\n`);
};

const stateIn = (dataDir: string): string => join(dataDir, "state");

function inodeOf(folder: string): string | undefined {
  return statSync(join(folder, ROWS_FILE), { bigint: true, throwIfNoEntry: false })?.ino.toString();
}

/** Has the state that is in use now moved aside at the next start. */
export function noteAside(dataDir: string, partitions: number): void {
  const notes = notesIn(dataDir);
  const inode = inodeOf(stateIn(dataDir));
  if (inode === undefined || notes.some((note) => note.inode === inode)) return;
  const folder = `${PREFIX}${notes.length + 1}-${inode}`;
  write(dataDir, [...notes, { folder, inode, partitions: Array.from({ length: partitions }, (_, p) => p) }]);
}

/** To be called before the stores of a data folder are opened. */
export function settleAside(dataDir: string, onFault: (error: unknown) => void): void {
  if (!existsSync(dataDir)) return;
  const notes = notesIn(dataDir);
  const state = stateIn(dataDir);
  for (const { folder, inode } of notes) {
    if (inodeOf(state) !== inode) continue;
    // Of the same past: nobody may start from them.
    rmSync(join(dataDir, "snapshots"), { recursive: true, force: true });
    renameSync(state, join(dataDir, folder));
    sync(dataDir);
    onFault(new Fault("STATE_OUTVOTED", folder));
  }
  for (const name of readdirSync(dataDir))
    if (name.startsWith(PREFIX) && !notes.some(({ folder }) => folder === name))
      rmSync(join(dataDir, name), { recursive: true });
}

/** What was moved aside before, beside the state that is in use now. */
export function openAside(dataDir: string, view: StateView, cluster: Cluster): Aside {
  let notes = notesIn(dataDir).filter(({ folder }) => existsSync(join(dataDir, folder)));
  const states = new Map<string, CopyableState>(
    notes.map(({ folder }) => [folder, openLmdbState(join(dataDir, folder))]),
  );
  const pastsOf = (partition: number): readonly Past[] =>
    notes
      .filter(({ partitions }) => partitions.includes(partition))
      .map(({ folder }) => ({ partition, there: states.get(folder) ?? view, here: view }));
  return {
    count: (partition) => pastsOf(partition).reduce((sum, past) => sum + Math.max(1, extentOf(past)), 0),
    left: (partition) => pastsOf(partition).flatMap((past) => [...missing(past, cluster)]),
    async forget(partition) {
      notes = notes.map((note) => ({ ...note, partitions: note.partitions.filter((p) => p !== partition) }));
      const over = notes.filter(({ partitions }) => partitions.length === 0);
      notes = notes.filter((note) => !over.includes(note));
      write(dataDir, notes);
      for (const { folder } of over) {
        await states.get(folder)?.close();
        states.delete(folder);
        rmSync(join(dataDir, folder), { recursive: true });
      }
    },
    async close() {
      await Promise.all([...states.values()].map((state) => state.close()));
    },
  };
}

/** A partition in a state that was moved aside, and in the one that is in use. */
interface Past {
  readonly partition: number;
  readonly there: StateView;
  readonly here: StateView;
}

const appliedIn = (view: StateView, partition: number): number => decodeApplied(view.get(keys.applied(partition))).seq;

const nameOf = (record: Uint8Array): string => toHex(sha256(record));

/** Those that are not kept here and would change something if they were appended now. */
function* missing({ partition, there, here }: Past, cluster: Cluster): Generator<Uint8Array> {
  const from = lastShared({ partition, there, here }) + 1;
  const known = new Set([...recordsFrom(here, partition, from)].map(nameOf));
  const overlay = new Overlay(here);
  let seq = appliedIn(here, partition);
  for (const bytes of recordsFrom(there, partition, from)) {
    if (known.has(nameOf(bytes))) continue;
    const { results } = applyRecord(overlay, { partition, seq: (seq += 1), bytes }, cluster);
    if (results.some(({ kind }) => kind === "done")) yield bytes;
  }
}

function* recordsFrom(view: StateView, partition: number, from: number): Generator<Uint8Array> {
  for (let seq = from; seq <= appliedIn(view, partition); seq += 1) {
    const kept = keptAt(view, partition, seq);
    if (kept !== undefined) yield kept.bytes;
  }
}

/** How many records may be missing: cheaper to tell than which. */
const extentOf = (past: Past): number => appliedIn(past.there, past.partition) - lastShared(past);

/** Digests are chained: equal ones say that all below is equal too. 0 where one of the two no longer keeps any. */
function lastShared({ partition, there, here }: Past): number {
  for (let seq = Math.min(appliedIn(there, partition), appliedIn(here, partition)); seq > 0; seq -= 1) {
    const [one, two] = [digestAt(there, partition, seq), digestAt(here, partition, seq)];
    if (one === undefined || two === undefined) return 0;
    if (equalBytes(one, two)) return seq;
  }
  return 0;
}
