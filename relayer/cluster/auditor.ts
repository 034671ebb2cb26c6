import type { Hex } from "../../protocol/bytes.ts";
import type { NodeReport, PartitionFacts, ServerReport } from "../audit/facts.ts";
import { planRepair, type Plan, type RepairStep } from "../audit/plan.ts";
import { beginScrub } from "../audit/scrub.ts";
import { digestAt, keptAt } from "../log/kept.ts";
import type { Clock, CopyEnds, EnginePartition, LogEngine, LogKeeper, StateView } from "../ports.ts";
import { reportIn } from "./answers.ts";
import type { Answers, Asking } from "./asking.ts";

/** What an audit found in one partition, and what it did. */
export interface PartitionAudit {
  readonly partition: number;
  /** Records that every node has applied that was heard. */
  readonly applied: number;
  /** Members that did not answer: what they hold was not compared. */
  readonly silent: readonly string[];
  readonly servers: readonly {
    readonly server: string;
    readonly first: number;
    readonly last: number;
    readonly missing: number;
  }[];
  readonly readOnly: boolean;
  readonly alarms: readonly string[];
  /** Steps that were taken, or that would be. */
  readonly steps: readonly string[];
  readonly repaired: boolean;
}

export interface AuditOptions {
  /** Reads every record of every server's copy; without it the nodes' digests and the ends of the logs are compared. */
  readonly scrub: boolean;
  /** Mends what can be mended safely. */
  readonly repair: boolean;
}

export interface AuditPorts {
  readonly asking: Asking;
  readonly engine: LogEngine;
  readonly keeper: LogKeeper;
  readonly view: StateView;
  readonly members: () => readonly Hex[];
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

const REPORT_MS_MAX = 3_000;
const STEP_MS_MAX = 60_000;
/** A node starts again in seconds; one whose state is large, or comes from a snapshot, is found by the next audit. */
const REBUILT_MS_MAX = 60_000;
/** Appends that were under way when the partition stopped may take their whole time. */
const FREEZE_MS_MAX = 15_000;
const LEAD_MS_MAX = 5_000;
const LOOK_MS = 100;
const ROUNDS_MAX = 4;

/** Audits one partition and, where told to, repairs it: stop, look again, mend, look again, go on. */
export async function auditPartition(
  partition: number,
  options: AuditOptions,
  ports: AuditPorts,
): Promise<PartitionAudit> {
  let facts = await gatherFacts(partition, options.scrub, ports);
  let isDeep = options.scrub;
  let plan = planRepair(facts);
  // A log that is read once may be that of a moment: one server has heard of a record before the other.
  if (isBroken(plan) && !options.scrub) {
    facts = await gatherFacts(partition, false, ports);
    plan = planRepair(facts);
  }
  const alarms = new Set(plan.alarms);
  const taken: string[] = [];
  const mayRepair = options.repair && ports.keeper.canMend;
  for (let round = 0; round < ROUNDS_MAX && mayRepair && isBroken(plan); round += 1) {
    if (plan.readOnly && plan.steps.length === 0) {
      if (!(await freezeAll(facts, ports))) break;
      isDeep = false;
    }
    // Whatever changes content needs to know every copy; a look at the ends alone is not enough to act on.
    if (!isDeep) facts = await gatherFacts(partition, true, ports);
    plan = planRepair(facts);
    for (const alarm of plan.alarms) alarms.add(alarm);
    if (plan.steps.length === 0) break;
    // What was set aside is appended to a log that goes on.
    if (plan.steps.every(({ kind }) => kind === "salvage")) await thawAll(facts, ports);
    for (const step of plan.steps) {
      taken.push(nameOf(step));
      if (!(await take(step, facts, ports))) return auditOf(facts, { plan, alarms, steps: taken, repaired: false });
    }
    facts = await gatherFacts(partition, true, ports);
    isDeep = true;
    plan = planRepair(facts);
  }
  const isWell = !isBroken(plan);
  if (isWell) await thawAll(facts, ports);
  const steps = taken.length > 0 ? taken : plan.steps.map(nameOf);
  return auditOf(facts, { plan, alarms, steps, repaired: isWell && taken.length > 0 });
}

const isBroken = (plan: Plan): boolean => plan.readOnly || plan.steps.length > 0;

const auditOf = (
  facts: PartitionFacts,
  done: {
    readonly plan: Plan;
    readonly alarms: ReadonlySet<string>;
    readonly steps: readonly string[];
    readonly repaired: boolean;
  },
): PartitionAudit => ({
  partition: facts.partition,
  applied: Math.min(...facts.nodes.map(({ applied }) => applied)),
  silent: facts.members.filter((member) => facts.nodes.every(({ node }) => node !== member)),
  servers: facts.servers.map(({ server, first, last, missing }) => ({ server, first, last, missing: missing.length })),
  readOnly: done.plan.readOnly,
  alarms: [...done.alarms],
  steps: done.steps,
  repaired: done.repaired,
});

/** What every node and, with `deep`, every server holds of a partition now. */
export async function gatherFacts(partition: number, deep: boolean, ports: AuditPorts): Promise<PartitionFacts> {
  const members = ports.members();
  const first = await askReports(partition, [], ports);
  const applied = first.map((report) => report.applied);
  const ends = deep ? await ports.keeper.ends() : new Map<never, never>();
  // Where a copy ends it may hold something else than what was applied there, however much was applied since.
  const lasts = [...ends.values()].flatMap((own) => own.get(partition)?.last ?? []);
  const seqs = [...applied, ...lasts];
  const nodes = await askReports(partition, seqs, ports);
  // The log comes after the nodes: what they apply of a log that goes on would look like more than it holds.
  const group = await ports.engine.partition(partition);
  const servers = deep && group.stream !== "" ? await scrubAll(group, { ends, seqs }, ports) : [];
  const log = logOf(group, ports.keeper.generation(partition));
  return { partition, members, nodes, servers, ...(log === undefined ? {} : { log }) };
}

function logOf(group: EnginePartition, generation: number): PartitionFacts["log"] {
  if (group.stream === "") return { exists: false, generation, tail: 0 };
  if (group.tail === undefined) return undefined;
  const leader = group.leader === undefined ? {} : { leader: group.leader };
  return { exists: true, generation, tail: group.tail, ...leader };
}

/** What the members say of a partition, each at the place of every other too. */
export async function askPasts(
  partition: number,
  ports: Pick<AuditPorts, "asking" | "members">,
): Promise<readonly NodeReport[]> {
  const first = await askReports(partition, [], ports);
  const seqs = first.map(({ applied }) => applied);
  return first.length > 1 ? askReports(partition, seqs, ports) : first;
}

/** What the members say of a partition; whoever does not answer in time has not been heard. */
export async function askReports(
  partition: number,
  seqs: readonly number[],
  ports: Pick<AuditPorts, "asking" | "members">,
): Promise<readonly NodeReport[]> {
  const { asking } = ports;
  const members = ports.members();
  const enough = (answers: Answers): boolean => members.every((member) => answers.has(member));
  const answers = await asking.ask(
    "report",
    { partition, seqs: [...new Set(seqs)] },
    { waitMs: REPORT_MS_MAX, enough },
  );
  const heard = [...answers].filter(([node]) => members.includes(node));
  return heard.map(([node, body]) => reportIn(node, body)).filter((report) => report !== undefined);
}

async function scrubAll(
  { partition, replicas, first = 1 }: EnginePartition,
  { ends, seqs }: { readonly ends: CopyEnds; readonly seqs: readonly number[] },
  { keeper, view }: AuditPorts,
): Promise<readonly ServerReport[]> {
  const before = first - 1;
  const start = { seq: before, digest: before === 0 ? new Uint8Array(32) : digestAt(view, partition, before) };
  if (start.digest === undefined) return [];
  const digest = start.digest;
  const wanted = new Set(seqs);
  return Promise.all(
    replicas.map(async ({ server }) => {
      const expectedLast = ends.get(server)?.get(partition)?.last ?? before;
      const scrubbing = beginScrub({ server, start: { seq: before, digest }, expectedLast }, wanted);
      for await (const entry of keeper.copy(partition, server, first)) scrubbing.take(entry);
      return scrubbing.report();
    }),
  );
}

/** Stops the partition at every member, and waits until nothing of it moves. */
async function freezeAll(facts: PartitionFacts, ports: AuditPorts): Promise<boolean> {
  await tellAll("freeze", facts.partition, ports);
  return waitFor(FREEZE_MS_MAX, ports, async () => {
    const heard = await askReports(facts.partition, [], ports);
    return heard.length === facts.members.length && heard.every(({ frozen }) => frozen);
  });
}

async function thawAll({ partition, nodes }: PartitionFacts, ports: AuditPorts): Promise<void> {
  if (nodes.some(({ frozen }) => frozen)) await tellAll("thaw", partition, ports);
}

async function waitFor(msMax: number, { clock }: AuditPorts, holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = clock.now() + msMax;
  for (;;) {
    if (await holds()) return true;
    if (clock.now() > deadline) return false;
    await clock.sleep(LOOK_MS);
  }
}

async function tellAll(what: "freeze" | "thaw" | "refresh", partition: number, ports: AuditPorts): Promise<void> {
  const members = ports.members();
  const enough = (answers: Answers): boolean => members.every((member) => answers.has(member));
  await ports.asking.ask(what, { partition }, { waitMs: REPORT_MS_MAX, enough });
}

/** Takes one step; false where only a person can, or where it did not work out. */
async function take(step: RepairStep, facts: PartitionFacts, ports: AuditPorts): Promise<boolean> {
  const { partition } = facts;
  const { keeper, engine, asking } = ports;
  const ask = async (what: string, body: object, to: string): Promise<boolean> => {
    const answers = await asking.ask(
      what,
      { partition, ...body },
      { waitMs: STEP_MS_MAX, to: to as Hex, enough: ({ size }) => size > 0 },
    );
    return [...answers.values()].includes(true);
  };
  try {
    switch (step.kind) {
      case "move leader":
        await engine.lead(partition, step.to);
        return await waitFor(LEAD_MS_MAX, ports, async () => (await engine.partition(partition)).leader === step.to);
      case "rebuild replica":
        await keeper.rebuild(partition, step.server);
        return true;
      case "reappend":
        return await ask("putBack", { from: step.from, to: step.to }, step.node);
      case "new generation":
        await keeper.renew(partition, step.firstSeq);
        await tellAll("refresh", partition, ports);
        await salvage(partition, step.salvageFrom, ports);
        return true;
      case "rebuild state":
        // A node that is only behind is handed the records; one that holds another past starts again without it.
        if (step.asideFrom === undefined) return await supply(step, facts, ask);
        return (
          (await ask("setAside", {}, step.node)) &&
          (await waitFor(REBUILT_MS_MAX, ports, isRebuilt(step, facts, ports)))
        );
      case "salvage":
        return await ask("salvage", {}, step.node);
    }
  } catch (error) {
    ports.onFault(error);
    return false;
  }
}

/** It is there again, with what it had set aside. */
function isRebuilt(
  { node }: RepairStep & { kind: "rebuild state" },
  { partition }: PartitionFacts,
  ports: AuditPorts,
): () => Promise<boolean> {
  return async () =>
    (await askReports(partition, [], ports)).some((said) => said.node === node && (said.aside ?? 0) > 0);
}

function supply(
  { node, source }: RepairStep & { kind: "rebuild state" },
  { nodes }: PartitionFacts,
  ask: (what: string, body: object, to: string) => Promise<boolean>,
): Promise<boolean> {
  const appliedBy = (name: string): number => nodes.find((report) => report.node === name)?.applied ?? 0;
  return ask("supply", { from: appliedBy(node) + 1, to: appliedBy(source), source }, node);
}

/** What the log before still holds from there on is appended again: apply drops what it knows. */
async function salvage(partition: number, fromSeq: number, { keeper, view }: AuditPorts): Promise<void> {
  for await (const entry of keeper.before(partition, fromSeq)) {
    const kept = keptAt(view, partition, entry.seq);
    const isKnown = kept !== undefined && Buffer.compare(kept.bytes, entry.bytes) === 0;
    if (!isKnown) await keeper.append(partition, entry.bytes);
  }
}

function nameOf(step: RepairStep): string {
  switch (step.kind) {
    case "reappend":
      return `put records ${step.from} to ${step.to} back from ${step.node}`;
    case "new generation":
      return `go on in a new generation from ${step.firstSeq}`;
    case "salvage":
      return `append what ${step.node} has set aside`;
    case "rebuild state":
      return step.asideFrom === undefined
        ? `hand ${step.node} the records it lacks, from ${step.source}`
        : `rebuild the state of ${step.node} from ${step.source}`;
    case "move leader":
      return `let ${step.to} lead`;
    case "rebuild replica":
      return `throw the copy of ${step.server} away and fill it again`;
  }
}
