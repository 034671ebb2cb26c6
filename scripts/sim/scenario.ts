import { randomOf, type Random } from "./random.ts";

/** What happens from outside, and when. With the seed it is everything: a scenario file repeats a failure exactly. */
export interface Scenario {
  readonly seed: number;
  readonly nodes: number;
  readonly partitions: number;
  readonly users: number;
  readonly actions: readonly Action[];
}

interface At {
  /** Virtual milliseconds. */
  readonly at: number;
}

export type Action = At &
  (
    | { readonly kind: "tx"; readonly parties: readonly number[]; readonly pays: number; readonly node: number }
    | { readonly kind: "read"; readonly user: number; readonly node: number; readonly strong: boolean }
    | { readonly kind: "erase"; readonly user: number; readonly node: number }
    /** The next append to the partition suffers this. */
    | { readonly kind: "append"; readonly partition: number; readonly mishap: AppendMishap }
    /** Somebody without a key writes into the log: bytes of no form, a stranger's record, or a genuine one again. */
    | { readonly kind: "foreign record"; readonly partition: number; readonly what: "noise" | "stranger" | "replay" }
    | { readonly kind: "stale tail"; readonly node: number; readonly partition: number; readonly ms: number }
    | { readonly kind: "lost suffix"; readonly partition: number; readonly records: number }
    | { readonly kind: "hole"; readonly partition: number; readonly server: number; readonly place: number }
    | { readonly kind: "truncated leader"; readonly partition: number; readonly server: number }
    | { readonly kind: "deleted stream"; readonly partition: number }
    | { readonly kind: "log away"; readonly partition: number; readonly ms: number }
    | { readonly kind: "leader moves"; readonly partition: number; readonly server: number }
    | { readonly kind: "crash"; readonly node: number; readonly ms: number }
    | { readonly kind: "pause"; readonly node: number; readonly ms: number }
    | { readonly kind: "commits fail"; readonly node: number; readonly times: number }
    | { readonly kind: "old state"; readonly node: number; readonly ms: number }
    | { readonly kind: "bad digest"; readonly node: number; readonly partition: number }
    | { readonly kind: "reorg"; readonly depth: number }
    | { readonly kind: "chain silent"; readonly node: number; readonly ms: number }
    | { readonly kind: "signer away"; readonly signer: number; readonly ms: number }
    | { readonly kind: "auditor stops"; readonly steps: number }
  );

export type AppendMishap = "lost before" | "lost ack" | "doubled" | "late";

/** Faults begin after everybody has enrolled and end before this; then the world heals. */
export const TROUBLE_MS = 60_000;
const ENROLLED_MS = 4_000;

export function scenarioOf(seed: number): Scenario {
  const random = randomOf(seed);
  const size = { nodes: 3, partitions: random.between(1, 2), users: random.between(2, 4) };
  const when = (): number => random.between(ENROLLED_MS, TROUBLE_MS);
  const txs = Array.from({ length: random.between(3, 12) }, (): Action => {
    const count = Math.min(size.users, random.chance(0.2) ? 3 : 2);
    const parties = shuffled(size.users, random).slice(0, count);
    const pays = random.chance(0.5) ? random.between(1, 60) : 0;
    return { at: when(), kind: "tx", parties, pays, node: random.below(size.nodes) };
  });
  const reads = Array.from({ length: random.between(2, 10) }, (): Action => {
    const [user, node] = [random.below(size.users), random.below(size.nodes)];
    return { at: when(), kind: "read", user, node, strong: random.chance(0.4) };
  });
  const faults = bearable(Array.from({ length: random.between(0, 8) }, () => faultOf(when(), size, random)));
  return {
    seed,
    ...size,
    actions: [...txs, ...reads, ...faults, ...erasuresOf(seed, { ...size, txs })].sort((a, b) => a.at - b.at),
  };
}

const ERASING = 0.3;

const SOON_MS = 1_500;

/**
 * Now and then people leave, most of them with a transaction under way. Drawn apart, so that whatever else a seed stands
 * for stays as it was.
 */
function erasuresOf(seed: number, { nodes, txs }: { nodes: number; txs: readonly Action[] }): readonly Action[] {
  const random = randomOf(seed ^ 0x2c0ffee);
  if (!random.chance(ERASING)) return [];
  const last = random.pick(txs);
  const parties = last.kind === "tx" ? last.parties : [];
  const leaving = random.chance(0.5) ? parties : parties.slice(0, 1);
  return leaving.map((user) => ({
    at: Math.min(TROUBLE_MS, last.at + random.below(SOON_MS)),
    kind: "erase",
    user,
    node: random.below(nodes),
  }));
}

function shuffled(count: number, random: Random): number[] {
  const left = Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0] ?? 0);
}

/**
 * A promise is kept by the log's quorum and by the node that gave it. A log that forgets and a disk that is put back to
 * an old copy are two losses of one thing: no design with one copy per node and log survives both at once.
 */
function bearable(faults: readonly Action[]): readonly Action[] {
  const isForgotten = faults.some(({ kind }) => kind === "lost suffix" || kind === "deleted stream");
  return isForgotten ? faults.filter(({ kind }) => kind !== "old state") : faults;
}

const SERVERS = 3;

function faultOf(at: number, size: { readonly nodes: number; readonly partitions: number }, random: Random): Action {
  const partition = random.below(size.partitions);
  const [node, server] = [random.below(size.nodes), random.below(SERVERS)];
  const ms = random.between(500, 20_000);
  const makers: readonly (() => Action)[] = [
    () => ({ at, kind: "append", partition, mishap: random.pick(["lost before", "lost ack", "doubled", "late"]) }),
    () => ({ at, kind: "append", partition, mishap: random.pick(["lost ack", "late"]) }),
    () => ({ at, kind: "foreign record", partition, what: random.pick(["noise", "stranger", "replay"]) }),
    () => ({ at, kind: "foreign record", partition, what: "replay" }),
    () => ({ at, kind: "stale tail", node, partition, ms: 15_000 }),
    () => ({ at, kind: "lost suffix", partition, records: random.between(1, 6) }),
    () => ({ at, kind: "hole", partition, server, place: random.next() }),
    () => ({ at, kind: "truncated leader", partition, server }),
    () => ({ at, kind: "deleted stream", partition }),
    () => ({ at, kind: "log away", partition, ms }),
    () => ({ at, kind: "leader moves", partition, server }),
    () => ({ at, kind: "crash", node, ms }),
    () => ({ at, kind: "crash", node, ms }),
    () => ({ at, kind: "pause", node, ms }),
    () => ({ at, kind: "commits fail", node, times: random.between(1, 3) }),
    () => ({ at, kind: "old state", node, ms: random.between(500, 3_000) }),
    () => ({ at, kind: "bad digest", node, partition }),
    () => ({ at, kind: "reorg", depth: random.between(1, 3) }),
    () => ({ at, kind: "chain silent", node, ms }),
    () => ({ at, kind: "signer away", signer: random.below(4), ms }),
    () => ({ at, kind: "auditor stops", steps: random.below(3) }),
  ];
  return random.pick(makers)();
}
