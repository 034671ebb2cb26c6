import { agree, judgeBranches, type Branch } from "./branches.ts";
import type { LogReport, NodeReport, PartitionFacts, ServerReport } from "./facts.ts";

/** One thing to do, in the order of the plan. Each is safe to do again. */
export type RepairStep =
  /** Appends the records from..to of this node's own copy, byte for byte, so that they get the same sequences. */
  | { readonly kind: "reappend"; readonly node: string; readonly from: number; readonly to: number }
  /** Begins a new log at `firstSeq`; whatever can still be read of the old one from `salvageFrom` on is appended to it. */
  | { readonly kind: "new generation"; readonly firstSeq: number; readonly salvageFrom: number }
  /**
   * Appends what the node has set aside: it was acknowledged there. Apply drops what it knows. It stays aside until the
   * node has applied it: a log that has lost records once may lose these before anybody holds them.
   */
  | { readonly kind: "salvage"; readonly node: string }
  /**
   * Throws this node's state of the partition away and makes it again from that of `source`. Its own records from
   * `asideFrom` on are set aside first, durably: they may be all there is of something that was promised.
   */
  | { readonly kind: "rebuild state"; readonly node: string; readonly source: string; readonly asideFrom?: number }
  /** Lets a server with a whole copy answer for the log. */
  | { readonly kind: "move leader"; readonly to: string }
  /** Throws a server's copy away; the others fill it again. */
  | { readonly kind: "rebuild replica"; readonly server: string };

export interface Plan {
  /** Nobody appends to the partition or applies it until a later audit says that nothing is wrong. */
  readonly readOnly: boolean;
  /** For the operator, each in one sentence; empty when nothing is wrong. */
  readonly alarms: readonly string[];
  /** Empty while nodes are still to be stopped or heard, and where only a person can decide. */
  readonly steps: readonly RepairStep[];
}

const NOTHING: Plan = { readOnly: false, alarms: [], steps: [] };

/**
 * What to do about one partition. What always holds: nothing that changes the log's content is proposed before every
 * member has stopped and said what it has, because whatever one of them has applied may have been promised to somebody.
 */
export function planRepair(facts: PartitionFacts): Plan {
  const agreement = judgeBranches(facts);
  if (agreement.kind === "divided") return { readOnly: true, alarms: [agreement.why], steps: [] };
  const { good } = agreement;
  const wrong = agreement.kind === "outvoted" ? agreement.wrong : [];
  const rebuilt = [...planNodes(good, wrong)];
  const content = facts.log === undefined ? undefined : planContent(facts, facts.log, good);
  const replicas = facts.log === undefined || content !== undefined ? NOTHING : planReplicas(facts, facts.log, good);
  const holding = facts.nodes.filter(({ aside = 0 }) => aside > 0);
  const alarms = [
    ...wrong.map(
      ({ nodes: outvoted }) => `${outvoted.map(({ node }) => node).join(", ")} hold another past than the rest`,
    ),
    ...(content?.alarms ?? []),
    ...replicas.alarms,
    ...holding.map(({ node, aside = 0 }) => `${node} has set ${aside} records aside that the log may lack`),
  ];
  // What was set aside is appended to a log that is whole again, like anything else.
  const salvaged = holding.map(({ node }) => ({ kind: "salvage", node }) as const);
  if (rebuilt.length === 0 && content === undefined)
    return { ...replicas, alarms, steps: [...replicas.steps, ...salvaged] };
  const waits = waitsFor(facts);
  if (waits !== undefined) return { readOnly: true, alarms: [...alarms, waits], steps: [] };
  // Whoever is made again starts from the log as it is then.
  return { readOnly: true, alarms, steps: [...(content?.steps ?? []), ...replicas.steps, ...rebuilt] };
}

/** Who must still be heard or stopped before content may change. */
function waitsFor({ members, nodes }: PartitionFacts): string | undefined {
  const heard = new Map(nodes.map((report) => [report.node, report]));
  const silent = members.filter((member) => !heard.has(member));
  if (silent.length > 0)
    return `${silent.join(", ")} must be heard before anything is repaired: start it, or take it out of the cluster`;
  const running = nodes.filter(({ frozen }) => !frozen).map(({ node }) => node);
  return running.length > 0 ? `${running.join(", ")} must stop first` : undefined;
}

function* planNodes(good: Branch, wrong: readonly Branch[]): Generator<RepairStep> {
  // Where they part lies above what both report alike; appending a few records twice costs nothing.
  for (const branch of wrong)
    for (const report of branch.nodes) {
      const asideFrom = lastCommon(report, good.head) + 1;
      yield { kind: "rebuild state", node: report.node, source: good.head.node, asideFrom };
    }
}

function lastCommon(one: NodeReport, two: NodeReport): number {
  const common = one.digests.filter(({ seq, digest }) =>
    two.digests.some((other) => other.seq === seq && other.digest === digest),
  );
  return Math.max(0, ...common.map(({ seq }) => seq));
}

/** What the log must get back, or be replaced for; undefined where its content is what was applied. */
function planContent(facts: PartitionFacts, log: LogReport, good: Branch): Pick<Plan, "alarms" | "steps"> | undefined {
  const { applied, node } = good.head;
  if (!log.exists)
    return replaced(facts, good, { why: `the log of partition ${facts.partition} is gone`, salvageFrom: applied + 1 });
  const whole = facts.servers.filter((server) => isWhole(server, good));
  if (whole.length > 0) return undefined;
  // No server holds all of what was applied, in the form in which it was applied.
  const sound = facts.servers.filter(
    ({ missing, digests }) => missing.length === 0 && agree(digests, good.head.digests),
  );
  const tail = facts.servers.length === 0 ? log.tail : Math.max(0, ...sound.map(({ last }) => last));
  const isPrefix = facts.servers.length === 0 ? log.tail < applied : sound.length > 0;
  if (facts.servers.length === 0 && !isPrefix) return undefined;
  // The records get their old sequences back only if the log itself ends where the whole copies do, and if they are
  // still kept: a log that is put back to before a trim lacks records that nobody holds any more.
  const isKept = (good.head.keptFrom ?? 0) <= tail + 1;
  if (isPrefix && tail < applied && log.tail === tail && isKept)
    return {
      alarms: [`the log of partition ${facts.partition} ends at ${tail}, but ${applied} was applied`],
      steps: [{ kind: "reappend", node, from: tail + 1, to: applied }],
    };
  const why = `no server holds the log of partition ${facts.partition} as it was applied`;
  const common = Math.max(0, ...facts.servers.map((server) => commonOf(server, good.head)));
  return replaced(facts, good, { why, salvageFrom: common + 1 });
}

const commonOf = (server: ServerReport, head: NodeReport): number =>
  Math.max(
    0,
    ...server.digests
      .filter(({ seq, digest }) => head.digests.some((other) => other.seq === seq && other.digest === digest))
      .map(({ seq }) => seq),
  );

function replaced(
  { nodes }: PartitionFacts,
  good: Branch,
  { why, salvageFrom }: { readonly why: string; readonly salvageFrom: number },
): Pick<Plan, "alarms" | "steps"> {
  const { applied, node: source } = good.head;
  // The new log begins after the last record, so a node that is behind would find nothing to catch up from.
  const behind = nodes.filter((report) => report.applied < applied && agree(report.digests, good.head.digests));
  const caughtUp = behind.map(({ node }): RepairStep => ({ kind: "rebuild state", node, source }));
  return {
    alarms: [`${why}; it goes on in a new generation from ${applied + 1}`],
    steps: [...caughtUp, { kind: "new generation", firstSeq: applied + 1, salvageFrom }],
  };
}

/** Whether a server's copy holds everything that was applied, without a hole, in the form in which it was applied. */
const isWhole = ({ last, missing, digests }: ServerReport, { head }: Branch): boolean =>
  last >= head.applied && missing.length === 0 && agree(digests, head.digests);

/** Copies that are not what the others are. Content is untouched, so nobody has to stop. */
function planReplicas(facts: PartitionFacts, log: LogReport, good: Branch): Plan {
  const whole = facts.servers.filter((server) => isWhole(server, good));
  const longest = Math.max(0, ...whole.map(({ last }) => last));
  // A copy that is only behind is being filled by the engine; one that answers for the log must not be behind.
  const bad = facts.servers.filter(
    (server) => !isWhole(server, good) && !(isBehind(server, good) && server.server !== log.leader),
  );
  const [best] = whole.filter(({ last }) => last === longest).map(({ server }) => server);
  if (bad.length === 0 || best === undefined) return NOTHING;
  const isLed = bad.some(({ server }) => server === log.leader);
  return {
    readOnly: false,
    alarms: bad.map(({ server }) => `${server} does not hold the log of partition ${facts.partition} as the others do`),
    steps: [
      ...(isLed ? [{ kind: "move leader", to: best } as const] : []),
      ...bad.map(({ server }) => ({ kind: "rebuild replica", server }) as const),
    ],
  };
}

const isBehind = ({ last, missing, digests }: ServerReport, { head }: Branch): boolean =>
  last < head.applied && missing.length === 0 && agree(digests, head.digests);
