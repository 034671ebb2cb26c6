// starts a relayer: reads the configuration, opens the stores, listens, and prints one JSON line when it takes requests
import { mkdirSync } from "node:fs";
import { readConfig, type Config } from "./config.ts";
import { Fault, faults } from "./errors.ts";
import { createApp } from "./http/app.ts";
import { createMetricsApp, type OperatorDoor } from "./http/metricsApp.ts";
import { listen, type Listening } from "./http/server.ts";
import { startNode, type RelayerNode } from "./node.ts";
import { systemClock } from "./ops/clock.ts";
import { lockDataDir } from "./ops/dataLock.ts";
import { createLogger, type Logger } from "./ops/logger.ts";
import { createMetrics, type Metrics } from "./ops/metrics.ts";

const STOP_MS_MAX = 9_000;
/** Nobody waits for the end of this process then, so it may take its time. */
const START_AGAIN_MS_MAX = 60_000;

/** One line for the cause, one for the fix; never a stack. */
function refuse(problems: readonly (readonly [cause: string, fix: string])[], exitCode: 1 | 2): never {
  for (const [cause, fix] of problems) process.stderr.write(`midchain relayer: ${cause}\n  fix: ${fix}\n`);
  process.exit(exitCode);
}

async function main(): Promise<void> {
  const unsafe = process.argv.includes("--accept-unsafe-nats") ? { MIDCHAIN_ACCEPT_UNSAFE_NATS: "yes" } : {};
  const read = readConfig({ ...process.env, ...unsafe });
  if (read.kind === "invalid") {
    refuse(
      read.problems.map((problem) => {
        const [name = ""] = problem.split(":");
        return [problem, `set ${name} to a valid value; ./midchain doctor explains each setting`] as const;
      }),
      2,
    );
  }
  const { config } = read;
  const log = createLogger(config.MIDCHAIN_LOG_LEVEL);
  const release = lock(config);
  process.on("exit", release);
  const openOne = (): Promise<Opened> => open(config, log).catch((error: unknown) => refuse([explain(error)], 1));
  const opened = await openOne();
  // Whoever is told that it is ready may stop it at once.
  stopOnSignal(startAgain(opened, openOne, log), log);
  process.stdout.write(`${JSON.stringify({ event: "ready", ...opened.urls })}\n`);
}

/** Closes a node that is over and opens it again, in this process, until it is closed for good; gives back how. */
function startAgain(first: Opened, openOne: () => Promise<Opened>, log: Logger): () => Promise<void> {
  let current = Promise.resolve(first);
  let isEnding = false;
  const watch = async ({ over, close }: Opened): Promise<void> => {
    await over;
    if (isEnding) return;
    log.warn("starting again with another state");
    const end = endHardAfter(START_AGAIN_MS_MAX);
    current = close().then(() => {
      clearTimeout(end);
      return openOne();
    });
    await watch(await current);
  };
  watch(first).catch((error: unknown) => {
    // Whoever looks after the process starts it again.
    log.error({ error: String(error) }, "the node did not close cleanly");
    process.exit(1);
  });
  return async () => {
    isEnding = true;
    await (await current).close();
  };
}

/** What is not durable now has not been promised to anybody, so ending hard loses nothing. */
const endHardAfter = (ms: number): NodeJS.Timeout => setTimeout(() => process.exit(1), ms).unref();

function lock(config: Config): () => void {
  const dir = config.MIDCHAIN_DATA_DIR;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch {
    refuse([[`cannot write to ${dir}`, "set MIDCHAIN_DATA_DIR to a folder this user may write to"]], 2);
  }
  const held = lockDataDir(dir);
  if (typeof held === "function") return held;
  return refuse([[`another relayer (pid ${held.heldBy}) uses ${dir}`, "stop it, or give this one its own folder"]], 1);
}

const operatorDoor = (
  { ledger, audits, snapshots, membership, rotation }: RelayerNode,
  { registry }: Metrics,
): OperatorDoor => ({
  contentType: registry.contentType,
  metrics: () => registry.metrics(),
  audit: audits === undefined ? undefined : (options) => audits.run(options),
  cluster:
    audits === undefined || snapshots === undefined || membership === undefined
      ? undefined
      : {
          trim: audits.trim,
          snapshot: snapshots.take,
          read: snapshots.read,
          members: membership.list,
          changeMember: membership.change,
        },
  rotate: rotation.rotate,
  outbox: {
    list: () => ledger.outbox.list(),
    bump: (nonce) => ledger.outbox.bump(nonce),
    cancel: (nonce) => ledger.outbox.cancel(nonce),
  },
});

interface Opened {
  readonly urls: { readonly url: string; readonly metrics: string };
  readonly over: RelayerNode["over"];
  /** Closes everything again, in the opposite order. */
  readonly close: () => Promise<void>;
}

/** Opens the operator's door, and people's once there is everything that they may be told. */
async function open(config: Config, log: Logger): Promise<Opened> {
  const node = await startNode(config, log);
  const metrics = createMetrics(node);
  const metricsServer = await listen(createMetricsApp(operatorDoor(node, metrics)), {
    host: config.MIDCHAIN_METRICS_HOST,
    port: config.MIDCHAIN_METRICS_PORT,
  });
  const waiting = new AbortController();
  const isWhole = await Promise.race([node.whole(waiting.signal).then(() => true), node.over.then(() => false)]);
  waiting.abort();
  const closeAll = async (...doors: readonly Listening[]): Promise<void> => {
    await Promise.all(doors.map((door) => door.close()));
    metrics.stop();
    await node.stop();
  };
  if (!isWhole) {
    await closeAll(metricsServer);
    return open(config, log);
  }
  const app = await openDoor(node, { config, log, metrics });
  return {
    urls: { url: app.url, metrics: `${metricsServer.url}/metrics` },
    over: node.over,
    close: () => closeAll(app, metricsServer),
  };
}

async function openDoor(
  node: RelayerNode,
  { config, log, metrics }: { readonly config: Config; readonly log: Logger; readonly metrics: Metrics },
): Promise<Listening> {
  let url = "";
  const { app, close } = createApp(
    node,
    {
      networkName: config.MIDCHAIN_NETWORK,
      publicUrl: () => config.MIDCHAIN_PUBLIC_URL ?? url,
      origins: config.MIDCHAIN_ORIGINS,
      proxies: config.MIDCHAIN_PROXIES,
      ipPerMinute: config.MIDCHAIN_IP_REQUESTS_PER_MINUTE,
      accountPerMinute: config.MIDCHAIN_ACCOUNT_REQUESTS_PER_MINUTE,
      streamsMax: config.MIDCHAIN_STREAMS_MAX,
      onSubmitted: metrics.submitted,
      fromBlock: config.MIDCHAIN_FROM_BLOCK,
      ...(config.MIDCHAIN_MARKET === undefined ? {} : { market: config.MIDCHAIN_MARKET }),
      contracts: Object.fromEntries(config.MIDCHAIN_CONTRACTS),
      ...(config.MIDCHAIN_EXPLORER_URL === undefined ? {} : { explorerUrl: config.MIDCHAIN_EXPLORER_URL }),
      ...(config.MIDCHAIN_BROWSER_RPC_URL === undefined ? {} : { browserRpcUrl: config.MIDCHAIN_BROWSER_RPC_URL }),
      ...(config.MIDCHAIN_PORTAL_DIR === undefined ? {} : { portalDir: config.MIDCHAIN_PORTAL_DIR }),
    },
    { clock: systemClock, log },
  );
  const server = await listen(app, { host: config.MIDCHAIN_HOST, port: config.MIDCHAIN_PORT });
  url = server.url;
  node.announce(config.MIDCHAIN_PUBLIC_URL ?? url);
  return {
    url,
    close: async () => {
      const closed = server.close();
      close();
      await closed;
    },
  };
}

function explain(error: unknown): readonly [string, string] {
  if (error instanceof Fault) return [error.message, faults[error.code].fix];
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  if (code === "EADDRINUSE") return ["the port is taken", "set MIDCHAIN_PORT and MIDCHAIN_METRICS_PORT to free ports"];
  return [message ?? String(error), "check the settings and the data folder; MIDCHAIN_LOG_LEVEL=debug tells more"];
}

function stopOnSignal(close: () => Promise<void>, log: Logger): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    endHardAfter(STOP_MS_MAX);
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error: String(error) }, "the node did not close cleanly");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

await main();
