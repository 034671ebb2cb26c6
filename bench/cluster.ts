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
/** Requests under way in the measurement of transactions, over all nodes. */
const REQUESTS_IN_FLIGHT = 256;
/** The shape in which docs/SCALING.md measures what a record costs the servers. */
const FEW = { logs: 4, underWay: 2 };
const WARM_MS = 8_000;
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

/** Blocks at one load, beside the servers alone with records of the size that the nodes wrote at it. */
export interface BlocksRow extends ClusterRow {
  /** Under way at each node. */
  readonly inFlight: number;
  readonly recordBytes: number;
  readonly blocksPerRecord: number;
  readonly recordsPerSecond: number;
  /**
   * Records per second of the servers alone. `appended`: with as many logs and appends under way, all the time, as the
   * nodes can have. `delivered`: the same, delivered to as many readers as there are nodes. `few`: four logs and two
   * appends under way on each.
   */
  readonly engine: { readonly appended: number; readonly delivered: number; readonly few: number };
  /** Blocks per second to what the engine alone takes in such records, by each of the three; the goal is the first's. */
  readonly ratio: number;
  readonly ratioDelivered: number;
  readonly ratioFew: number;
}

export interface ClusterBench {
  readonly nodes: number;
  readonly partitions: number;
  readonly blocks: readonly BlocksRow[];
  readonly transactions: ClusterRow & { readonly failures: Readonly<Record<string, number>> };
  /** Of the load that moves the most blocks. */
  readonly ratio: number;
  /** Of one core, with this many partitions and nothing to do. */
  readonly idle: { readonly partitions: number; readonly server: number; readonly relayer: number };
}

export interface ClusterBenchOptions {
  /** What each node has under way, one measurement for each. */
  readonly loads: readonly number[];
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
    await enrolUsers(nodes);
    const blocks: BlocksRow[] = [];
    for (const inFlight of options.loads) blocks.push(await measureLoad(nodes, cluster, { inFlight, tell }));
    await Promise.all(nodes.map((node) => node.stop()));
    const transactions = await measureTransactions(cluster, options);
    tell(`${round(transactions.perSecond)} transactions/s`);
    const most = blocks.toSorted((a, b) => b.perSecond - a.perSecond)[0];
    return { nodes: nodes.length, partitions: PARTITIONS, blocks, transactions, ratio: most?.ratio ?? 0 };
  } finally {
    await cluster.stop();
  }
}

const stopRelayers = ({ relayers }: ClusterStack): Promise<unknown> =>
  Promise.all(relayers.map((relayer) => relayer.kill("SIGTERM")));

async function enrolUsers(nodes: readonly BenchNode[]): Promise<void> {
  const share = Math.ceil(USERS / nodes.length);
  await Promise.all(
    nodes.map((node, i) => node.tell({ kind: "enrol", from: i * share, to: Math.min(USERS, (i + 1) * share) })),
  );
}

interface LoadPlan {
  readonly inFlight: number;
  readonly tell: ClusterBenchOptions["tell"];
}

/** The nodes at one load, and right after it the servers alone with records of the same size. */
async function measureLoad(nodes: readonly BenchNode[], { nats }: ClusterStack, plan: LoadPlan): Promise<BlocksRow> {
  const { inFlight, tell } = plan;
  tell(`blocks through three nodes, ${inFlight} under way at each …`);
  const written = await measureBlocks(nodes, nats, inFlight);
  tell(`${round(written.perSecond)} blocks/s; the servers alone, records of ${round(written.recordBytes)} bytes …`);
  const same = { recordBytes: Math.round(written.recordBytes), ms: ENGINE_MS };
  const crowd = { ...same, logs: PARTITIONS, underWay: nodes.length };
  const appended = await measureEngine(nats, { ...crowd, readers: false });
  const delivered = await measureEngine(nats, { ...crowd, readers: true });
  const few = await measureEngine(nats, { ...same, ...FEW, readers: false });
  const { recordsPerSecond } = written;
  tell(
    `${round(recordsPerSecond)} records/s of the nodes; of the servers alone ${round(appended)}, ${round(delivered)} with three readers, ${round(few)} with few under way`,
  );
  const ratios = {
    ratio: recordsPerSecond / appended,
    ratioDelivered: recordsPerSecond / delivered,
    ratioFew: recordsPerSecond / few,
  };
  return { ...written, inFlight, engine: { appended, delivered, few }, ...ratios };
}

async function measureBlocks(nodes: readonly BenchNode[], nats: ClusterStack["nats"], inFlight: number) {
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
    name: `blocks, ${inFlight} under way`,
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
  { requests, tell }: ClusterBenchOptions,
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
    await load.fire({ count: warm, inFlight: REQUESTS_IN_FLIGHT });
    return { name: "two-party transactions", ...(await load.fire({ count: requests, inFlight: REQUESTS_IN_FLIGHT })) };
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
