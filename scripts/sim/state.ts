import { concat } from "../../protocol/bytes.ts";
import { Fault } from "../../relayer/errors.ts";
import { keptAt } from "../../relayer/log/kept.ts";
import { keys, partitionOfRow } from "../../relayer/midc/keys.ts";
import { decodeApplied, encodeApplied } from "../../relayer/midc/rows.ts";
import type { Row, State, Write } from "../../relayer/ports.ts";
import type { Random } from "./random.ts";
import type { Owner, World } from "./world.ts";

const nameOf = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");

/** A node's disk: it outlives the process, and can be put back to what it was. */
export class Disk {
  #rows = new Map<string, Row>();
  /** The next commits that fail. */
  failing = 0;

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#rows.get(nameOf(key))?.value;
  }

  range(bounds: Parameters<State["range"]>[0]): readonly Row[] {
    const [from, to] = [nameOf(bounds.from), nameOf(bounds.to)];
    const within = [...this.#rows].filter(([name]) => name >= from && name < to).sort(([a], [b]) => (a < b ? -1 : 1));
    if (bounds.reverse === true) within.reverse();
    return within.slice(0, bounds.limit).map(([, row]) => row);
  }

  write(writes: readonly Write[]): void {
    for (const { key, value } of writes) {
      if (value === undefined) this.#rows.delete(nameOf(key));
      else this.#rows.set(nameOf(key), { key: key.slice(), value: value.slice() });
    }
  }

  /** All rows of now, to be put back later: a backup. */
  copy(): ReadonlyMap<string, Row> {
    return new Map(this.#rows);
  }

  restore(rows: ReadonlyMap<string, Row>): void {
    this.#rows = new Map(rows);
  }

  /** Puts another node's rows of one partition in the place of the own ones. */
  rebuild(partition: number, source: Disk, partitions: number): void {
    for (const [name, { key }] of this.#rows)
      if (partitionOfRow(key, partitions) === partition) this.#rows.delete(name);
    for (const [name, row] of source.#rows)
      if (partitionOfRow(row.key, partitions) === partition) this.#rows.set(name, row);
  }

  /** A bit that rots in the row of the running digest. */
  spoilDigest(partition: number): void {
    const { seq, digest } = decodeApplied(this.get(keys.applied(partition)));
    if (seq === 0) return;
    const spoiled = digest.slice();
    spoiled[0] = (spoiled[0] ?? 0) ^ 1;
    const kept = keptAt(this, partition, seq);
    this.write([
      { key: keys.applied(partition), value: encodeApplied({ seq, digest: spoiled }) },
      // The node believes it: its kept record says the same.
      ...(kept === undefined ? [] : [{ key: keys.kept(partition, seq), value: concat(spoiled, kept.bytes) }]),
    ]);
  }
}

/** The state as one life of a node sees it: a commit takes a while, and a crash can come before or after it. */
export const stateOn = (
  disk: Disk,
  { world, random, owner }: { readonly world: World; readonly random: Random; readonly owner: Owner },
): State => ({
  get: (key) => disk.get(key),
  range: (bounds) => disk.range(bounds),
  async commit(writes) {
    await world.sleep(random.between(0, 4), owner);
    if (disk.failing > 0) {
      disk.failing -= 1;
      throw new Fault("STATE_UNAVAILABLE", "simulated");
    }
    disk.write(writes);
    await world.sleep(random.between(0, 2), owner);
  },
  close: () => Promise.resolve(),
});
