import assert from "node:assert/strict";
import { jetstreamManager } from "@nats-io/jetstream";
import { describe, it } from "node:test";
import { connectNats } from "../../relayer/adapters/jetstream/connect.ts";
import { unsafeServers } from "../../relayer/adapters/jetstream/gate.ts";
import { openReplicatedLog, type ReplicatedLog } from "../../relayer/adapters/jetstream/open.ts";
import { streamName } from "../../relayer/adapters/jetstream/streams.ts";
import { Fault } from "../../relayer/errors.ts";
import type { NatsCluster, NatsOptions } from "../../scripts/local/natsServers.ts";
import { random } from "../support/relayer.ts";
import { natsPath, testServers } from "./support.ts";

const open = ({ urls, nkeys }: NatsCluster, acceptUnsafe = false): Promise<ReplicatedLog> =>
  openReplicatedLog({
    access: { servers: urls, name: "test", seed: nkeys.log.seed, tls: undefined },
    sysSeed: nkeys.sys.seed,
    keeperSeed: undefined,
    acceptUnsafe,
    network: "gate",
    partitions: 2,
    replicas: 3,
    bytesMax: 64 * 1024 * 1024,
    nextOf: () => 1,
  });

async function withServers(change: Partial<NatsOptions>, use: (servers: NatsCluster) => Promise<void>): Promise<void> {
  const servers = await testServers(change);
  try {
    await use(servers);
  } finally {
    await servers.stop();
  }
}

/** That the gate refuses, and that its message says both what is wrong and what to do. */
async function refuses(opening: Promise<ReplicatedLog>, ...patterns: readonly RegExp[]): Promise<void> {
  await assert.rejects(opening, (error) => {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.code, "LOG_UNSAFE");
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  });
}

const facts = (change: object) => ({ name: "n1", version: "2.15.1", syncAlways: true, clusterSize: 1, ...change });

describe("the gate of the replicated log", () => {
  it("takes 2.14.4 and newer, nothing older, no release candidate of it", () => {
    const isRefused = (version: string) => unsafeServers([facts({ version })]).length > 0;
    assert.deepEqual(
      ["2.14.4", "2.14.10", "2.15.0", "3.0.0", "2.14.3", "2.12.14", "2.9.10", "2.14.4-RC.1", "dev", ""].map(isRefused),
      [false, false, false, false, true, true, true, true, true, true],
    );
  });

  it("wants to have heard a majority of the servers", () => {
    const heard = (count: number) =>
      unsafeServers(Array.from({ length: count }, (_, i) => facts({ name: `n${i}`, clusterSize: 3 })));
    assert.deepEqual([heard(0).length, heard(1).length, heard(2).length, heard(3).length], [1, 1, 0, 0]);
  });

  it("refuses the nats-server of Debian trixie, and says which servers to upgrade", async () => {
    await withServers({ path: await natsPath("trixie") }, async (servers) => {
      await refuses(open(servers), /n1 runs nats-server 2\.10\./, /n2/, /n3/, /upgrade it to 2\.14\.4/);
      const experiment = await open(servers, true);
      assert.equal(await experiment.log.append(0, random(10)), 1);
      await experiment.log.close();
    });
  });

  it("refuses servers that acknowledge before they sync, and says what to set", async () => {
    await withServers({ syncInterval: '"2m"' }, async (servers) => {
      await refuses(open(servers), /acknowledges before its disk/, /sync_interval: always/);
    });
  });

  it("refuses to run without a look at the servers", async () => {
    await withServers({ count: 1 }, async ({ urls, nkeys }) => {
      const access = { servers: urls, name: "test", seed: nkeys.log.seed, tls: undefined };
      const options = { network: "gate", partitions: 1, replicas: 1, bytesMax: 1e6, nextOf: () => 1 };
      await refuses(
        openReplicatedLog({ ...options, access, sysSeed: undefined, keeperSeed: undefined, acceptUnsafe: false }),
        /MIDCHAIN_NATS_SYS_SEED/,
      );
    });
  });

  it("refuses a stream that somebody has made unsafe, and takes it again when it is put right", async () => {
    await withServers({}, async (servers) => {
      const first = await open(servers);
      const stream = streamName(first.log.placeOf(1));
      await first.log.close();
      const keeper = await connectNats({
        servers: servers.urls,
        name: "keeper",
        seed: servers.nkeys.keeper.seed,
        tls: undefined,
      });
      const jsm = await jetstreamManager(keeper);
      await jsm.streams.update(stream, { max_age: 3_600_000_000_000, num_replicas: 1 });
      await refuses(open(servers), /max_age is 3600000000000, not 0/, /1 replicas/, /Safe streams/);
      await jsm.streams.update(stream, { max_age: 0, num_replicas: 3 });
      const again = await open(servers);
      assert.deepEqual((await again.servers()).unsafe, []);
      await again.log.close();
      await keeper.close();
    });
  });
});
