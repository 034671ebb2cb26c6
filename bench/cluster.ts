import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { fromHex } from "../protocol/bytes.ts";
import { startCluster, type ClusterStack } from "../scripts/local/cluster.ts";
import { heldIn, measureEngine } from "./cluster/engine.ts";
import { openLoad } from "./cluster/load.ts";
import { startBenchNode, type Answer, type BenchNode } from "./cluster/nodes.ts";
import { sharesOf } from "./cluster/processor.ts";

const PARTITIONS = 16;
const IDLE_PARTITIONS = 64;
const USERS = 1_000;
const WARM_MS = 3_000;
const BLOCKS_MS = 8_000;
const ENGINE_MS = 5_000;
const IDLE_MS = 15_000;
const SETTLE_MS = 10_000;
/** Twice this for each of the loaded partitions, and once for each idle one, fits what a local server may store. */
const LOG_BYTES = 256 * 1024 ** 2;

export interface ClusterRow {
  readonly name: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ClusterBench {
  readonly nodes: number;
  readonly partitions: number;
  readonly blocks: ClusterRow & {
    readonly recordBytes: number;
    readonly blocksPerRecord: number;
    readonly recordsPerSecond: number;
  };
  readonly transactions: ClusterRow & { readonly failures: Readonly<Record<string, number>> };
  /** Records per second of the servers alone, at the size that the nodes wrote in this run. */
  readonly engineRecordsPerSecond: number;
  /** Blocks per second to what the engine alone would take in records of that size. */
  readonly ratio: number;
  /** Of one core, with this many partitions and nothing to do. */
  readonly idle: { readonly partitions: number; readonly server: number; readonly relayer: number };
}

export interface ClusterBenchOptions {
  readonly inFlight: number;
  readonly requests: number;
  readonly tell: (line: string) => void;
}

/** Three nats-servers that sync every append, three nodes, one machine. */
export async function measureCluster(options: ClusterBenchOptions): Promise<ClusterBench> {
  const folder = mkdtempSync(join(tmpdir(), "midchain-bench-"));
  try {
    const measured = await measureLoaded(join(folder, "loaded"), options);
    options.tell(`idle: ${IDLE_PARTITIONS} partitions, nothing to do …`);
    const idle = await measureIdle(join(folder, "idle"));
    return { ...measured, idle };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const round = (value: number): string => Math.round(value).toLocaleString("en-US");

const open = (dataDir: string, partitions: number): Promise<ClusterStack> =>
  startCluster({
    dataDir,
    partitions,
    names: [],
    env: {
      MIDCHAIN_POLL_MS: "250",
      MIDCHAIN_CLOSE_AFTER_MS: "4000",
      MIDCHAIN_NATS_LOG_BYTES: String(LOG_BYTES),
      MIDCHAIN_IP_REQUESTS_PER_MINUTE: "100000000",
      MIDCHAIN_ACCOUNT_REQUESTS_PER_MINUTE: "100000000",
    },
  });

async function measureLoaded(dataDir: string, options: ClusterBenchOptions): Promise<Omit<ClusterBench, "idle">> {
  const { tell } = options;
  tell("three servers, three nodes …");
  const cluster = await open(dataDir, PARTITIONS);
  try {
    await stopRelayers(cluster);
    const nodes = await Promise.all(cluster.relayers.map(({ env }) => startBenchNode(env)));
    const blocks = await measureBlocks(nodes, cluster, options);
    await Promise.all(nodes.map((node) => node.stop()));
    tell(`${round(blocks.perSecond)} blocks/s; the servers alone, records of ${round(blocks.recordBytes)} bytes …`);
    const plan = { partitions: PARTITIONS, recordBytes: Math.round(blocks.recordBytes), ms: ENGINE_MS };
    const { perSecond: engineRecordsPerSecond } = await measureEngine(cluster.nats, plan);
    tell(
      `${round(blocks.recordsPerSecond)} records/s of the nodes, ${round(engineRecordsPerSecond)} of the servers alone`,
    );
    const transactions = await measureTransactions(cluster, options);
    tell(`${round(transactions.perSecond)} transactions/s`);
    const ratio = blocks.recordsPerSecond / engineRecordsPerSecond;
    return { nodes: nodes.length, partitions: PARTITIONS, blocks, transactions, engineRecordsPerSecond, ratio };
  } finally {
    await cluster.stop();
  }
}

const stopRelayers = ({ relayers }: ClusterStack): Promise<unknown> =>
  Promise.all(relayers.map((relayer) => relayer.kill("SIGTERM")));

async function measureBlocks(
  nodes: readonly BenchNode[],
  { nats }: ClusterStack,
  { inFlight, tell }: ClusterBenchOptions,
): Promise<ClusterBench["blocks"]> {
  const share = Math.ceil(USERS / nodes.length);
  await Promise.all(
    nodes.map((node, i) => node.tell({ kind: "enrol", from: i * share, to: Math.min(USERS, (i + 1) * share) })),
  );
  tell(`blocks through three nodes, ${inFlight} under way at each …`);
  const order = { kind: "blocks", inFlight, users: USERS } as const;
  await Promise.all(nodes.map((node) => node.tell({ ...order, ms: WARM_MS })));
  const before = await heldIn(nats);
  const answers = await Promise.all(nodes.map((node) => node.tell({ ...order, ms: BLOCKS_MS })));
  const after = await heldIn(nats);
  const done = answers.filter((answer): answer is Answer & { kind: "blocks" } => answer.kind === "blocks");
  const latenciesMs = done.flatMap((answer) => answer.latenciesMs).sort((a, b) => a - b);
  const elapsedS = Math.max(...done.map((answer) => answer.elapsedMs)) / 1_000;
  const at = (part: number): number => latenciesMs[Math.floor(part * (latenciesMs.length - 1))] ?? 0;
  const records = after.records - before.records;
  return {
    name: "blocks",
    perSecond: latenciesMs.length / elapsedS,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    recordBytes: (after.bytes - before.bytes) / records,
    blocksPerRecord: latenciesMs.length / records,
    recordsPerSecond: records / elapsedS,
  };
}

async function measureTransactions(
  cluster: ClusterStack,
  { inFlight, requests, tell }: ClusterBenchOptions,
): Promise<ClusterBench["transactions"]> {
  await Promise.all(cluster.relayers.map((relayer) => relayer.start()));
  tell(`${requests.toLocaleString("en-US")} two-party requests over HTTP, spread over three relayers …`);
  const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);
  const network = {
    chain: 31_337,
    ledger: bytes(cluster.ledger),
    engine: bytes(cluster.contracts.settlementEngine),
    token: bytes(cluster.token),
  };
  const warm = Math.floor(requests / 4);
  const load = await openLoad(cluster, { network, users: USERS, requests: requests + warm });
  try {
    await load.fire({ count: warm, inFlight });
    return { name: "two-party transactions", ...(await load.fire({ count: requests, inFlight })) };
  } finally {
    await load.stop();
  }
}

async function measureIdle(dataDir: string): Promise<ClusterBench["idle"]> {
  const cluster = await open(dataDir, IDLE_PARTITIONS);
  try {
    await pass(SETTLE_MS);
    const pids = [...cluster.nats.servers, ...cluster.relayers].map(({ pid }) => pid() ?? 0);
    const shares = await sharesOf(pids, IDLE_MS);
    const servers = shares.slice(0, cluster.nats.servers.length);
    const most = (of: readonly number[]): number => Math.max(...of);
    return { partitions: IDLE_PARTITIONS, server: most(servers), relayer: most(shares.slice(servers.length)) };
  } finally {
    await cluster.stop();
  }
}
