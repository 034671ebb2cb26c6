import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createPublicClient, http, type Hex } from "viem";
import { notaryLedgerAbi } from "../../protocol/abi/NotaryLedger.ts";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { connectNats, type NatsAccess } from "../../relayer/adapters/jetstream/connect.ts";
import { readExtents } from "../../relayer/adapters/jetstream/extents.ts";
import { readReplica } from "../../relayer/adapters/jetstream/replica.ts";
import { openLmdbState } from "../../relayer/adapters/lmdb/state.ts";
import type { ClusterView } from "../../relayer/cluster/view.ts";
import { judgeFiles, type Verdict } from "../history/check.ts";
import { exportState } from "../history/exportState.ts";
import type { Line } from "../history/line.ts";
import { NETWORK, startCluster, type ClusterOptions, type ClusterStack } from "../local/cluster.ts";
import { layLinks, type Links } from "./links.ts";
import { openLoad, PEOPLE, type Load } from "./load.ts";
import { readStill } from "./still.ts";

/** A cluster under load that faults are done to, and that is judged afterwards. */
export interface Arena {
  readonly cluster: ClusterStack;
  readonly links: Links;
  readonly load: Load;
  readonly view: (relayer?: number) => Promise<ClusterView | undefined>;
  /** Waits for a condition, with a limit; the work of every scenario is done by conditions. */
  readonly until: <Seen>(
    what: string,
    look: () => Promise<Seen> | Seen,
    holds: (seen: Seen) => boolean,
    msMax?: number,
  ) => Promise<Seen>;
  /** Stops the load, waits until everything has come to rest, and judges all that has happened so far. */
  readonly judge: () => Promise<Verdict & { readonly restMs: number }>;
  readonly stop: () => Promise<void>;
}

const REST_MS_MAX = 60_000;
const LOOK_MS = 100;
const PARTITIONS = 8;
const UNLIMITED = { MIDCHAIN_IP_REQUESTS_PER_MINUTE: "0", MIDCHAIN_ACCOUNT_REQUESTS_PER_MINUTE: "0" };
/** Snapshots are taken when a fault asks for them, and a handful of records is then enough to trim. */
const TRIMMED_EARLY = {
  MIDCHAIN_SNAPSHOT_MINUTES: "0",
  MIDCHAIN_LOG_KEEP_RECORDS: "4",
  MIDCHAIN_TRIM_AWAY_MINUTES: "1",
};

export async function openArena(
  options: Pick<ClusterOptions, "dataDir" | "onStep" | "storeDirOf" | "env"> & { readonly seed: number },
): Promise<Arena> {
  const links = layLinks();
  const cluster = await startCluster({
    partitions: PARTITIONS,
    ...options,
    names: PEOPLE,
    lay: links.lay,
    env: { ...UNLIMITED, ...TRIMMED_EARLY, ...options.env },
  });
  try {
    const load = await openLoad(cluster, options.seed);
    const before = await balances(cluster);
    const view = (relayer = 0): Promise<ClusterView | undefined> => viewOf(cluster.relayers[relayer]?.url ?? "");
    return {
      cluster,
      links,
      load,
      view,
      until,
      async judge() {
        await load.stop();
        const startedAt = performance.now();
        await rest(cluster);
        const restMs = Math.round(performance.now() - startedAt);
        return { ...(await judgeFiles(await writeHistory(cluster, load, before))), restMs };
      },
      async stop() {
        await load.stop();
        await cluster.stop();
        links.close();
      },
    };
  } catch (error) {
    await cluster.stop();
    links.close();
    throw error;
  }
}

async function until<Seen>(
  what: string,
  look: () => Promise<Seen> | Seen,
  holds: (seen: Seen) => boolean,
  msMax = REST_MS_MAX,
): Promise<Seen> {
  const deadline = performance.now() + msMax;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`${what} did not come: ${JSON.stringify(seen).slice(0, 2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const ask = async (url: string): Promise<unknown> =>
  fetch(url, { signal: AbortSignal.timeout(3_000) }).then(
    (response): Promise<unknown> => response.json(),
    () => undefined,
  );
/** What a node's metrics say now; undefined when it does not answer. */
async function gauge(metricsUrl: string, name: string): Promise<number | undefined> {
  const text = await fetch(new URL("/metrics", metricsUrl), { signal: AbortSignal.timeout(3_000) }).then(
    (response) => response.text(),
    () => "",
  );
  const value = new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

const viewOf = async (url: string): Promise<ClusterView | undefined> =>
  (await ask(`${url}/v1/cluster`)) as ClusterView | undefined;

interface Backlog {
  readonly partitions: readonly { readonly unbatched: number; readonly openBatches: readonly number[] }[];
}

const isCatchingUp = ({ replicas }: ClusterView["partitions"][number]): boolean =>
  replicas.length < 3 || replicas.some(({ current, lag }) => !current || lag > 0);

/** Everybody lives, every partition is led, applied to its end on every node, and nothing waits in it. */
async function rest({ relayers }: ClusterStack): Promise<void> {
  const look = async () =>
    Promise.all(
      relayers.map(async ({ name, url, metricsUrl }) => {
        const [view, backlog] = [await viewOf(url), (await ask(`${url}/v1/partitions`)) as Backlog | undefined];
        if (view === undefined || backlog === undefined) return [`${name} does not answer`];
        const sweeping = await gauge(metricsUrl, "midchain_erasures_open");
        return [
          ...(sweeping === 0 ? [] : [`${name} has erasures that are not over`]),
          ...view.nodes.filter(({ live }) => !live).map(({ id }) => `${name} does not hear ${id}`),
          ...view.partitions
            .filter((row) => row.state !== "ok" || row.leader === null || row.tail !== row.applied || isCatchingUp(row))
            .map((row) => `${name} ${row.partition}: ${row.state}, leader ${row.leader}, ${row.applied}/${row.tail}`),
          ...backlog.partitions.flatMap((row, i) =>
            row.unbatched + row.openBatches.length > 0 ? [`${name} ${i}: ${JSON.stringify(row)}`] : [],
          ),
        ];
      }),
    );
  await until("rest", look, (busy) => busy.flat().length === 0).catch(async (error: unknown) => {
    // Why it does not come is to be read from what all of them hold, not from the one that complains.
    const held = await Promise.all(relayers.map(async ({ name, url }) => `${name} ${briefly(await viewOf(url))}`));
    throw new Error(`${String(error)}\n${held.join("\n")}`);
  });
}

/** How far each log is at a node, and by which stream. */
const briefly = (view: ClusterView | undefined): string =>
  (view?.partitions ?? [])
    .map(({ stream, state, applied, tail }) => `${stream} ${state} ${applied}/${tail ?? "?"}`)
    .join(", ");

async function balances(cluster: ClusterStack): Promise<ReadonlyMap<string, bigint>> {
  const client = createPublicClient({ transport: http(cluster.rpcUrl) });
  const read = async (account: Hex): Promise<[string, bigint]> => [
    account.toLowerCase(),
    await client.readContract({
      address: cluster.token,
      abi: platformTokenAbi,
      functionName: "balanceOf",
      args: [account],
    }),
  ];
  return new Map(await Promise.all(Object.values(cluster.wallets).map(({ address }) => read(address))));
}

/** One file per witness: the clients, each node, each server, the chain. */
async function writeHistory(
  cluster: ClusterStack,
  load: Load,
  before: ReadonlyMap<string, bigint>,
): Promise<readonly string[]> {
  const folder = join(cluster.dataDir, "history");
  mkdirSync(folder, { recursive: true });
  const paths: string[] = [];
  const write = (name: string, lines: readonly Line[]): void => {
    const path = join(folder, `${name}.jsonl`);
    writeFileSync(
      path,
      [...lines, { k: "end", lines: lines.length }].map((line) => `${JSON.stringify(line)}\n`).join(""),
    );
    paths.push(path);
  };
  const [nodes, servers] = [cluster.relayers.map(({ name }) => name), cluster.nats.servers.map(({ name }) => name)];
  write("clients", [...load.ops, { k: "expect", nodes, servers }]);
  const [first] = cluster.relayers;
  const view = await viewOf(first?.url ?? "");
  const partitions = view?.partitions ?? [];
  for (const { name, dataDir } of cluster.relayers) {
    const state = openLmdbState(join(dataDir, "state"));
    write(name, [...exportState(state, { node: name, partitions: partitions.length })]);
    await state.close();
  }
  for (const [server, lines] of await readServers(cluster, servers, partitions)) write(server, lines);
  write("chain", await chainLines(cluster, before));
  return paths;
}

type Extents = Awaited<ReturnType<typeof readExtents>>;

/**
 * What every server holds of every log. Nodes trim the logs when they like: then the copies are read again, until the
 * logs end as they began.
 */
async function readServers(
  { nats }: ClusterStack,
  servers: readonly string[],
  logs: ClusterView["partitions"],
): Promise<ReadonlyMap<string, readonly Line[]>> {
  const access = { servers: nats.urls, name: "judge", seed: nats.nkeys.log.seed, tls: undefined };
  return readStill(
    () => readExtents(access, NETWORK),
    async (extents) => {
      const held = new Map<string, readonly Line[]>();
      for (const server of servers) held.set(server, await recordsOf(access, server, { logs, extents }));
      return held;
    },
  );
}

async function recordsOf(
  access: NatsAccess,
  server: string,
  { logs, extents }: { readonly logs: ClusterView["partitions"]; readonly extents: Extents },
): Promise<readonly Line[]> {
  const nc = await connectNats(access);
  const lines: Line[] = [];
  try {
    for (const { partition, stream } of logs)
      for await (const { seq, bytes } of readReplica(nc, { stream, server })) {
        const sha256: Hex = `0x${createHash("sha256").update(bytes).digest("hex")}`;
        lines.push({ k: "record", server, partition, seq, sha256 });
      }
    for (const { partition } of logs) {
      const { first = 0, tail = 0 } = extents.get(partition) ?? {};
      lines.push({ k: "copy", server, partition, first, last: tail });
    }
  } finally {
    await nc.close();
  }
  return lines;
}

async function chainLines(cluster: ClusterStack, before: ReadonlyMap<string, bigint>): Promise<readonly Line[]> {
  const after = await balances(cluster);
  const client = createPublicClient({ transport: http(cluster.rpcUrl) });
  const events = await client.getContractEvents({
    address: cluster.ledger,
    abi: notaryLedgerAbi,
    eventName: "BatchNotarized",
    fromBlock: 0n,
  });
  return [
    ...[...after].map(([account, amount]): Line => ({
      k: "balance",
      account,
      before: (before.get(account) ?? 0n).toString(),
      after: amount.toString(),
    })),
    ...events.map(({ args }): Line => ({
      k: "anchor",
      partition: Number.parseInt((args.partition ?? "0x0").slice(-4), 16),
      seq: Number(args.seq ?? 0n),
      headerHash: args.headerHash ?? "0x",
    })),
  ];
}
