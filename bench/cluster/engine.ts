import {
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  type ConsumerMessages,
  type JetStreamManager,
  type StreamConfig,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { randomBytes } from "node:crypto";
import { connectNats } from "../../relayer/adapters/jetstream/connect.ts";
import type { NatsCluster } from "../../scripts/local/natsServers.ts";

const NETWORK = "bench";
const MS_MAX = 10_000;
const PREFETCH = 256;

/** What the streams hold, over all partitions. */
export interface Held {
  readonly records: number;
  readonly bytes: number;
}

async function asKeeper<Result>(
  { urls, nkeys }: NatsCluster,
  work: (jsm: JetStreamManager) => Promise<Result>,
): Promise<Result> {
  const nc = await connectNats({ servers: urls, name: "bench", seed: nkeys.keeper.seed, tls: undefined });
  try {
    return await work(await jetstreamManager(nc, { checkAPI: false, timeout: MS_MAX }));
  } finally {
    await nc.close();
  }
}

export const heldIn = (nats: NatsCluster): Promise<Held> =>
  asKeeper(nats, async (jsm) => {
    let [records, bytes] = [0, 0];
    for await (const { state } of jsm.streams.list())
      [records, bytes] = [records + state.messages, bytes + state.bytes];
    return { records, bytes };
  });

export interface EnginePlan {
  readonly logs: number;
  /** Appends under way on each log, spread over a connection to each server. */
  readonly underWay: number;
  readonly recordBytes: number;
  readonly ms: number;
  /** Whether every connection is also delivered every record, as every node is. */
  readonly readers: boolean;
}

/** The engine alone: records per second of this size, appended to streams of the cluster's own shape. */
export async function measureEngine(nats: NatsCluster, plan: EnginePlan): Promise<number> {
  const names = Array.from({ length: plan.logs }, (_, i) => `raw-${i}`);
  await asKeeper(nats, async (jsm) => {
    for (const name of names) await jsm.streams.add(shapeOf(name, subjectOf(name)) as StreamConfig);
  });
  const record = randomBytes(plan.recordBytes);
  const connections = await Promise.all(
    nats.urls.map((url) => connectNats({ servers: [url], name: "raw", seed: nats.nkeys.log.seed, tls: undefined })),
  );
  const readers = plan.readers
    ? await Promise.all(connections.flatMap((nc) => names.map((name) => read(nc, name))))
    : [];
  let count = 0;
  const startedAt = performance.now();
  const write = async (nc: NatsConnection, name: string): Promise<void> => {
    const js = jetstream(nc, { timeout: MS_MAX });
    while (performance.now() - startedAt < plan.ms) {
      await js.publish(subjectOf(name), record);
      count += 1;
    }
  };
  const writers = names.flatMap((name, log) =>
    Array.from({ length: plan.underWay }, (_, i) => {
      const nc = connections[(log * plan.underWay + i) % connections.length];
      return nc === undefined ? Promise.resolve() : write(nc, name);
    }),
  );
  await Promise.all(writers);
  const perSecond = (count * 1_000) / (performance.now() - startedAt);
  await Promise.all(readers.map((reader) => reader.close()));
  await Promise.all(connections.map((nc) => nc.close()));
  await asKeeper(nats, async (jsm) => {
    for (const name of names) await jsm.streams.delete(name);
  });
  return perSecond;
}

const subjectOf = (name: string): string => `midc.${NETWORK}.${name}`;

/** Takes delivery of a stream and does nothing with it. */
async function read(nc: NatsConnection, name: string): Promise<ConsumerMessages> {
  const consumer = await jetstream(nc, { timeout: MS_MAX }).consumers.get(name, { deliver_policy: DeliverPolicy.All });
  return consumer.consume({ max_messages: PREFETCH, callback: () => undefined });
}

/** As the adapter makes its streams, in what costs time. */
const shapeOf = (name: string, subject: string): object => ({
  name,
  subjects: [subject],
  retention: "limits",
  storage: "file",
  num_replicas: 3,
  discard: "new",
  max_bytes: 256 * 1024 ** 2,
  duplicate_window: 1_000_000_000,
});
