import type { AppendMishap } from "./scenario.ts";

/** One server's copy of a stream. */
interface Copy {
  readonly records: Map<number, Uint8Array>;
}

interface Stream {
  readonly generation: number;
  readonly firstSeq: number;
  readonly copies: readonly Copy[];
  last: number;
}

export const SERVERS = ["s1", "s2", "s3"] as const;

export type ReadAt =
  { readonly kind: "record"; readonly bytes: Uint8Array } | { readonly kind: "end" | "hole" | "trimmed" | "gone" };

/**
 * The replicated log as it really behaves: it keeps what it acknowledged, except when it does not. One stream per
 * partition and generation, three copies each; reads come from the copy that leads, whatever it holds.
 */
export class Engine {
  readonly #streams: (Stream | undefined)[];
  readonly #old: Map<number, Stream[]> = new Map();
  readonly #leaders: number[];
  readonly mishaps: AppendMishap[][];

  constructor(partitions: number) {
    this.#streams = Array.from({ length: partitions }, () => newStream(1, 1));
    this.#leaders = Array.from({ length: partitions }, (_, p) => p % SERVERS.length);
    this.mishaps = Array.from({ length: partitions }, () => []);
  }

  exists(partition: number): boolean {
    return this.#streams[partition] !== undefined;
  }

  generation(partition: number): number {
    return this.#streams[partition]?.generation ?? 0;
  }

  leader(partition: number): string {
    return SERVERS[this.#leaders[partition] ?? 0] ?? "";
  }

  tail(partition: number): number {
    return this.#streams[partition]?.last ?? 0;
  }

  firstSeq(partition: number): number {
    return this.#streams[partition]?.firstSeq ?? 1;
  }

  /** The sequence it got, undefined where there is no such stream (any more). */
  append(partition: number, bytes: Uint8Array, generation = this.generation(partition)): number | undefined {
    const stream = this.#streams[partition];
    if (stream?.generation !== generation) return undefined;
    stream.last += 1;
    for (const { records } of stream.copies) records.set(stream.last, bytes.slice());
    return stream.last;
  }

  readAt(partition: number, seq: number): ReadAt {
    const stream = this.#streams[partition];
    if (stream === undefined) return { kind: "gone" };
    if (seq < stream.firstSeq) return { kind: "trimmed" };
    if (seq > stream.last) return { kind: "end" };
    const bytes = stream.copies[this.#leaders[partition] ?? 0]?.records.get(seq);
    return bytes === undefined ? { kind: "hole" } : { kind: "record", bytes };
  }

  /** Every copy of the present stream, by server, for scrubs. */
  copies(partition: number): ReadonlyMap<string, ReadonlyMap<number, Uint8Array>> {
    const stream = this.#streams[partition];
    return new Map((stream?.copies ?? []).map(({ records }, i) => [SERVERS[i] ?? "", records]));
  }

  /** What any copy of an earlier generation still holds from `fromSeq` on. */
  readOld(partition: number, fromSeq: number): readonly Uint8Array[] {
    const found = new Map<number, Uint8Array>();
    for (const { records } of this.#old.get(partition)?.at(-1)?.copies ?? [])
      for (const [seq, bytes] of records) if (seq >= fromSeq && !found.has(seq)) found.set(seq, bytes);
    return [...found].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
  }

  newGeneration(partition: number, firstSeq: number): void {
    const before = this.#streams[partition];
    const old = this.#old.get(partition) ?? [];
    if (before !== undefined) this.#old.set(partition, [...old, before]);
    this.#streams[partition] = newStream((before?.generation ?? old.at(-1)?.generation ?? 1) + 1, firstSeq);
  }

  moveLeader(partition: number, server: number): void {
    this.#leaders[partition] = server;
  }

  /** Fills a copy again from the leader's. */
  rebuildReplica(partition: number, server: number): void {
    const stream = this.#streams[partition];
    const [bad, good] = [stream?.copies[server], stream?.copies[this.#leaders[partition] ?? 0]];
    if (bad === undefined || good === undefined || bad === good) return;
    bad.records.clear();
    for (const [seq, bytes] of good.records) bad.records.set(seq, bytes);
  }

  /** Acknowledged records that are gone from all copies, as if they had never been. */
  loseSuffix(partition: number, records: number): void {
    const stream = this.#streams[partition];
    if (stream === undefined) return;
    const last = Math.max(stream.firstSeq - 1, stream.last - records);
    for (const copy of stream.copies) for (let seq = last + 1; seq <= stream.last; seq += 1) copy.records.delete(seq);
    stream.last = last;
  }

  loseRecord(partition: number, server: number, place: number): void {
    const stream = this.#streams[partition];
    const seqs = [...(stream?.copies[server]?.records.keys() ?? [])];
    const seq = seqs[Math.floor(place * seqs.length)];
    if (seq !== undefined) stream?.copies[server]?.records.delete(seq);
  }

  /** Half of a copy is cut off; it still claims the tail, and it leads. */
  truncateLeader(partition: number, server: number): void {
    const stream = this.#streams[partition];
    const records = stream?.copies[server]?.records;
    if (stream === undefined || records === undefined) return;
    const kept = stream.firstSeq + Math.floor((stream.last - stream.firstSeq + 1) / 2);
    for (const seq of [...records.keys()]) if (seq >= kept) records.delete(seq);
    this.moveLeader(partition, server);
  }

  delete(partition: number): void {
    const stream = this.#streams[partition];
    // Nothing of it can be read again, but its number stays taken.
    if (stream !== undefined)
      this.#old.set(partition, [...(this.#old.get(partition) ?? []), newStream(stream.generation, stream.firstSeq)]);
    this.#streams[partition] = undefined;
  }
}

const newStream = (generation: number, firstSeq: number): Stream => ({
  generation,
  firstSeq,
  copies: SERVERS.map(() => ({ records: new Map<number, Uint8Array>() })),
  last: firstSeq - 1,
});
