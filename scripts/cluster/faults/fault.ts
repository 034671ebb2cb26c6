import { setTimeout as pass } from "node:timers/promises";
import type { Arena } from "../arena.ts";

/** One fault of the matrix, done to real processes under load. */
export interface Fault {
  readonly name: string;
  /** Rows of the matrix it covers. */
  readonly rows: readonly string[];
  readonly about: string;
  /** Whether it belongs to the few that every push runs. */
  readonly quick: boolean;
  /** Why this machine cannot do it, where it cannot: then it is told, and not run. */
  readonly lacking?: () => string | undefined;
  /** Does the fault and takes it back. It is called with the load running, and judged when it returns. */
  readonly run: (arena: Arena, random: () => number) => Promise<void>;
}

/** How long a fault lasts is part of the fault. */
export const last = (ms: number): Promise<void> => pass(ms);

/** More transactions are acknowledged, whatever else is going on. */
export async function progress(arena: Arena, count = 8, msMax = 60_000): Promise<void> {
  const from = arena.load.acknowledged();
  await arena.until(`${count} more acknowledgements`, arena.load.acknowledged, (now) => now >= from + count, msMax);
}

export const pick = <Item>(items: readonly Item[], random: () => number): Item => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
};

/** Stops a process where it stands, for a while. */
export async function pause(pid: number | undefined, ms: number): Promise<void> {
  if (pid === undefined) throw new RangeError("no such process");
  process.kill(pid, "SIGSTOP");
  try {
    await last(ms);
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

/** The server that leads the most partitions now. */
export async function leading(arena: Arena): Promise<Arena["cluster"]["nats"]["servers"][number]> {
  const view = await arena.until(
    "a leader everywhere",
    () => arena.view(),
    (seen) => (seen?.servers.length ?? 0) > 0,
  );
  const most = view?.servers.toSorted((a, b) => b.leads - a.leads)[0];
  const { servers } = arena.cluster.nats;
  return servers.find(({ name }) => name === most?.name) ?? pick(servers, () => 0);
}
