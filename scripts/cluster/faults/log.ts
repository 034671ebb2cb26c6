import { jetstream, jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { randomBytes } from "node:crypto";
import { connectNats } from "../../../relayer/adapters/jetstream/connect.ts";
import { encodeRecord } from "../../../relayer/midc/record.ts";
import type { Arena } from "../arena.ts";
import { last, pick, progress, type Fault } from "./fault.ts";

/** What can happen to the log itself: what is in it, who leads it, how much it may hold. */
export const logFaults: readonly Fault[] = [
  {
    name: "forged-and-doubled",
    rows: ["F6", "F7", "F17"],
    about: "records are appended a second time, cut in pieces, made up, and signed by nobody, between everybody else's",
    quick: true,
    run: (arena, random) => asKeeper(arena, (nc, jsm) => forge(arena, { nc, jsm, random })),
  },
  {
    name: "step-down-storm",
    rows: ["F14"],
    about: "leaders are asked to step down forty times under load",
    quick: true,
    run: (arena, random) =>
      asKeeper(arena, async (nc) => {
        for (let round = 0; round < 40; round += 1) {
          const stream = pick(await streamsOf(arena), random);
          const preferred = pick(arena.cluster.nats.servers, random).name;
          const wish = JSON.stringify({ placement: { preferred } });
          await nc.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`, wish, { timeout: 2_000 }).catch(() => undefined);
          await last(120);
        }
        await progress(arena);
      }),
  },
  {
    name: "scaled-down-and-up",
    rows: ["F14"],
    about: "a partition's group is taken to one replica and back to three under load",
    quick: false,
    run: (arena, random) =>
      asKeeper(arena, async (_, jsm) => {
        const stream = pick(await streamsOf(arena), random);
        await jsm.streams.update(stream, { num_replicas: 1 });
        await progress(arena, 4);
        await jsm.streams.update(stream, { num_replicas: 3 });
        await arena.until(
          "three current replicas",
          () => jsm.streams.info(stream).catch(() => undefined),
          (info) => (info?.cluster?.replicas ?? []).filter(({ current }) => current).length === 2,
        );
        await progress(arena);
      }),
  },
  {
    name: "log-full",
    rows: ["F17"],
    about: "a partition's log is full: its appends are refused, nothing is dropped, and it goes on when there is room",
    quick: false,
    run: (arena) =>
      asKeeper(arena, async (_, jsm) => {
        const streams = await streamsOf(arena);
        const infos = await Promise.all(streams.map((stream) => jsm.streams.info(stream)));
        for (const { config, state } of infos) await jsm.streams.update(config.name, { max_bytes: state.bytes + 1 });
        await last(3_000);
        for (const { config } of infos) await jsm.streams.update(config.name, { max_bytes: config.max_bytes });
        await progress(arena);
      }),
  },
];

export async function asKeeper(
  { cluster }: Arena,
  work: (nc: NatsConnection, jsm: JetStreamManager) => Promise<void>,
): Promise<void> {
  const { urls, nkeys } = cluster.nats;
  const nc = await connectNats({ servers: urls, name: "fault", seed: nkeys.keeper.seed, tls: undefined });
  try {
    await work(nc, await jetstreamManager(nc, { checkAPI: false }));
  } finally {
    await nc.close();
  }
}

export async function streamsOf(arena: Arena): Promise<readonly string[]> {
  const view = await arena.until(
    "streams",
    () => arena.view(),
    (seen) => (seen?.partitions.length ?? 0) > 0 && seen?.partitions.every(({ stream }) => stream !== "") === true,
  );
  return (view?.partitions ?? []).map(({ stream }) => stream);
}

async function forge(
  arena: Arena,
  { nc, jsm, random }: { readonly nc: NatsConnection; readonly jsm: JetStreamManager; readonly random: () => number },
): Promise<void> {
  const js = jetstream(nc);
  for (const [partition, stream] of (await streamsOf(arena)).entries()) {
    const { config, state } = await jsm.streams.info(stream);
    const [subject = ""] = config.subjects;
    for (let round = 0; round < 6 && state.last_seq > 0; round += 1) {
      const seq = 1 + Math.floor(random() * state.last_seq);
      const message = await jsm.streams.getMessage(stream, { seq });
      const bytes = message?.data ?? new Uint8Array(0);
      const nobody = { nodeId: new Uint8Array(randomBytes(16)), partition, commands: [] };
      const forged = [
        bytes,
        bytes.slice(0, Math.floor(bytes.length * random())),
        new Uint8Array(randomBytes(200)),
        encodeRecord(nobody, () => new Uint8Array(64)),
      ];
      for (const record of forged) await js.publish(subject, record);
    }
  }
  await progress(arena);
}
