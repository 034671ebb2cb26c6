import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Trimmed } from "../../../relayer/cluster/trims.ts";
import type { Arena } from "../arena.ts";
import { operate } from "../operate.ts";
import { progress, type Fault } from "./fault.ts";

/** The log is cut behind snapshots while it is written to, and what was cut must not be missed by anybody. */
export const trimFaults: readonly Fault[] = [
  {
    name: "trim-slow-replica",
    rows: ["F19"],
    about: "logs are trimmed while a node stands still; nothing goes that it has not applied, and it goes on",
    quick: false,
    async run(arena) {
      const slow = await paused(arena, 2, async () => {
        const applied = await arena.until(
          "what the others know of the slow node",
          () => arena.view(),
          (view) => view !== undefined,
        );
        await progress(arena, 20);
        await snapshots(arena, [0, 1]);
        await trimAll(arena);
        return applied;
      });
      const first = await arena.view();
      for (const row of first?.partitions ?? []) {
        const then = slow?.partitions[row.partition]?.applied ?? 0;
        if ((row.first ?? 1) > then + 1) throw new Error(`partition ${row.partition} was trimmed past a slow node`);
      }
      await progress(arena);
    },
  },
  {
    name: "node-left-behind",
    rows: ["F19"],
    about:
      "a node stands still until the logs are trimmed without it; it fetches another's snapshot by itself and goes on",
    quick: false,
    async run(arena) {
      const slow = arena.cluster.relayers[2];
      const rows = (): bigint => statSync(join(slow?.dataDir ?? "", "state/data.mdb"), { bigint: true }).ino;
      const before = rows();
      await paused(arena, 2, async () => {
        await progress(arena, 20);
        const { partitions = [] } = (await arena.view()) ?? {};
        const ends = partitions.map(({ tail }) => tail ?? 0);
        await progress(arena, 20);
        await trimmed(arena, ({ partition, first }) => first > (ends[partition] ?? 0) + 1);
      });
      await arena.until("another state", rows, (now) => now !== before);
      await progress(arena);
    },
  },
  {
    name: "node-from-snapshot",
    rows: ["F19", "F13"],
    about: "logs are trimmed under load, and a node that has lost its state starts from another node's snapshot",
    quick: false,
    async run(arena) {
      await progress(arena, 20);
      await trimmed(arena);
      const node = arena.cluster.relayers[2];
      await node?.kill("SIGKILL");
      rmSync(join(node?.dataDir ?? "", "state"), { recursive: true });
      await progress(arena);
      await node?.start();
      await progress(arena);
    },
  },
];

async function paused<Result>(arena: Arena, relayer: number, work: () => Promise<Result>): Promise<Result> {
  const pid = arena.cluster.relayers[relayer]?.pid();
  if (pid === undefined) throw new RangeError("no such process");
  process.kill(pid, "SIGSTOP");
  try {
    return await work();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

const snapshots = async ({ cluster }: Arena, nodes: readonly number[]): Promise<void> => {
  for (const node of nodes) await operate(cluster.relayers[node]?.metricsUrl, "/cluster/snapshot");
};

const trimAll = async ({ cluster }: Arena): Promise<readonly Trimmed[]> =>
  (await operate<{ readonly partitions: readonly Trimmed[] }>(cluster.relayers[0]?.metricsUrl, "/cluster/trim"))
    .partitions;

/** A silent node is waited for, for a minute. */
const TRIMMED_MS_MAX = 150_000;

/** Trims until every log that holds more than a few records has lost its beginning, and one of them as much as is told. */
export async function trimmed(
  arena: Arena,
  isEnough: (log: Trimmed) => boolean = ({ first }) => first > 1,
): Promise<readonly Trimmed[]> {
  return arena.until(
    "logs without their beginning",
    async () => {
      await snapshots(arena, [0, 1]);
      return trimAll(arena);
    },
    (logs) => logs.some(isEnough) && logs.every(({ first, tail }) => first > 1 || tail < 12),
    TRIMMED_MS_MAX,
  );
}
