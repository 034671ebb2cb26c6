import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { connectNats } from "../../relayer/adapters/jetstream/connect.ts";
import { openEngine } from "../../relayer/adapters/jetstream/engine.ts";
import { natsGossip } from "../../relayer/adapters/jetstream/gossip.ts";
import { openJetStreamLog, type JetStreamLog } from "../../relayer/adapters/jetstream/log.ts";
import { streamName } from "../../relayer/adapters/jetstream/streams.ts";
import { Fault } from "../../relayer/errors.ts";
import type { TrimmableLog } from "../../relayer/ports.ts";
import { behavesAsPartitionLog } from "../relayer/ports/partitionLog.behavior.ts";
import { random } from "../support/relayer.ts";
import { until } from "../support/until.ts";
import { testServers } from "./support.ts";

const BYTES_MAX = 64 * 1024 * 1024;

/** The connection, with something else in the first acknowledgement that it brings. */
function withFirstAck(nc: NatsConnection, change: object): NatsConnection {
  let changed = false;
  const subscribe: NatsConnection["subscribe"] = (subject, options = {}) => {
    const { callback } = options;
    if (callback === undefined) return nc.subscribe(subject, options);
    return nc.subscribe(subject, {
      ...options,
      callback(error, message) {
        const ack = error === null && !changed ? message.json<object>() : {};
        if (!("seq" in ack)) return callback(error, message);
        changed = true;
        const data = Buffer.from(JSON.stringify({ ...ack, ...change }));
        return callback(error, Object.create(message, { data: { value: data } }) as typeof message);
      },
    });
  };
  return new Proxy(nc, {
    get: (of, name) => {
      const found = name === "subscribe" ? subscribe : (Reflect.get(of, name, of) as unknown);
      return typeof found === "function" ? (found as () => unknown).bind(of) : found;
    },
  });
}

describe("on three real servers", () => {
  let servers: Awaited<ReturnType<typeof testServers>>;
  let nc: NatsConnection;
  let opened = 0;
  before(async () => {
    servers = await testServers();
    nc = await connectNats({ servers: servers.urls, name: "test", seed: servers.nkeys.log.seed, tls: undefined });
  });
  after(async () => {
    await nc.close();
    await servers.stop();
  });
  const openNetwork = (network: string, change: { readonly nextOf?: () => number } = {}): Promise<JetStreamLog> =>
    openJetStreamLog(nc, { network, partitions: 3, replicas: 3, bytesMax: BYTES_MAX, nextOf: () => 1, ...change });

  /** The log with the keeper's right to trim it. The last record stays because whoever plans a trim leaves it. */
  async function trimmable(log: JetStreamLog): Promise<TrimmableLog> {
    const { urls, nkeys } = servers;
    const keeper = await connectNats({ servers: urls, name: "keeper", seed: nkeys.keeper.seed, tls: undefined });
    const jsm = await jetstreamManager(keeper);
    const stateOf = async (partition: number) => (await jsm.streams.info(streamName(log.placeOf(partition)))).state;
    return {
      ...log,
      first: async (partition) => Math.max(1, (await stateOf(partition)).first_seq),
      async trim(partition, beforeSeq) {
        const { last_seq } = await stateOf(partition);
        await jsm.streams.purge(streamName(log.placeOf(partition)), { seq: Math.min(beforeSeq, last_seq) });
      },
      async close() {
        await keeper.close();
        await log.close();
      },
    };
  }

  it("goes on hearing words when a listener has thrown at one", async () => {
    const faults: unknown[] = [];
    const gossip = natsGossip(nc, "deaf", (error) => faults.push(error));
    const heard: string[] = [];
    const unhear = gossip.hear("news", (word) => {
      const text = Buffer.from(word).toString();
      if (text === "bad") throw new Error("this word cannot be read");
      heard.push(text);
    });
    for (const word of ["one", "bad", "two"]) gossip.tell("news", Buffer.from(word));
    await until(
      "the word after it",
      () => heard,
      (words) => words.length === 2,
    );
    unhear();
    assert.deepEqual([heard, String(faults)], [["one", "two"], "Error: this word cannot be read"]);
  });

  behavesAsPartitionLog("JetStream", async () => {
    const network = `t${(opened += 1)}`;
    return { log: await trimmable(await openNetwork(network)), reopen: () => openNetwork(network) };
  });

  it("shows one node what another has appended", async () => {
    const [here, there] = await Promise.all([openNetwork("two"), openNetwork("two")]);
    assert.deepEqual(await there.read(0, 1, 10), []);
    const rung = new Promise<number>((resolve) => there.follow(resolve));
    const record = random(500);
    assert.equal(await here.append(0, record), 1);
    assert.equal(await rung, 0);
    const [entry] = await until(
      "the record at the other node",
      () => there.read(0, 1, 10),
      (entries) => entries.length === 1,
    );
    assert.deepEqual(Buffer.from(entry!.bytes), Buffer.from(record));
    await Promise.all([here.close(), there.close()]);
  });

  it("takes no other stream's acknowledgement for its own, and appends again", async () => {
    const options = { network: "foreign", partitions: 1, replicas: 3, bytesMax: BYTES_MAX, nextOf: () => 1 };
    const log = await openJetStreamLog(withFirstAck(nc, { stream: "another" }), options);
    assert.equal(await log.append(0, random(10)), 2);
    await log.close();
  });

  it("asks before each try whether it still may, not before the first alone", async () => {
    const options = { network: "withdrawn", partitions: 1, replicas: 3, bytesMax: BYTES_MAX, nextOf: () => 1 };
    const log = await openJetStreamLog(withFirstAck(nc, { stream: "another" }), options);
    const answers = [undefined, new Fault("LOG_UNSAFE", "a server was found to be unsafe meanwhile")];
    await assert.rejects(
      log.append(0, random(10), () => answers.shift()),
      { code: "LOG_UNSAFE" },
    );
    assert.equal(await log.tail(0), 1, "the first try alone reached the log");
    await log.close();
  });

  it("never makes an empty stream in the place of one that held records", async () => {
    const log = await openNetwork("gone");
    await log.append(0, random(10));
    await log.close();
    const keeper = await connectNats({
      servers: servers.urls,
      name: "keeper",
      seed: servers.nkeys.keeper.seed,
      tls: undefined,
    });
    const jsm = await jetstreamManager(keeper);
    await jsm.streams.delete(streamName(log.placeOf(0)));
    const again = await openNetwork("gone", { nextOf: () => 2 });
    assert.equal(again.isLost(0), true);
    await assert.rejects(again.append(0, random(10)), (error) => error instanceof Fault && error.code === "LOG_LOST");
    await again.close();
    await keeper.close();
  });

  it("does not let a relayer delete, purge or change a stream", async () => {
    const log = await openNetwork("rights");
    const jsm = await jetstreamManager(nc, { timeout: 500 });
    const stream = streamName(log.placeOf(0));
    await assert.rejects(jsm.streams.delete(stream));
    await assert.rejects(jsm.streams.purge(stream));
    await assert.rejects(jsm.streams.update(stream, { num_replicas: 1 }));
    await log.close();
  });

  it("appends again after its stream's leader was killed, within ten seconds", async () => {
    const log = await openNetwork("failover");
    await log.append(0, random(10));
    const jsm = await jetstreamManager(nc);
    const { cluster } = await jsm.streams.info(streamName(log.placeOf(0)));
    const leader = servers.servers.find(({ name }) => name === cluster?.leader);
    await leader?.kill("SIGKILL");
    const startedAt = performance.now();
    const seq = await log.append(0, random(10));
    assert.ok(seq >= 2);
    assert.ok(performance.now() - startedAt < 10_000, `it took ${performance.now() - startedAt} ms`);
    await leader?.start();
    await log.close();
  });

  it("tells when its connection is lost, and when there is one again", async () => {
    const near = await connectNats({
      servers: servers.urls,
      name: "near",
      seed: servers.nkeys.log.seed,
      tls: undefined,
    });
    const log = await openNetwork("watched");
    const engine = await openEngine({
      ...{ nc: near, log, sys: undefined, keeper: undefined },
      servers: () => Promise.resolve({ servers: [], unsafe: [] }),
    });
    const told: boolean[] = [];
    engine.onConnection((isConnected) => told.push(isConnected));
    const [nearest] = servers.servers;
    await nearest?.kill("SIGKILL");
    await until(
      "another connection",
      () => told,
      ([, back]) => back === true,
    );
    assert.deepEqual(told, [false, true]);
    await log.append(0, random(10));
    await until(
      "the end of the log",
      () => engine.glance(0),
      (tail) => tail === 1,
    );
    await nearest?.start();
    await log.close();
    await near.close();
  });
});
