import type { ChildProcess } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTestClient, http, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { toHex } from "../../protocol/bytes.ts";
import { openFileKeyring, writeClusterKeys } from "../../relayer/adapters/file/keyring.ts";
import { bringNats, NATS_FIX } from "./nats.ts";
import { startNats, type NatsCluster, type NatsOptions } from "./natsServers.ts";
import { freePort } from "./ports.ts";
import { readyPortal, startChain, startRelayer, tellChain, type LocalChain, type Stack } from "./stack.ts";

const NODES = 3;
/** What the cluster of this machine calls its network. */
export const NETWORK = "local";
const LOG_BYTES = 256 * 1024 * 1024;

/** One relayer of the local cluster: a process, its folder and its ports. They stay the same over restarts. */
export interface RelayerSlot {
  readonly name: string;
  readonly url: string;
  readonly metricsUrl: string;
  readonly dataDir: string;
  /** Its settings, for another program that stands in its place. */
  readonly env: Readonly<Record<string, string>>;
  readonly pid: () => number | undefined;
  readonly isRunning: () => boolean;
  readonly start: (change?: Readonly<Record<string, string>>) => Promise<void>;
  /** Resolves when the process is gone. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
}

export interface ClusterStack extends Stack {
  readonly nats: NatsCluster;
  readonly relayers: readonly RelayerSlot[];
}

export interface ClusterOptions {
  /** Emptied first. */
  readonly dataDir: string;
  readonly names: readonly string[];
  readonly partitions?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Every node serves the portal. */
  readonly portal?: boolean;
  /** A port that leads from one process to another's `port`; without it they connect directly. */
  readonly lay?: NatsOptions["lay"];
  readonly storeDirOf?: NatsOptions["storeDirOf"];
  readonly onStep?: (what: string) => void;
}

/** No nats-server that a relayer would run on can be had here. */
export class NoNats extends Error {
  override readonly name = "NoNats";
  readonly fix = NATS_FIX;
}

/** A whole cluster on this machine: three nats-servers, three relayers, and a chain they all notarize on. */
export async function startCluster(options: ClusterOptions): Promise<ClusterStack> {
  const step = options.onStep ?? (() => undefined);
  const brought = await bringNats();
  if (brought.kind === "missing") throw new NoNats(brought.why);
  rmSync(options.dataDir, { recursive: true, force: true });
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const nats = await startNats({
    path: brought.path,
    dataDir: join(options.dataDir, "nats"),
    count: NODES,
    ...(options.lay === undefined ? {} : { lay: options.lay }),
    ...(options.storeDirOf === undefined ? {} : { storeDirOf: options.storeDirOf }),
  });
  step(`NATS          ${nats.servers.length} servers, sync_interval always: ${nats.urls.join(" ")}`);
  const stops = [nats.stop];
  const stopAll = async (): Promise<void> => {
    for (const stop of stops.toReversed()) await stop();
  };
  try {
    const chain = await startChain(options);
    stops.push(chain.stop);
    tellChain(chain, step);
    const portal = options.portal === true ? await readyPortal(chain) : {};
    const relayers = await prepareRelayers(chain, nats, { ...options, env: { ...portal, ...options.env } });
    stops.push(async () => {
      await Promise.all(relayers.map((relayer) => relayer.kill("SIGTERM")));
    });
    await Promise.all(relayers.map((relayer) => relayer.start()));
    const [first] = relayers;
    if (first === undefined) throw new RangeError("a cluster of no nodes");
    step(`Relayers      ${relayers.map(({ url }) => url).join(" ")}`);
    const told = relayers.map(({ name, url, metricsUrl, dataDir }) => ({ name, url, metricsUrl, dataDir }));
    writeFileSync(
      join(options.dataDir, "cluster.json"),
      `${JSON.stringify({ pid: process.pid, relayers: told, nats: nats.urls }, undefined, 2)}\n`,
    );
    // For the verbs that work in a node's place; the keys in it are this machine's and worth nothing.
    for (const { dataDir, env } of relayers)
      writeFileSync(join(dataDir, "settings.json"), `${JSON.stringify(env, undefined, 2)}\n`, { mode: 0o600 });
    const { url, metricsUrl } = first;
    return { ...chain, url, metricsUrl, dataDir: options.dataDir, nats, relayers, stop: stopAll };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

async function prepareRelayers(
  chain: LocalChain,
  nats: NatsCluster,
  options: ClusterOptions,
): Promise<readonly RelayerSlot[]> {
  const dirs = Array.from({ length: NODES }, (_, i) => join(options.dataDir, `r${i + 1}`));
  for (const dir of dirs) mkdirSync(dir, { mode: 0o700 });
  const keyFiles = dirs.map((dir) => join(dir, "keys.json"));
  writeClusterKeys(keyFiles);
  const nodes = keyFiles.map((path) => toHex(openFileKeyring(path).nodePublicKey));
  const ports = await Promise.all(dirs.map(() => Promise.all([freePort(), freePort()])));
  // A vault is bound to the site it was made on: people of one node's site may use every node.
  const origins = ports.map(([port]) => `http://127.0.0.1:${port}`).join(",");
  return Promise.all(
    dirs.map(async (dir, i) => {
      const [port, metricsPort] = ports[i] ?? [0, 0];
      const env = {
        ...chain.env,
        ...clusterEnv(nats, await natsUrls(nats, i, options.lay)),
        MIDCHAIN_NODES: nodes.join(","),
        MIDCHAIN_ORIGINS: origins,
        MIDCHAIN_SENDER_KEY: await fundedSender(chain.rpcUrl),
        MIDCHAIN_DATA_DIR: dir,
        MIDCHAIN_PORT: String(port),
        MIDCHAIN_METRICS_PORT: String(metricsPort),
        ...(options.partitions === undefined ? {} : { MIDCHAIN_PARTITIONS: String(options.partitions) }),
        ...options.env,
      };
      return slot(`r${i + 1}`, env);
    }),
  );
}

/** Each node its own server first, the others after it. */
async function natsUrls({ servers }: NatsCluster, index: number, lay: NatsOptions["lay"]): Promise<readonly string[]> {
  const ordered = [...servers.slice(index), ...servers.slice(0, index)];
  if (lay === undefined) return ordered.map(({ url }) => url);
  const ports = ordered.map(({ name, url }) => lay(`r${index + 1}`, name, Number(new URL(url).port)));
  return (await Promise.all(ports)).map((port) => `nats://127.0.0.1:${port}`);
}

function clusterEnv({ nkeys }: NatsCluster, urls: readonly string[]): Record<string, string> {
  return {
    MIDCHAIN_NETWORK: NETWORK,
    MIDCHAIN_NATS_URLS: urls.join(","),
    MIDCHAIN_NATS_SEED: nkeys.log.seed,
    MIDCHAIN_NATS_SYS_SEED: nkeys.sys.seed,
    MIDCHAIN_NATS_KEEPER_SEED: nkeys.keeper.seed,
    MIDCHAIN_NATS_LOG_BYTES: String(LOG_BYTES),
  };
}

/** Nodes never share a sending account: its nonces are counted in one node's journal. */
async function fundedSender(rpcUrl: string): Promise<`0x${string}`> {
  const key = generatePrivateKey();
  const test = createTestClient({ chain: foundry, transport: http(rpcUrl), mode: "anvil" });
  await test.setBalance({ address: privateKeyToAccount(key).address, value: parseEther("1000") });
  return key;
}

function slot(name: string, env: Readonly<Record<string, string>>): RelayerSlot {
  let spawned: ChildProcess | undefined;
  const isRunning = (): boolean => spawned !== undefined && spawned.exitCode === null && spawned.signalCode === null;
  return {
    name,
    url: `http://127.0.0.1:${env["MIDCHAIN_PORT"] ?? ""}`,
    metricsUrl: `http://127.0.0.1:${env["MIDCHAIN_METRICS_PORT"] ?? ""}/metrics`,
    dataDir: env["MIDCHAIN_DATA_DIR"] ?? "",
    env,
    pid: () => spawned?.pid,
    isRunning,
    async start(change = {}) {
      const onSpawned = (process: ChildProcess): void => {
        spawned = process;
      };
      await startRelayer({ ...env, ...change }, { logFile: `${env["MIDCHAIN_DATA_DIR"] ?? ""}.log`, onSpawned });
    },
    kill(signal) {
      const process = spawned;
      if (process === undefined || !isRunning()) return Promise.resolve();
      return new Promise((resolve) => {
        process.once("exit", () => {
          resolve();
        });
        process.kill(signal);
      });
    },
  };
}
