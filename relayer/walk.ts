// reads every row of a folder that was not closed cleanly, in a process of its own: a page that is gone ends the process
import { equalBytes } from "../protocol/bytes.ts";
import { openLmdbState } from "./adapters/lmdb/state.ts";
import { openStore } from "./adapters/lmdb/store.ts";
import { contradictionIn, placesOf } from "./audit/snapshot.ts";
import { digestAt, firstKept, keptAt } from "./log/kept.ts";
import { keys } from "./midc/keys.ts";
import { nextDigest } from "./midc/record.ts";
import { decodeApplied } from "./midc/rows.ts";
import type { StateView } from "./ports.ts";

/** Every page is touched. Keys that do not ascend are a broken tree, which could otherwise be walked for ever. */
async function readAll(folder: string): Promise<string | undefined> {
  const store = openStore(folder);
  let before: Buffer | undefined;
  for (const { key, value } of store.getRange({})) {
    if (before !== undefined && Buffer.compare(before, key) >= 0) return "its keys are out of order";
    Buffer.from(value);
    before = Buffer.from(key);
  }
  await store.close();
  return undefined;
}

/** The records that are kept beside the state, up to the last applied one, give the digests that stand with them. */
function brokenRecord(view: StateView, partition: number): string | undefined {
  const from = firstKept(view, partition);
  const { seq: applied } = decodeApplied(view.get(keys.applied(partition)));
  if (from === undefined) return undefined;
  let before = keptAt(view, partition, from);
  for (let seq = from + 1; seq <= applied; seq += 1) {
    const kept = keptAt(view, partition, seq);
    // Where a part of the log was lost for good, the kept records have a gap, and go on from another digest.
    if (before !== undefined && kept !== undefined) {
      const digest = digestAt(view, partition, seq);
      if (digest === undefined || !equalBytes(nextDigest(before.digest, seq, kept.bytes), digest))
        return `record ${seq} of partition ${partition} is not the one that was applied`;
    }
    before = kept;
  }
  return undefined;
}

async function contradiction(folder: string, partitions: number): Promise<string | undefined> {
  const state = openLmdbState(folder);
  const places = placesOf(state, partitions);
  const record = places.map((_, partition) => brokenRecord(state, partition)).find((found) => found !== undefined);
  const found = record ?? contradictionIn(state, places);
  await state.close();
  return found;
}

const [folder = "", partitions = "0"] = process.argv.slice(2);
const found = (await readAll(folder)) ?? (await contradiction(folder, Number(partitions)));
if (found !== undefined) {
  process.stderr.write(found);
  process.exit(1);
}
