import { jetstream, jetstreamManager, type JetStreamManager, type StreamConfig } from "@nats-io/jetstream";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../errors.ts";
import type { CopyEnds, LogEntry, LogKeeper } from "../../ports.ts";
import type { ReplicatedLog } from "./open.ts";
import type { JetStreamLogOptions } from "./log.ts";
import { readReplica } from "./replica.ts";
import { createStream, currentGenerations, lagOf, placeOf, safeConfig, streamName, streamSubject } from "./streams.ts";

const REBUILT_MS_MAX = 60_000;
const LOOK_MS = 200;
const PUBLISH_MS_MAX = 5_000;

/** Reads every server's copy of the log, and mends what is broken; the mending needs the keeper's rights. */
export async function openKeeper(opened: ReplicatedLog, options: JetStreamLogOptions): Promise<LogKeeper> {
  const { log, nc, keeper } = opened;
  const reading = await jetstreamManager(nc, { checkAPI: false });
  const mending = keeper === undefined ? undefined : await jetstreamManager(keeper, { checkAPI: false });
  const mayMend = (): JetStreamManager => {
    if (mending === undefined) throw new Fault("LOG_UNAVAILABLE", "repair needs MIDCHAIN_NATS_KEEPER_SEED");
    return mending;
  };
  const stream = (partition: number): string => streamName(log.placeOf(partition));
  return {
    canMend: mending !== undefined,
    generation: (partition) => (log.isLost(partition) ? 0 : log.placeOf(partition).generation),
    copy: (partition, server, fromSeq) => readReplica(nc, { stream: stream(partition), server, fromSeq }),
    ends: () => readEnds(opened, options.network),
    refresh: () => log.refresh(),
    append: (partition, record) => log.append(partition, record),
    async putBack(partition, entry) {
      // Only at its own old place: if anything has been appended there meanwhile, this is refused.
      await jetstream(nc).publish(streamSubject(log.placeOf(partition)), entry.bytes, {
        timeout: PUBLISH_MS_MAX,
        expect: { streamName: stream(partition), lastSequence: entry.seq - 1 },
      });
    },
    async rebuild(partition, server) {
      await refill(mayMend(), stream(partition), { server, replicas: options.replicas });
    },
    async renew(partition, firstSeq) {
      const jsm = mayMend();
      // Above one that is gone too: its name must not come back with other records under it.
      const found = (await currentGenerations(jsm, options.network)).get(partition) ?? 0;
      const generation = Math.max(found, log.lastGeneration(partition)) + 1;
      const place = { network: options.network, partition, generation };
      await createStream(jsm, safeConfig(place, options, firstSeq));
      // What it held stays to be looked at, and nobody can append to it any more.
      const old = { ...place, generation: generation - 1 };
      await jsm.streams.update(streamName(old), { sealed: true } as Partial<StreamConfig>).catch(() => undefined);
      await log.refresh();
    },
    async *before(partition, fromSeq) {
      const place = log.placeOf(partition);
      const old = streamName({ ...place, generation: place.generation - 1 });
      const info = await reading.streams.info(old).catch(() => undefined);
      for (let seq = Math.max(fromSeq, info?.state.first_seq ?? 1); seq <= (info?.state.last_seq ?? 0); seq += 1) {
        const message = await reading.streams.getMessage(old, { seq }).catch(() => null);
        if (message !== null) yield { seq, bytes: message.data } satisfies LogEntry;
      }
    },
    async trim(partition, beforeSeq) {
      await mayMend().streams.purge(stream(partition), { seq: beforeSeq });
    },
  };
}

/** Takes a stream down to the one copy that leads it, and lets the engine make the others again from that one. */
async function refill(
  jsm: JetStreamManager,
  stream: string,
  { server, replicas }: { readonly server: string; readonly replicas: number },
): Promise<void> {
  const { cluster } = await jsm.streams.info(stream);
  if (cluster?.leader === server)
    throw new Fault("LOG_UNAVAILABLE", `${server} leads ${stream}; move the leader first`);
  await jsm.streams.update(stream, { num_replicas: 1 });
  const deadline = Date.now() + REBUILT_MS_MAX;
  const isAt = async (count: number): Promise<boolean> => {
    const info = await jsm.streams.info(stream).catch(() => undefined);
    const peers = info?.cluster?.replicas ?? [];
    const isLevel = peers.every(({ current, ...peer }) => current && lagOf(peer) === 0);
    return info !== undefined && peers.length === count - 1 && isLevel;
  };
  for (const count of [1, replicas]) {
    if (count > 1) await jsm.streams.update(stream, { num_replicas: count });
    while (!(await isAt(count))) {
      if (Date.now() > deadline) throw new Fault("LOG_UNAVAILABLE", `${stream} did not come to ${count} replicas`);
      await sleep(LOOK_MS);
    }
  }
}

interface JszStreams {
  readonly server: { readonly name: string };
  readonly data?: {
    readonly account_details?: readonly {
      readonly stream_detail?: readonly {
        readonly name: string;
        readonly state?: { readonly first_seq: number; readonly last_seq: number };
      }[];
    }[];
  };
}

const STALL_MS = 500;
const ANSWERS_MS_MAX = 5_000;

/** What each server says of its own copies; it may say more than it has. */
async function readEnds({ sys, log }: ReplicatedLog, network: string): Promise<CopyEnds> {
  const ends = new Map<string, Map<number, { readonly first: number; readonly last: number }>>();
  if (sys === undefined) return ends;
  const wish = JSON.stringify({ accounts: true, streams: true });
  const answers = await sys.requestMany("$SYS.REQ.SERVER.PING.JSZ", wish, {
    strategy: "stall",
    stall: STALL_MS,
    maxWait: ANSWERS_MS_MAX,
  });
  for await (const answer of answers) {
    const { server, data } = answer.json<JszStreams>();
    const own = new Map<number, { readonly first: number; readonly last: number }>();
    for (const { name, state } of (data?.account_details ?? []).flatMap(({ stream_detail }) => stream_detail ?? [])) {
      const place = placeOf(network, name);
      if (place === undefined || state === undefined || log.isLost(place.partition)) continue;
      if (log.placeOf(place.partition).generation !== place.generation) continue;
      own.set(place.partition, { first: state.first_seq, last: state.last_seq });
    }
    ends.set(server.name, own);
  }
  return ends;
}
