import type { Facts, Held, HeldBlock, Violation } from "./gather.ts";
import type { LineOf } from "./line.ts";

type Op = LineOf<"op">;

/**
 * What clients were told holds: C1 nothing acknowledged is missing on any node, C5 what was said to have failed is not
 * there, C4 an operation that began after another had ended comes after it, and reads show no less than was
 * acknowledged before them; C11 a client's reads never go back.
 */
export function* checkClients(facts: Facts): Generator<Violation> {
  for (const [node, held] of facts.nodes) {
    const places = placesOf(held);
    for (const op of facts.ops) yield* checkPromise(node, held, op, places);
  }
  yield* checkRealTime(facts);
  yield* checkMonotone(facts.ops);
}

const nameOf = (op: Op): string => `${op.f} ${op.tx ?? op.chain ?? ""} by ${op.proc}`;
const chainsOf = (op: Op): readonly string[] => op.chains ?? (op.chain === undefined ? [] : [op.chain]);

/** Where the first block of each (chain, transaction) is. */
function placesOf({ chains }: Held): ReadonlyMap<string, HeldBlock> {
  const places = new Map<string, HeldBlock>();
  for (const [chain, blocks] of chains)
    for (const block of blocks) {
      const place = `${chain} ${block.tx}`;
      if (!places.has(place)) places.set(place, block);
    }
  return places;
}

function* checkPromise(node: string, held: Held, op: Op, places: ReadonlyMap<string, HeldBlock>): Generator<Violation> {
  const about = `${nameOf(op)}, on ${node}`;
  switch (op.f) {
    case "enrol":
      if (op.result === "ok" && op.chain !== undefined && !held.chains.has(op.chain)) yield { rule: "C1 lost", about };
      return;
    case "tx": {
      const there = chainsOf(op).filter((chain) => places.has(`${chain} ${op.tx ?? ""}`));
      if (op.result === "ok" && there.length < chainsOf(op).length) yield { rule: "C1 lost", about };
      if (op.result === "ok" && !held.txs.has(op.tx ?? "")) yield { rule: "C1 lost", about };
      if (op.result === "fail" && (there.length > 0 || held.txs.has(op.tx ?? "")))
        yield { rule: "C5 happened all the same", about };
      return;
    }
    case "read": {
      const blocks = held.chains.get(op.chain ?? "") ?? [];
      for (const { height, hash } of op.seen ?? [])
        if (!blocks.some((block) => block.height === height && block.hash === hash))
          yield { rule: "C1 seen and gone", about: `${about} at ${height}` };
      return;
    }
    case "erase":
      // What became of the chain is C10's (erasures.ts).
      return;
  }
}

interface Event {
  readonly op: Op;
  readonly height: number;
}

/** Per chain: what ended before another began lies below it; a strong read reaches at least that high. */
function* checkRealTime(facts: Facts): Generator<Violation> {
  const [held] = facts.nodes.values();
  if (held === undefined) return;
  const places = placesOf(held);
  const perChain = new Map<string, Event[]>();
  for (const op of facts.ops) {
    if (op.result !== "ok") continue;
    for (const chain of chainsOf(op)) {
      const height = op.f === "read" ? op.seen?.at(-1)?.height : places.get(`${chain} ${op.tx ?? ""}`)?.height;
      if (height === undefined || (op.f === "read" && op.strong !== true)) continue;
      const events = perChain.get(chain);
      if (events === undefined) perChain.set(chain, [{ op, height }]);
      else events.push({ op, height });
    }
  }
  for (const [chain, events] of perChain) yield* checkOrder(chain, events);
}

function* checkOrder(chain: string, events: readonly Event[]): Generator<Violation> {
  for (const { op, height, reached } of reachedBefore(events)) {
    const isRead = op.f === "read";
    if (isRead ? height < reached : height <= reached)
      yield { rule: isRead ? "C4 stale read" : "C4 order", about: `${nameOf(op)} on ${chain}` };
  }
}

/** Only what had ended before counts: of two reads at once either may see less. */
function* checkMonotone(ops: readonly Op[]): Generator<Violation> {
  const sessions = new Map<string, Event[]>();
  for (const op of ops) {
    if (op.f !== "read" || op.result !== "ok") continue;
    const session = `${op.proc} ${op.chain ?? ""}`;
    const reads = sessions.get(session) ?? [];
    reads.push({ op, height: op.seen?.at(-1)?.height ?? -1 });
    sessions.set(session, reads);
  }
  for (const reads of sessions.values())
    for (const { op, height, reached } of reachedBefore(reads))
      if (height < reached) yield { rule: "C11 back in time", about: nameOf(op) };
}

/** With each event, the highest of those that had ended when it began. */
function* reachedBefore(events: readonly Event[]): Generator<Event & { readonly reached: number }> {
  const ended = events.toSorted((a, b) => a.op.t1 - b.op.t1);
  let next = 0;
  let reached = -1;
  for (const event of events.toSorted((a, b) => a.op.t0 - b.op.t0)) {
    for (; (ended[next]?.op.t1 ?? Infinity) < event.op.t0; next += 1)
      reached = Math.max(reached, ended[next]?.height ?? -1);
    yield { ...event, reached };
  }
}
