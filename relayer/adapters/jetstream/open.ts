import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../errors.ts";
import { connectNats, type NatsAccess } from "./connect.ts";
import { readServers, unsafeServers, type ServerFacts, type Unsafe } from "./gate.ts";
import { openJetStreamLog, type JetStreamLog, type JetStreamLogOptions } from "./log.ts";
import { logFault, streamName, unsafeIn } from "./streams.ts";

export interface ReplicatedLogOptions extends JetStreamLogOptions {
  readonly access: NatsAccess;
  readonly sysSeed: string | undefined;
  readonly keeperSeed: string | undefined;
  /** Runs all the same on servers whose acknowledgements cannot be believed. For experiments only. */
  readonly acceptUnsafe: boolean;
}

/** The log of a cluster with the connections it stands on. */
export interface ReplicatedLog {
  readonly log: JetStreamLog;
  readonly nc: NatsConnection;
  /** Connections with other rights; undefined without their seeds. */
  readonly sys: NatsConnection | undefined;
  readonly keeper: NatsConnection | undefined;
  /** The servers as they are now, looked at again: one can be replaced by an old one at any time. */
  readonly servers: () => Promise<{ readonly servers: readonly ServerFacts[]; readonly unsafe: readonly Unsafe[] }>;
}

const GATE_MS_MAX = 15_000;
const GATE_AGAIN_MS = 500;

/** Connects, looks at every server and stream, and refuses what is unsafe with what to change. */
export async function openReplicatedLog(options: ReplicatedLogOptions): Promise<ReplicatedLog> {
  const { access } = options;
  const open: NatsConnection[] = [];
  const connectAs = async (seed: string | undefined, user: string): Promise<NatsConnection> => {
    const nc = await connectNats({ ...access, seed, name: `${access.name} ${user}` });
    open.push(nc);
    return nc;
  };
  try {
    const nc = await connectAs(access.seed, "log");
    const sys = options.sysSeed === undefined ? undefined : await connectAs(options.sysSeed, "sys");
    const keeper = options.keeperSeed === undefined ? undefined : await connectAs(options.keeperSeed, "keeper");
    if (!options.acceptUnsafe) await passServers(sys);
    const log = await openJetStreamLog(nc, options);
    const servers = async () => {
      const found = sys === undefined ? [] : await readServers(sys);
      return { servers: found, unsafe: unsafeServers(found) };
    };
    if (!options.acceptUnsafe) refuse(await unsafeStreams(nc, log, options));
    return { ...{ nc, sys, keeper, servers }, log: { ...log, close: () => closeAll(log, open) } };
  } catch (error) {
    await Promise.all(open.map((nc) => nc.close()));
    throw logFault(error);
  }
}

async function closeAll(log: JetStreamLog, open: readonly NatsConnection[]): Promise<void> {
  await log.close();
  await Promise.all(open.map((nc) => nc.close()));
}

/** Servers that have just been started get a while to answer; a wrong version or setting is refused at once. */
async function passServers(sys: NatsConnection | undefined): Promise<void> {
  const deadline = Date.now() + GATE_MS_MAX;
  for (;;) {
    const servers = sys === undefined ? [] : await readServers(sys);
    const unsafe = unsafeServers(servers);
    const silentOnly = unsafe.length === 1 && servers.every(({ syncAlways }) => syncAlways);
    if (unsafe.length === 0) return;
    if (sys === undefined || !silentOnly || Date.now() > deadline) refuse(unsafe);
    await sleep(GATE_AGAIN_MS);
  }
}

function refuse(unsafe: readonly Unsafe[]): void {
  if (unsafe.length === 0) return;
  throw new Fault("LOG_UNSAFE", unsafe.map(({ cause, fix }) => `${cause} (${fix})`).join("; "));
}

async function unsafeStreams(
  nc: NatsConnection,
  log: JetStreamLog,
  options: ReplicatedLogOptions,
): Promise<readonly Unsafe[]> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const found: Unsafe[] = [];
  for (let partition = 0; partition < options.partitions; partition += 1) {
    if (log.isLost(partition)) continue;
    const place = log.placeOf(partition);
    for (const cause of unsafeIn(await jsm.streams.info(streamName(place)), place, options))
      found.push({ cause, fix: 'give the stream the configuration of docs/CLUSTER.md, "Safe streams"' });
  }
  return found;
}
