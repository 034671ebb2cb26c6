import { spawn, type ChildProcess } from "node:child_process";
import { copyFileSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { makeNkeys, type Nkeys } from "../../relayer/adapters/jetstream/connect.ts";
import { freePort } from "./ports.ts";
import { root } from "./run.ts";

const START_MS_MAX = 20_000;
const POLL_MS = 25;

/** One nats-server of the local cluster: a process, its folder and its ports. They stay the same over restarts. */
export interface NatsServer {
  readonly name: string;
  readonly url: string;
  readonly storeDir: string;
  readonly logFile: string;
  readonly pid: () => number | undefined;
  readonly isRunning: () => boolean;
  /** Resolves when it takes connections. */
  readonly start: (launch?: Launch) => Promise<void>;
  /** Resolves when the process is gone. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
}

/** How a server is started: another program (an old version), or one that injects faults below it. */
export interface Launch {
  readonly path?: string;
  readonly wrapper?: readonly string[];
}

export interface NatsCluster {
  readonly servers: readonly NatsServer[];
  readonly urls: readonly string[];
  readonly nkeys: Nkeys;
  readonly stop: () => Promise<void>;
}

export interface NatsOptions {
  readonly path: string;
  readonly dataDir: string;
  readonly count?: number;
  /** `always`, except to see a relayer refuse anything else. */
  readonly syncInterval?: string;
  readonly nkeys?: Nkeys;
  /** A port that leads from one server to another's `port`; without it they connect directly. */
  readonly lay?: (from: string, to: string, port: number) => Promise<number>;
  /** Where each server keeps its data; without it, below `dataDir`. */
  readonly storeDirOf?: (name: string) => string;
}

/** Writes the configuration of a cluster on this machine and starts it. Accounts and rights are the sample's. */
export async function startNats(options: NatsOptions): Promise<NatsCluster> {
  const count = options.count ?? 3;
  const nkeys = options.nkeys ?? makeNkeys();
  const names = Array.from({ length: count }, (_, i) => `n${i + 1}`);
  const ports = await Promise.all(names.flatMap(() => [freePort(), freePort()]));
  const clusterPort = (i: number): number => ports[i * 2 + 1] ?? 0;
  const lay = options.lay ?? ((_from: string, _to: string, port: number) => Promise.resolve(port));
  const servers = await Promise.all(
    names.map(async (name, i) => {
      const others = names.map((to, j) => [to, clusterPort(j)] as const).filter(([to]) => to !== name);
      const routes = await Promise.all(others.map(([to, port]) => lay(name, to, port)));
      return prepare({ ...options, name, client: ports[i * 2] ?? 0, cluster: clusterPort(i), routes, nkeys });
    }),
  );
  await Promise.all(servers.map((server) => server.start()));
  return {
    servers,
    urls: servers.map(({ url }) => url),
    nkeys,
    async stop() {
      await Promise.all(servers.map((server) => server.kill("SIGKILL")));
    },
  };
}

interface Place extends NatsOptions {
  readonly name: string;
  readonly client: number;
  readonly cluster: number;
  /** Ports that lead to the others. */
  readonly routes: readonly number[];
  readonly nkeys: Nkeys;
}

function prepare(place: Place): NatsServer {
  const dir = join(place.dataDir, place.name);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  copyFileSync(join(root, "samples/nats/accounts.conf"), join(dir, "accounts.conf"));
  writeFileSync(join(dir, "server.conf"), configOf(place));
  const logFile = join(dir, "server.log");
  let child: ChildProcess | undefined;
  const end = (): void => {
    child?.kill("SIGKILL");
  };
  return {
    name: place.name,
    url: `nats://127.0.0.1:${place.client}`,
    storeDir: storeOf(place),
    logFile,
    pid: () => child?.pid,
    isRunning: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    async start(launch = {}) {
      const log = openSync(logFile, "a", 0o600);
      const [file, ...args] = [...(launch.wrapper ?? []), launch.path ?? place.path, "-c", join(dir, "server.conf")];
      child = spawn(file, args, { stdio: ["ignore", log, log], env: { ...process.env, ...keyEnv(place.nkeys) } });
      child.unref();
      process.on("exit", end);
      await untilListening(place.client, child, logFile);
    },
    kill(signal) {
      const running = child;
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return Promise.resolve();
      return new Promise((resolve) => {
        running.once("exit", () => {
          process.off("exit", end);
          resolve();
        });
        running.ref();
        running.kill(signal);
      });
    },
  };
}

const storeOf = (place: Place): string => place.storeDirOf?.(place.name) ?? join(place.dataDir, place.name, "store");

const keyEnv = ({ log, keeper, sys }: Nkeys): Record<string, string> => ({
  MIDC_LOG_NKEY: log.publicKey,
  MIDC_KEEPER_NKEY: keeper.publicKey,
  MIDC_SYS_NKEY: sys.publicKey,
});

/** As samples/nats/server.conf, but on the loopback and therefore without TLS. */
const configOf = (place: Place): string => `server_name: ${place.name}
listen: "127.0.0.1:${place.client}"
max_payload: 1MB
ping_interval: "5s"
ping_max: 2
jetstream {
  store_dir: ${JSON.stringify(storeOf(place))}
  sync_interval: ${place.syncInterval ?? "always"}
  max_file_store: 20G
  max_memory_store: 256M
}
${place.routes.length === 0 ? "" : clusterOf(place)}
include ./accounts.conf
`;

const clusterOf = (place: Place): string => `cluster {
  name: midc
  listen: "127.0.0.1:${place.cluster}"
  routes: [${place.routes.map((port) => `nats-route://127.0.0.1:${port}`).join(", ")}]
  # The servers know one another by these addresses only: the links between them may run through something that cuts.
  no_advertise: true
}`;

async function untilListening(port: number, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = Date.now() + START_MS_MAX;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`nats-server stopped at once; see ${logFile}`);
    if (await answers(port)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`nats-server did not answer in time; see ${logFile}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
