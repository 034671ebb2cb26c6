import type { Hex } from "../../protocol/bytes.ts";
import type { NodeReport } from "../audit/facts.ts";
import { planTrim, type TrimWindow } from "../audit/trim.ts";
import type { EnginePartition } from "../ports.ts";
import { digestsIn } from "./answers.ts";
import { askReports, type AuditPorts } from "./auditor.ts";
import type { Answers } from "./asking.ts";

/** What became of one partition's log when it was looked at for trimming. */
export interface Trimmed {
  readonly partition: number;
  /** First and last record of the log now, and what it takes on each server. */
  readonly first: number;
  readonly tail: number;
  readonly bytes: number;
  /** Why a log that is too large was not trimmed. */
  readonly held?: string;
}

export interface TrimPorts extends AuditPorts {
  readonly window: TrimWindow;
  /** A member that has been silent for longer is not waited for. */
  readonly awayMs: number;
}

const ANSWER_MS_MAX = 3_000;

/** Trims the partitions' logs and tells the nodes what they need not keep any more. One node does it for all. */
export function createTrimmer(ports: TrimPorts): (partition: number) => Promise<Trimmed | undefined> {
  const startedAt = ports.clock.now();
  const heardAt = new Map<string, number>();
  const awayOf = (nodes: readonly NodeReport[]): ReadonlySet<string> => {
    const now = ports.clock.now();
    for (const { node } of nodes) heardAt.set(node, now);
    return new Set(ports.members().filter((member) => now - (heardAt.get(member) ?? startedAt) > ports.awayMs));
  };
  return async (partition) => {
    const nodes = await askReports(partition, [], ports);
    const group = await ports.engine.partition(partition);
    const log = extentOf(group);
    if (log === undefined || !ports.keeper.canMend) return undefined;
    const plan = planTrim({ members: ports.members(), nodes, away: awayOf(nodes), log }, ports.window);
    const left = plan.kind === "trim" ? await trim(partition, plan.before, { log, nodes, ports }) : log;
    // What lies below the log's beginning can no longer be compared or put back. The record before it stays: every
    // reading of a copy starts from its digest.
    const before = left.first - 1;
    if (before > 0 && nodes.some(({ keptFrom }) => keptFrom !== undefined && keptFrom < before))
      await ports.asking.ask("trimmed", { partition, before }, { waitMs: ANSWER_MS_MAX, enough: allOf(nodes) });
    return { partition, ...left, ...(plan.kind === "held" ? { held: plan.why } : {}) };
  };
}

type Extent = Pick<Trimmed, "first" | "tail" | "bytes">;

function extentOf({ stream, first, tail, bytes }: EnginePartition): Extent | undefined {
  return stream === "" || first === undefined || tail === undefined ? undefined : { first, tail, bytes: bytes ?? 0 };
}

const allOf =
  (nodes: readonly NodeReport[]) =>
  (answers: Answers): boolean =>
    nodes.every(({ node }) => answers.has(node as Hex));

/** Only what everybody who reported has applied alike goes: one other past, or none told, and all of it stays. */
async function trim(
  partition: number,
  before: number,
  { log, nodes, ports }: { readonly log: Extent; readonly nodes: readonly NodeReport[]; readonly ports: TrimPorts },
): Promise<Extent> {
  const seq = before - 1;
  const enough = allOf(nodes);
  const answers = await ports.asking.ask("digest", { partition, seqs: [seq] }, { waitMs: ANSWER_MS_MAX, enough });
  const digests = nodes.map(({ node }) => digestsIn(answers.get(node as Hex)).find((at) => at.seq === seq)?.digest);
  if (digests.some((digest) => digest === undefined || digest !== digests[0])) return log;
  await ports.keeper.trim(partition, before);
  return extentOf(await ports.engine.partition(partition)) ?? log;
}
