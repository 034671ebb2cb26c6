import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { equalBytes, fromHex, toHex, type Hex } from "../protocol/bytes.ts";
import { ROWS_FILE, stage, stageOf } from "./adapters/file/folder.ts";
import { openLmdbState, prime } from "./adapters/lmdb/state.ts";
import { manifestIn, type Manifest } from "./audit/snapshot.ts";
import { digestsIn } from "./cluster/answers.ts";
import type { Answers, Asking } from "./cluster/asking.ts";
import type { Config } from "./config.ts";
import { checkBytes, checkManifest, checkRows } from "./copies.ts";
import { Fault } from "./errors.ts";
import { digestAt } from "./log/kept.ts";
import { keys } from "./midc/keys.ts";
import { nodeIdOf } from "./midc/record.ts";
import { decodeApplied } from "./midc/rows.ts";
import type { Anchors, LogStart, StateView } from "./ports.ts";
import type { Snapshots } from "./snapshots.ts";

/** How a node that the log no longer reaches starts: from another node's snapshot, and the log from there on. */

const HEARD_MS_MAX = 3_000;
const TAKEN_MS_MAX = 600_000;
const PART_MS_MAX = 10_000;
const PART_TRIES_MAX = 6;
/** What fits into one word between nodes. */
const PART_BYTES = 512 * 1024;

const question = z.object({ fresh: z.boolean() });
const partQuestion = z.object({ name: z.string(), offset: z.int().min(0) });
const offer = z.object({ name: z.string(), manifest: z.string() });

/** Lets other nodes start from what is stored here. */
export function offerSnapshots(asking: Asking, snapshots: Snapshots): void {
  asking.answer("snapshot", async (body) => {
    const snapshot = question.parse(body).fresh ? await snapshots.take() : snapshots.newest();
    return snapshot === undefined ? null : { name: snapshot.name, manifest: JSON.stringify(snapshot.manifest) };
  });
  asking.answer("snapshot part", async (body) => {
    const { name, offset } = partQuestion.parse(body);
    const bytes = await snapshots.read(name, { offset, max: PART_BYTES });
    return bytes === undefined ? null : Buffer.from(bytes).toString("base64");
  });
}

interface JoinPorts {
  readonly view: StateView;
  readonly asking: Asking;
  readonly anchors: Anchors;
  /** Once it is aborted nothing is read of the state or left for the next start; it rejects then. */
  readonly signal: AbortSignal;
}

interface Offer {
  readonly source: Hex;
  readonly name: string;
  readonly manifest: Manifest;
}

/** Partitions whose log begins after the record that this node needs next. */
export const lacking = (view: StateView, logs: readonly LogStart[]): readonly LogStart[] =>
  logs.filter(({ partition, first = 1 }) => first > decodeApplied(view.get(keys.applied(partition))).seq + 1);

/**
 * Fetches another node's snapshot, checks all of it, and leaves it where the next start takes it from. A crash at any
 * line leaves this node as it was.
 */
export async function fetchSnapshot(config: Config, logs: readonly LogStart[], ports: JoinPorts): Promise<void> {
  const { asking, signal } = ports;
  const { part, ready } = stageOf(config.MIDCHAIN_DATA_DIR);
  // A state waits already, a backup's perhaps: it is for the next start to see how far that reaches.
  if (existsSync(ready)) return;
  const chosen = await choose(logs, asking);
  signal.throwIfAborted();
  checkManifest(chosen.manifest, config);
  if (toHex(nodeIdOf(fromHex(chosen.manifest.node) ?? new Uint8Array(32))) !== chosen.source)
    throw new Fault("BACKUP_FOREIGN", `${chosen.source} offered a snapshot that another node has signed`);
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true, mode: 0o700 });
  await download(chosen, join(part, ROWS_FILE), ports);
  await checkBytes(part, chosen.manifest);
  const copy = openLmdbState(part);
  try {
    await checkRows(copy, chosen.manifest, { anchors: ports.anchors, config });
    await checkPast(copy, chosen, ports);
    await prime(copy);
  } finally {
    await copy.close();
  }
  signal.throwIfAborted();
  stage(config.MIDCHAIN_DATA_DIR);
}

/** One that reaches the log in every partition: stored already, or taken now by a node that is not behind itself. */
async function choose(logs: readonly LogStart[], asking: Asking): Promise<Offer> {
  const reaches = ({ manifest }: Offer): boolean =>
    logs.every(({ partition, first = 1 }) => (manifest.partitions[partition]?.seq ?? -1) + 1 >= first);
  const offers = (answers: Answers): readonly Offer[] => [...answers].flatMap(([node, body]) => offerIn(node, body));
  const stored = await asking.ask(
    "snapshot",
    { fresh: false },
    { waitMs: HEARD_MS_MAX, enough: (answers) => offers(answers).some(reaches) },
  );
  const found = offers(stored).find(reaches);
  if (found !== undefined) return found;
  for (const node of stored.keys()) {
    const taken = await asking.ask(
      "snapshot",
      { fresh: true },
      { waitMs: TAKEN_MS_MAX, to: node, enough: ({ size }) => size > 0 },
    );
    const fresh = offers(taken).find(reaches);
    if (fresh !== undefined) return fresh;
  }
  throw new Fault("SNAPSHOT_NONE", `${stored.size} nodes answered`);
}

function offerIn(source: Hex, body: unknown): readonly Offer[] {
  const { data } = offer.safeParse(body);
  const manifest = data === undefined ? undefined : manifestIn(data.manifest);
  return data === undefined || manifest === undefined ? [] : [{ source, name: data.name, manifest }];
}

async function download(
  { source, name, manifest }: Offer,
  path: string,
  { asking, signal }: Pick<JoinPorts, "asking" | "signal">,
): Promise<void> {
  const file = openSync(path, "w", 0o600);
  try {
    for (let offset = 0; offset < manifest.bytes;) {
      const part = await fetchPart({ source, name, offset }, asking);
      signal.throwIfAborted();
      writeSync(file, part);
      offset += part.length;
    }
  } finally {
    closeSync(file);
  }
}

async function fetchPart(
  { source, name, offset }: { readonly source: Hex; readonly name: string; readonly offset: number },
  asking: Asking,
): Promise<Uint8Array> {
  for (let tries = 1; tries <= PART_TRIES_MAX; tries += 1) {
    const answers = await asking.ask(
      "snapshot part",
      { name, offset },
      { waitMs: PART_MS_MAX, to: source, enough: ({ size }) => size > 0 },
    );
    const { data } = z.base64().safeParse(answers.get(source));
    if (data !== undefined && data !== "") return Buffer.from(data, "base64");
  }
  throw new Fault("SNAPSHOT_NONE", `${source} stopped handing its snapshot over at byte ${offset}`);
}

const AT_ONCE = 16;

/** No other node holds another past, and neither does this one: what it has applied may have been promised here. */
async function checkPast(copy: StateView, chosen: Offer, ports: JoinPorts): Promise<void> {
  const partitions = [...chosen.manifest.partitions.keys()];
  for (let first = 0; first < partitions.length; first += AT_ONCE)
    await Promise.all(partitions.slice(first, first + AT_ONCE).map((p) => checkPartition(p, copy, { chosen, ports })));
}

async function checkPartition(
  partition: number,
  copy: StateView,
  { chosen: { source }, ports }: { readonly chosen: Offer; readonly ports: JoinPorts },
): Promise<void> {
  ports.signal.throwIfAborted();
  const own = decodeApplied(ports.view.get(keys.applied(partition)));
  const then = own.seq === 0 ? undefined : digestAt(copy, partition, own.seq);
  if (then !== undefined && !equalBytes(then, own.digest))
    throw new Fault("BACKUP_FOREIGN", `this node holds another past of partition ${partition} than ${source}`);
  const { seq, digest } = decodeApplied(copy.get(keys.applied(partition)));
  const question = { partition, seqs: [seq] };
  const options = { waitMs: HEARD_MS_MAX, enough: isSecondOpinion(source) };
  for (const [node, body] of await ports.asking.ask("digest", question, options))
    if (digestsIn(body).some((at) => at.seq === seq && at.digest !== toHex(digest)))
      throw new Fault("BACKUP_FOREIGN", `${node} holds another past of partition ${partition} than ${source}`);
}

/** The source knows what it says; one other node is a second opinion. */
const isSecondOpinion =
  (source: Hex) =>
  (answers: Answers): boolean =>
    [...answers].some(([node, body]) => node !== source && digestsIn(body).length > 0);
