import { JetStreamApiError, jetstreamManager, type JetStreamManager, type StreamInfo } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { Fault } from "../../errors.ts";
import type { EnginePartition, LogEngine } from "../../ports.ts";
import type { ReplicatedLog } from "./open.ts";
import { lagOf, logFault, streamName } from "./streams.ts";

const ANSWER_MS_MAX = 2_000;
/** While there is no leader nobody answers, and whoever leads next does not answer what was asked before. */
const GLANCE_MS_MAX = 400;
const AT_ONCE = 16;
const NO_STREAM = 10_059;

/** What the servers say of themselves and of the groups, and the one thing a relayer may ask of them: who leads. */
export async function openEngine(opened: ReplicatedLog): Promise<LogEngine> {
  const jsm = await jetstreamManager(opened.nc, { checkAPI: false, timeout: ANSWER_MS_MAX });
  const quick = await jetstreamManager(opened.nc, { checkAPI: false, timeout: GLANCE_MS_MAX });
  const { log } = opened;
  const listeners = new Set<(isConnected: boolean) => void>();
  void watchConnection(opened.nc, listeners);
  return {
    onConnection(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async look() {
      const { servers, unsafe } = await opened.servers();
      const partitions: EnginePartition[] = [];
      for (let first = 0; first < log.partitions; first += AT_ONCE) {
        const some = Array.from({ length: Math.min(AT_ONCE, log.partitions - first) }, (_, i) => first + i);
        partitions.push(...(await Promise.all(some.map((partition) => lookAt(jsm, opened, partition)))));
      }
      return { servers, unsafe, partitions };
    },
    partition: (partition) => lookAt(jsm, opened, partition),
    async glance(partition) {
      try {
        return (await quick.streams.info(streamName(log.placeOf(partition)))).state.last_seq;
      } catch {
        // Nobody leads it now, or there is none: looking at the engine as a whole finds out which.
        return undefined;
      }
    },
    async lead(partition, server) {
      const stream = streamName(log.placeOf(partition));
      const wish = JSON.stringify({ placement: { preferred: server } });
      try {
        const answer = await opened.nc.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`, wish, {
          timeout: ANSWER_MS_MAX,
        });
        const { error } = answer.json<{ readonly error?: { readonly description: string } }>();
        if (error !== undefined) throw new Fault("LOG_UNAVAILABLE", error.description);
      } catch (error) {
        throw logFault(error);
      }
    },
  };
}

/** Ends with the connection. */
async function watchConnection(nc: NatsConnection, listeners: ReadonlySet<(isConnected: boolean) => void>) {
  for await (const { type } of nc.status())
    if (type === "disconnect" || type === "reconnect") for (const tell of listeners) tell(type === "reconnect");
}

async function lookAt(jsm: JetStreamManager, { log }: ReplicatedLog, partition: number): Promise<EnginePartition> {
  const nothing = { partition, leader: undefined, replicas: [], first: undefined, tail: undefined, bytes: undefined };
  if (log.isLost(partition)) return { ...nothing, stream: "" };
  const stream = streamName(log.placeOf(partition));
  try {
    const info = await jsm.streams.info(stream);
    log.noteTail(partition, info.state.last_seq);
    return facts(partition, info);
  } catch (error) {
    // Gone is not away: which streams there are is looked up again, and a partition without one is lost.
    if (error instanceof JetStreamApiError && error.code === NO_STREAM) await log.refresh().catch(() => undefined);
    return { ...nothing, stream: log.isLost(partition) ? "" : stream };
  }
}

function facts(partition: number, { config, state, cluster }: StreamInfo): EnginePartition {
  const leader = cluster?.leader === "" ? undefined : cluster?.leader;
  const others = (cluster?.replicas ?? []).map(({ name, current, offline, ...peer }) => ({
    server: name,
    current: current && !offline,
    lag: lagOf(peer),
  }));
  const leading = leader === undefined ? [] : [{ server: leader, current: true, lag: 0 }];
  return {
    partition,
    stream: config.name,
    leader,
    replicas: [...leading, ...others].sort((a, b) => (a.server < b.server ? -1 : 1)),
    // A stream that has never held a record says 0 here; it begins at 1 all the same.
    first: Math.max(1, state.first_seq),
    tail: state.last_seq,
    bytes: state.bytes,
  };
}
