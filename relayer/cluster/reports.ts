import { z } from "zod";
import { toHex, type Hex } from "../../protocol/bytes.ts";
import { compareAnchors } from "../audit/anchors.ts";
import { isWrong, judgeBranches } from "../audit/branches.ts";
import type { DigestAt, NodeReport } from "../audit/facts.ts";
import type { FreezableLog } from "../log/freezable.ts";
import { digestAt, dropKept, firstKept, keptAt, keptFrom, type Supplies } from "../log/kept.ts";
import { openFrom } from "../log/open.ts";
import type { Replica } from "../log/replica.ts";
import { keys } from "../midc/keys.ts";
import { decodeApplied } from "../midc/rows.ts";
import type { Aside, Journal, LogEntry, LogKeeper, State } from "../ports.ts";
import type { Asking } from "./asking.ts";
import { askPasts } from "./auditor.ts";

/** What a node tells whoever audits, and what it does when told to. */

const partition = z.object({ partition: z.int().min(0) });
const wanted = partition.extend({ seqs: z.array(z.int().min(0)).max(64) });
const range = partition.extend({ from: z.int().min(1), to: z.int().min(1) });
const trimmed = partition.extend({ before: z.int().min(1) });
const supplyFrom = range.extend({ source: z.string() });

/** Records in one answer: what fits into a word beside the rest. */
const ANSWER_BYTES_MAX = 600_000;
const ANSWER_MS_MAX = 5_000;

export interface ReportPorts {
  readonly node: Hex;
  readonly view: State;
  readonly frozen: FreezableLog;
  readonly supplies: Supplies;
  readonly keeper: LogKeeper;
  readonly journal: Pick<Journal, "put">;
  readonly members: () => readonly Hex[];
  readonly replica: Pick<Replica, "barrier" | "reached">;
  readonly aside: Pick<Aside, "count" | "left" | "forget">;
  /** Durably: from its next start on, which it asks for, this node has none of its present state. */
  readonly setAside: () => void;
  /** Up to where a partition is in the newest snapshot stored here. */
  readonly snapshotOf: (partition: number) => number | undefined;
  /** Header hashes of a partition's batches: as the state has them, and as the chain has them. */
  readonly batches: (partition: number) => Promise<{
    readonly held: ReadonlyMap<number, string>;
    readonly onChain: ReadonlyMap<number, string>;
  }>;
}

export const frozenName = (partition: number): string => `frozen:${partition}`;

/** Makes this node answer; `asking` is also how it fetches what it lacks from another. */
export function answerAudits(asking: Asking, ports: ReportPorts): void {
  const { frozen, journal, keeper } = ports;
  asking.answer("report", async (body) => report(wanted.parse(body), ports));
  asking.answer("digest", (body) => {
    const { partition: of, seqs } = wanted.parse(body);
    return digestsAt(of, seqs, ports.view);
  });
  asking.answer("freeze", async (body) => {
    const { partition: of } = partition.parse(body);
    // Durable first: a node that is killed in the middle of a repair must come back stopped.
    await journal.put([[frozenName(of), "1"]]);
    frozen.freeze(of);
    return true;
  });
  asking.answer("thaw", async (body) => {
    const { partition: of } = partition.parse(body);
    await journal.put([[frozenName(of), undefined]]);
    frozen.thaw(of);
    return true;
  });
  asking.answer("refresh", async () => {
    await keeper.refresh();
    return true;
  });
  asking.answer("kept", (body) => {
    const { partition: of, from, to } = range.parse(body);
    let bytes = 0;
    return keptFrom(ports.view, of, from, to - from + 1)
      .filter((kept, i) => (bytes += kept.bytes.length) < ANSWER_BYTES_MAX || i === 0)
      .map(({ bytes: record }) => Buffer.from(record).toString("base64"));
  });
  asking.answer("putBack", async (body) => {
    const { partition: of, from, to } = range.parse(body);
    for (let seq = from; seq <= to; seq += 1) {
      const kept = keptAt(ports.view, of, seq);
      if (kept === undefined) throw new RangeError(`record ${seq} of partition ${of} is not kept here`);
      await keeper.putBack(of, kept);
    }
    return true;
  });
  asking.answer("trimmed", async (body) => {
    const { partition: of, before } = trimmed.parse(body);
    // Whoever says so has looked at everybody; what this node itself still needs it keeps all the same.
    const applied = decodeApplied(ports.view.get(keys.applied(of))).seq;
    await dropKept(ports.view, of, Math.min(before, applied, openFrom(ports.view, of) ?? before));
    return true;
  });
  asking.answer("setAside", async (body) => {
    const { partition: of } = partition.parse(body);
    if (!(await isOutvoted(of, asking, ports))) return false;
    ports.setAside();
    return true;
  });
  const salvaging = shared((of) => salvage(of, ports));
  asking.answer("salvage", (body) => salvaging(partition.parse(body).partition));
  asking.answer("supply", async (body) => supply(supplyFrom.parse(body), asking, ports));
}

/** Not on one member's word: this node looks itself, and only where everybody is heard and stands still. */
async function isOutvoted(of: number, asking: Asking, { node, members }: ReportPorts): Promise<boolean> {
  const nodes = await askPasts(of, { asking, members });
  if (nodes.length < members().length || nodes.some(({ frozen }) => !frozen)) return false;
  return isWrong(judgeBranches({ partition: of, nodes }), node);
}

/** Whoever asks again while it is done waits for the same: two at once would append everything twice. */
function shared(work: (of: number) => Promise<boolean>): (of: number) => Promise<boolean> {
  const running = new Map<number, Promise<boolean>>();
  return (of) => {
    const one = running.get(of) ?? work(of).finally(() => running.delete(of));
    running.set(of, one);
    return one;
  };
}

/** Appends what was set aside and is not in the log; over once all of it was applied here. */
async function salvage(of: number, { frozen, replica, aside }: ReportPorts): Promise<boolean> {
  if (frozen.isFrozen(of)) return false;
  try {
    await replica.barrier(of);
    for (const record of aside.left(of)) await replica.reached(of, await frozen.append(of, record));
  } catch {
    // The log does not take it now, which its own fault says: the next audit asks again.
    return false;
  }
  if (aside.left(of).length > 0) return false;
  await aside.forget(of);
  return true;
}

async function report({ partition: of, seqs }: z.infer<typeof wanted>, ports: ReportPorts): Promise<NodeReport> {
  const { seq: applied } = decodeApplied(ports.view.get(keys.applied(of)));
  const { held, onChain } = await ports.batches(of);
  return {
    node: ports.node,
    applied,
    digests: digestsAt(of, [applied, ...seqs], ports.view),
    frozen: ports.frozen.isStill(of),
    ...compareAnchors(held, onChain),
    aside: ports.aside.count(of),
    ...known("keptFrom", firstKept(ports.view, of)),
    ...known("openFrom", openFrom(ports.view, of)),
    ...known("snapshot", ports.snapshotOf(of)),
  };
}

const known = <Name extends string>(name: Name, value: number | undefined): Partial<Record<Name, number>> =>
  value === undefined ? {} : ({ [name]: value } as Record<Name, number>);

function digestsAt(of: number, seqs: readonly number[], view: State): readonly DigestAt[] {
  return [...new Set(seqs)].flatMap((seq): DigestAt[] => {
    const digest = digestAt(view, of, seq);
    return digest === undefined ? [] : [{ seq, digest: toHex(digest) }];
  });
}

/** Fetches records that another node has kept, to be applied here like any others once the partition goes on. */
async function supply(
  { partition: of, from, to, source }: z.infer<typeof supplyFrom>,
  asking: Asking,
  ports: ReportPorts,
): Promise<true> {
  const fetched: LogEntry[] = [];
  while (fetched.length < to - from + 1) {
    const next = from + fetched.length;
    const options = {
      waitMs: ANSWER_MS_MAX,
      to: source as Hex,
      enough: (answers: ReadonlyMap<Hex, unknown>) => answers.size > 0,
    };
    const answers = await asking.ask("kept", { partition: of, from: next, to }, options);
    const records = z
      .array(z.base64())
      .min(1)
      .parse(answers.get(source as Hex));
    fetched.push(
      ...records.map((record, i) => ({ seq: next + i, bytes: new Uint8Array(Buffer.from(record, "base64")) })),
    );
  }
  ports.supplies.put(of, fetched);
  return true;
}
