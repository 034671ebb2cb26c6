import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { createPublicClient, http, type Hex } from "viem";
import { platformTokenAbi } from "../protocol/abi/PlatformToken.ts";
import { fromHex, toHex } from "../protocol/bytes.ts";
import { startAnvil } from "../scripts/local/anvil.ts";
import { ANVIL_KEYS, deployLocal } from "../scripts/local/deployLocal.ts";
import { startRelayer, type RelayerProcess } from "../scripts/local/stack.ts";
import { loadSigner } from "./pipeline/keys.ts";
import { measureCeiling, type Ceiling } from "./pipeline/ceiling.ts";
import { memoryOf } from "./pipeline/memory.ts";
import type { LoadNetwork } from "./pipeline/requests.ts";
import { seedUsers } from "./pipeline/seed.ts";
import { fundPayers } from "./pipeline/fund.ts";

const PARTITIONS = 16;
const IN_FLIGHT = 512;
const ACTIVE_USERS = 1_000;
const PAYERS = 64;
const PAYMENTS = 12_000;
const LONG_CHAIN_USERS = 1_000;

export interface Fired {
  readonly count: number;
  readonly elapsedMs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: Readonly<Record<string, number>>;
}

export interface PipelineRow {
  readonly name: string;
  readonly users: number;
  readonly chainBlocks: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the relayer per transaction, all its threads. */
  readonly cpuUs: number;
  /** The same by part: the main thread, the signature threads, and the rest (the store's writer, the runtime). */
  readonly cpuUsByPart: { readonly main: number; readonly signatures: number; readonly rest: number };
  /** What the process holds for itself: heaps, buffers, stacks. */
  readonly privateMb: number;
  /** Pages of its databases' files that are mapped: the system's file cache, given back as soon as anybody needs it. */
  readonly mappedMb: number;
  readonly failures: Readonly<Record<string, number>>;
}

export interface PipelineResult {
  readonly rows: readonly PipelineRow[];
  readonly ceiling: Ceiling;
  /** Best two-party rate to the ceiling of one core. */
  readonly ratio: number;
  readonly halfLoadP99Ms: number;
  readonly settledPerSecond: number;
  /** The dearest transaction to the first row's: what more users and longer chains add. 1 without --full. */
  readonly costGrowth: number;
}

const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

interface Chain {
  readonly rpcUrl: string;
  readonly env: Readonly<Record<string, string>>;
  readonly network: LoadNetwork;
  readonly token: Hex;
  readonly engine: Hex;
}

export async function measurePipeline(options: {
  readonly requests: number;
  readonly full: boolean;
  readonly tell: (line: string) => void;
}): Promise<PipelineResult> {
  const anvil = await startAnvil({ blockSeconds: 0.5 });
  const folder = mkdtempSync(join(tmpdir(), "midchain-bench-"));
  try {
    const chain = await deployChain(anvil.rpcUrl);
    options.tell("measuring what one transaction must cost (signatures, fsynced store, HTTP) …");
    const ceiling = await measureCeiling();
    const shapes = [
      { name: "two-party data", users: 1_000, chainBlocks: 1 },
      ...(options.full
        ? [
            { name: "200,000 users", users: 200_000, chainBlocks: 1 },
            { name: "chains of 2,000 blocks", users: 1_000, chainBlocks: 2_000 },
          ]
        : []),
    ];
    const rows: PipelineRow[] = [];
    let halfLoadP99Ms = 0;
    for (const shape of shapes) {
      options.tell(`${shape.name}: seeding ${shape.users.toLocaleString("en-US")} users …`);
      const measured = await measureShape(shape, { ...options, folder, chain });
      rows.push(measured.row);
      if (rows.length === 1) halfLoadP99Ms = measured.halfLoadP99Ms;
    }
    options.tell("settled payments, end to end …");
    const settledPerSecond = await measureSettled(chain, folder);
    const [first] = rows;
    if (first === undefined) throw new RangeError("nothing was measured");
    const ratio = first.perSecond / ceiling.perSecond;
    const costGrowth = Math.max(...rows.map(({ cpuUs }) => cpuUs)) / first.cpuUs;
    return { rows, ceiling, ratio, halfLoadP99Ms, settledPerSecond, costGrowth };
  } finally {
    await anvil.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function deployChain(rpcUrl: string): Promise<Chain> {
  const contracts = await deployLocal({ rpcUrl });
  const [sender, ...dvKeys] = ANVIL_KEYS;
  return {
    rpcUrl,
    token: contracts.platformToken,
    engine: contracts.settlementEngine,
    network: {
      chain: 31_337,
      ledger: bytesOf(contracts.notaryLedger),
      engine: bytesOf(contracts.settlementEngine),
      token: bytesOf(contracts.platformToken),
    },
    env: {
      MIDCHAIN_RPC_URLS: rpcUrl,
      MIDCHAIN_CHAIN_ID: "31337",
      MIDCHAIN_LEDGER: contracts.notaryLedger,
      MIDCHAIN_ENGINE: contracts.settlementEngine,
      MIDCHAIN_TOKENS: contracts.platformToken,
      MIDCHAIN_SENDER_KEY: sender,
      MIDCHAIN_DV_KEYS: dvKeys.join(","),
      MIDCHAIN_DV_QUORUM: "3",
      MIDCHAIN_PARTITIONS: String(PARTITIONS),
      MIDCHAIN_POLL_MS: "250",
      MIDCHAIN_CLOSE_AFTER_MS: "2000",
      MIDCHAIN_LOG_LEVEL: "error",
      MIDCHAIN_IP_REQUESTS_PER_MINUTE: "100000000",
      MIDCHAIN_ACCOUNT_REQUESTS_PER_MINUTE: "100000000",
      MIDCHAIN_PORT: "0",
      MIDCHAIN_METRICS_PORT: "0",
    },
  };
}

let networks = 0;

/** A network name for each data folder: the ledger keeps one sequence per name and partition. */
function envOf(chain: Chain, dataDir: string): Record<string, string> {
  networks += 1;
  return { ...chain.env, MIDCHAIN_DATA_DIR: dataDir, MIDCHAIN_NETWORK: `bench-${networks}` };
}

interface Load {
  readonly fire: (order: {
    readonly count: number;
    readonly inFlight: number;
    readonly rate?: number;
  }) => Promise<Fired>;
  readonly stop: () => Promise<number>;
}

function startLoad(plan: {
  readonly url: string;
  readonly dataDir: string;
  readonly network: LoadNetwork;
  readonly users: number;
  readonly active: number;
  readonly requests: number;
  readonly pay: boolean;
}): Promise<Load> {
  const worker = new Worker(new URL("pipeline/load.worker.ts", import.meta.url), {
    workerData: { ...plan, keyFile: join(plan.dataDir, "keys.json") },
  });
  const fire: Load["fire"] = (order) =>
    new Promise((resolve) => {
      worker.once("message", resolve);
      worker.postMessage(order);
    });
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", () => {
      resolve({ fire, stop: () => worker.terminate() });
    });
  });
}

async function measureShape(
  shape: { readonly name: string; readonly users: number; readonly chainBlocks: number },
  context: {
    readonly requests: number;
    readonly folder: string;
    readonly chain: Chain;
    readonly tell: (line: string) => void;
  },
): Promise<{ readonly row: PipelineRow; readonly halfLoadP99Ms: number }> {
  const { requests, chain } = context;
  const dataDir = join(context.folder, shape.name.replaceAll(/\W+/g, "-"));
  const longChains =
    shape.chainBlocks > 1 ? { longChains: { users: LONG_CHAIN_USERS, blocks: shape.chainBlocks } } : {};
  await seedUsers(dataDir, { users: shape.users, partitions: PARTITIONS, ...longChains });
  const relayer = await startRelayer(envOf(chain, dataDir));
  const load = await startLoad({
    url: relayer.url,
    dataDir,
    network: chain.network,
    users: shape.users,
    active: ACTIVE_USERS,
    requests: requests * 3,
    pay: false,
  });
  context.tell(`${shape.name}: ${requests.toLocaleString("en-US")} requests over HTTP …`);
  const [part, inFlight] = [Math.floor(requests / 2), IN_FLIGHT];
  // While the measured ones are taken, as many of those before them are completed: what is measured can go on for ever.
  await load.fire({ count: part, inFlight });
  const before = await usageOf(relayer);
  const full = await load.fire({ count: requests, inFlight });
  const after = await usageOf(relayer);
  const memory = memoryOf(relayer.process.pid ?? 0);
  await untilIdle(relayer);
  const rate = full.perSecond / 2;
  await load.fire({ count: part, inFlight, rate });
  const half = await load.fire({ count: part, inFlight, rate });
  await load.stop();
  await relayer.stop();
  rmSync(dataDir, { recursive: true, force: true });
  const { perSecond, p50Ms, p99Ms, failures, count } = full;
  const perTx = (of: (usage: Usage) => number): number => ((of(after) - of(before)) * 1e6) / count;
  const cpuUs = perTx((usage) => usage.cpuSeconds);
  const main = perTx((usage) => usage.mainSeconds);
  const signatures = perTx((usage) => usage.signatureSeconds);
  const cpuUsByPart = { main, signatures, rest: cpuUs - main - signatures };
  return {
    row: { ...shape, perSecond, p50Ms, p99Ms, cpuUs, cpuUsByPart, ...memory, failures },
    halfLoadP99Ms: half.p99Ms,
  };
}

interface Usage {
  readonly cpuSeconds: number;
  readonly mainSeconds: number;
  readonly signatureSeconds: number;
}

async function usageOf(relayer: RelayerProcess): Promise<Usage> {
  const text = await (await fetch(relayer.metricsUrl)).text();
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
  return {
    cpuSeconds: value("process_cpu_seconds_total"),
    mainSeconds: value("midchain_main_cpu_seconds"),
    signatureSeconds: value("midchain_signature_cpu_seconds"),
  };
}

/** From the first request to the last outcome on chain: payments that have moved money and are completed. */
async function measureSettled(chain: Chain, folder: string): Promise<number> {
  const dataDir = join(folder, "settled");
  await seedUsers(dataDir, { users: PAYERS, partitions: PARTITIONS });
  const signer = await loadSigner();
  const accounts = Array.from({ length: PAYERS }, (_, i) => toHex(signer.account(signer.privateKey(i))));
  await fundPayers(chain, accounts);
  const relayer = await startRelayer(envOf(chain, dataDir));
  const load = await startLoad({
    url: relayer.url,
    dataDir,
    network: chain.network,
    users: PAYERS,
    active: PAYERS,
    requests: PAYMENTS,
    pay: true,
  });
  const started = performance.now();
  await load.fire({ count: PAYMENTS, inFlight: IN_FLIGHT });
  await untilIdle(relayer);
  const elapsedS = (performance.now() - started) / 1000;
  await load.stop();
  await relayer.stop();
  const moved = await movedBetween(chain, accounts);
  if (moved === 0n) throw new Error("no payment moved anything");
  return PAYMENTS / elapsedS;
}

const IDLE_MS_MAX = 240_000;

async function untilIdle(relayer: RelayerProcess): Promise<void> {
  const deadline = Date.now() + IDLE_MS_MAX;
  for (;;) {
    const answer = (await (await fetch(`${relayer.url}/v1/partitions`)).json()) as {
      partitions?: { unbatched: number; openBatches: unknown[] }[];
    };
    const busy = (answer.partitions ?? []).some(
      ({ unbatched, openBatches }) => unbatched > 0 || openBatches.length > 0,
    );
    if (!busy && answer.partitions !== undefined) return;
    if (Date.now() > deadline) throw new Error("payments were not all settled in time");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function movedBetween(chain: Chain, accounts: readonly Hex[]): Promise<bigint> {
  const client = createPublicClient({ transport: http(chain.rpcUrl) });
  const [first] = accounts;
  if (first === undefined) return 0n;
  const logs = await client.getContractEvents({
    address: chain.token,
    abi: platformTokenAbi,
    eventName: "Transfer",
    args: { from: first },
    fromBlock: 0n,
  });
  return BigInt(logs.length);
}
