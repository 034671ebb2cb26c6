import type { NodeReport } from "./facts.ts";

/** How much of a partition's log stays although nobody needs it any more. */
export interface TrimWindow {
  /** The newest records stay, so that a node that was away for a while catches up from the log. */
  readonly keepRecords: number;
  /** A log that takes more than this on a server is trimmed as far as is safe, whatever the window says. */
  readonly bytesMax: number;
}

export interface TrimFacts {
  /** Every member node, whether it has reported or not. */
  readonly members: readonly string[];
  readonly nodes: readonly NodeReport[];
  /** Members that have been silent for so long that they are not waited for: they come back from a snapshot. */
  readonly away: ReadonlySet<string>;
  readonly log: { readonly first: number; readonly tail: number; readonly bytes: number };
}

export type TrimPlan =
  /** Every record below goes, if all who reported hold the same digest at the one before. */
  | { readonly kind: "trim"; readonly before: number }
  | { readonly kind: "nothing" }
  /** The log is larger than it may be, and this is why it cannot be trimmed. */
  | { readonly kind: "held"; readonly why: string };

/** A snapshot on one disk is lost with the disk. */
const SNAPSHOTS_MIN = 2;

interface Gate {
  readonly before: number;
  readonly why: string;
}

/**
 * How far a partition's log may be trimmed. What always holds of a record that goes: every member that lives has applied
 * it, at least two nodes have it in a stored snapshot, and every transaction that began in it or before is final on the
 * chain, with its outcome on the chains of all its parties.
 */
export function planTrim(facts: TrimFacts, window: TrimWindow): TrimPlan {
  const { log } = facts;
  const isOver = log.bytes > window.bytesMax;
  const blocker = blockedBy(facts, isOver);
  if (blocker !== undefined) return isOver ? { kind: "held", why: blocker } : { kind: "nothing" };
  const keep = keepOf(facts, window, isOver);
  const gates = [...gatesOf(facts), { before: log.tail + 1 - keep, why: "nothing" }];
  const gate = gates.reduce((lowest, one) => (one.before < lowest.before ? one : lowest));
  // A trim costs every server a write: not for a handful of records.
  const least = log.first + Math.max(1, Math.floor(keep / 10));
  if (gate.before >= least) return { kind: "trim", before: gate.before };
  return isOver ? { kind: "held", why: gate.why } : { kind: "nothing" };
}

function blockedBy({ members, nodes, away }: TrimFacts, isOver: boolean): string | undefined {
  const heard = new Set(nodes.map(({ node }) => node));
  if (nodes.length * 2 <= members.length) return "fewer than a majority of the nodes are heard";
  // A full log takes no more records: then a node that is silent is not waited for either.
  const missed = isOver ? undefined : members.find((member) => !heard.has(member) && !away.has(member));
  if (missed !== undefined) return `${missed} is not heard`;
  const stopped = nodes.find(({ frozen }) => frozen);
  if (stopped !== undefined) return `${stopped.node} has stopped the partition`;
  const other = nodes.find(({ conflict }) => conflict !== undefined);
  return other === undefined ? undefined : `the chain holds other batches than ${other.node}`;
}

function keepOf({ log }: TrimFacts, window: TrimWindow, isOver: boolean): number {
  if (!isOver) return Math.max(1, window.keepRecords);
  // Down to half of what it may take, so that it is not trimmed again at once. The last record always stays.
  const bytesEach = log.bytes / (log.tail - log.first + 1);
  return Math.max(1, Math.min(window.keepRecords, Math.floor(window.bytesMax / 2 / bytesEach)));
}

function* gatesOf({ members, nodes }: TrimFacts): Generator<Gate> {
  for (const { node, applied, openFrom } of nodes) {
    yield { before: applied + 1, why: `${node} has applied no further than ${applied}` };
    if (openFrom !== undefined) yield { before: openFrom, why: `a transaction that began at ${openFrom} is not final` };
  }
  const needed = Math.min(SNAPSHOTS_MIN, members.length);
  const stored = nodes.map(({ snapshot = 0 }) => snapshot).sort((a, b) => b - a);
  const covered = stored[needed - 1] ?? 0;
  yield { before: covered + 1, why: `${needed} nodes have stored snapshots up to ${covered} only` };
}
