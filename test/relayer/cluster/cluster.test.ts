import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../../protocol/bytes.ts";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { joinCluster } from "../../../relayer/cluster/cluster.ts";
import { createHealth, guardedLog } from "../../../relayer/cluster/health.ts";
import { nextMove } from "../../../relayer/cluster/spread.ts";
import type { Fault } from "../../../relayer/errors.ts";
import type { Clock, EngineLook, EnginePartition, PartitionLog } from "../../../relayer/ports.ts";
import { random, testClock, testIdentity } from "../../support/relayer.ts";

const group = (partition: number, change: Partial<EnginePartition> = {}): EnginePartition => ({
  partition,
  stream: `s${partition}`,
  leader: "n1",
  replicas: ["n1", "n2", "n3"].map((server) => ({ server, current: true, lag: 0 })),
  first: 1,
  tail: 10,
  bytes: 1_000,
  ...change,
});
const server = { name: "n1", version: "2.15.1", syncAlways: true, clusterSize: 3 };
const sound: EngineLook = { servers: [server], unsafe: [], partitions: [group(0), group(1)] };
const lazy = { server: "n2", cause: "server n2 acknowledges before its disk has the bytes", fix: "set it" };

/** A node that takes these looks at its servers, one after another, and has applied ten records of each partition. */
async function afterLooks(
  looks: readonly EngineLook[],
  acceptUnsafe = false,
  said?: readonly number[],
  others: readonly `0x${string}`[] = [],
) {
  const keyring = testIdentity();
  const health = createHealth();
  const faults: unknown[] = [];
  let taken = 0;
  let end = (): void => undefined;
  let connection: ((isConnected: boolean) => void) | undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  const clock: Clock = {
    now: () => taken * 2_000,
    sleep: (_, signal) =>
      taken < looks.length || signal?.aborted === true
        ? Promise.resolve()
        : new Promise((resolve) => {
            signal?.addEventListener("abort", () => {
              resolve();
            });
            end();
          }),
  };
  const cluster = joinCluster(
    { url: () => "", acceptUnsafe },
    {
      words: {
        tell: () => undefined,
        hear(_, listener) {
          if (said !== undefined) listener({ url: "", applied: said, leaving: false }, random(32));
          return () => undefined;
        },
      },
      engine: {
        look: () => Promise.resolve(looks[taken++] ?? sound),
        partition: () => Promise.reject(new Error("not asked")),
        lead: () => Promise.resolve(),
        onConnection(listener) {
          connection = listener;
          return () => undefined;
        },
        glance: () => Promise.resolve(10),
      },
      replica: { partitions: 2, applied: () => 10 },
      members: () => [toHex(keyring.nodeId), ...others],
      health,
      clock,
      keyring,
      onFault: (error) => faults.push(error),
    },
  );
  await over;
  await cluster.stop();
  const { partitions, unsafe } = cluster.view();
  const lose = (): void => {
    connection?.(false);
  };
  return { health, faults, unsafe, lose, state: partitions.map((row) => row.state) };
}

describe("the servers below a node", () => {
  it("are believed while they say nothing unsafe, and while they are silent", async () => {
    const fewer = { cause: "1 of 3 NATS servers answered the sys user", fix: "start the servers" };
    const { health, faults } = await afterLooks([sound, { ...sound, unsafe: [fewer] }, { ...sound, servers: [] }]);
    assert.equal(health.refusal(0), undefined);
    assert.deepEqual(faults, []);
  });

  it("are distrusted for all partitions from the moment one says something unsafe until it is put right", async () => {
    const unsafe = { ...sound, unsafe: [lazy] };
    const { health } = await afterLooks([sound, unsafe]);
    const log = guardedLog(memoryLog(2), health, testClock());
    for (const partition of [0, 1]) await assert.rejects(log.append(partition, random(5)), { code: "LOG_UNSAFE" });
    assert.deepEqual(await log.read(0, 1, 10), [], "reading goes on");
    const safeAgain = { ...sound, servers: [server, { ...server, name: "n2" }] };
    assert.equal((await afterLooks([unsafe, safeAgain])).health.refusal(0), undefined);
    assert.equal((await afterLooks([unsafe], true)).health.refusal(0), undefined, "accepted for an experiment");
  });
});

describe("a server that has said something unsafe and is silent now", () => {
  const unsafe = { ...sound, unsafe: [lazy] };
  const without = (change: Partial<EnginePartition["replicas"][number]>) => ({
    ...sound,
    partitions: [group(0, { replicas: group(0).replicas.map((r) => (r.server === "n2" ? { ...r, ...change } : r)) })],
  });
  const gone = without({ current: false });
  const unknown = { ...gone, partitions: [...gone.partitions, group(1, { replicas: [] })] };

  it("was late to answer: it stays distrusted, and is shown so, while a group counts on it or says nothing", async () => {
    for (const late of [sound, unknown]) {
      const { health, unsafe: shown } = await afterLooks([unsafe, late, late]);
      assert.equal(health.refusal(0)?.code, "LOG_UNSAFE");
      assert.deepEqual(shown, [lazy]);
    }
  });

  it("is gone: the others are believed once no group counts on it", async () => {
    assert.equal((await afterLooks([unsafe, sound, gone])).health.refusal(0), undefined);
  });
});

describe("a log that ends before what was applied from it", () => {
  const short = { ...sound, partitions: [group(0, { tail: 9 }), group(1)] };
  const gone = { ...sound, partitions: [group(0, { stream: "", tail: undefined, leader: undefined }), group(1)] };
  const silent = { ...sound, partitions: [group(0, { tail: undefined }), group(1)] };

  it("takes no more appends when it was seen so twice running; the others do", async () => {
    for (const look of [short, gone]) {
      const { health, state } = await afterLooks([look, look]);
      const log = guardedLog(memoryLog(2), health, testClock());
      await assert.rejects(log.append(0, random(5)), { code: "LOG_LOST" });
      assert.equal(await log.append(1, random(5)), 1);
      assert.deepEqual(state, ["LOG_LOST", "ok"]);
    }
  });

  it("may be the word of a server that only believes it leads, when it was seen so once, or between sound looks", async () => {
    for (const looks of [[short], [short, sound, short], [silent, silent, silent]])
      assert.equal((await afterLooks(looks)).health.refusal(0), undefined);
  });

  it("takes none either when it is another node that has applied more, as it says", async () => {
    assert.equal((await afterLooks([sound, sound], false, [10, 11])).health.refusal(1)?.code, "LOG_LOST");
    assert.equal((await afterLooks([sound, sound], false, [10, 10])).health.refusal(1), undefined);
  });

  it("is taken back when it reaches as far again, not while nobody says how far", async () => {
    assert.equal((await afterLooks([short, short, sound])).health.refusal(0), undefined);
    assert.equal((await afterLooks([short, short, silent])).health.refusal(0)?.code, "LOG_LOST");
  });
});

describe("a log of which an append is under way", () => {
  it("is told to ask before each try, and hears what has happened since the first", async () => {
    const health = createHealth();
    let ask = (): unknown => "nothing to ask";
    const inner: PartitionLog = {
      ...memoryLog(2),
      append: (_partition, _record, refusal) => {
        ask = refusal ?? ask;
        return Promise.resolve(1);
      },
    };
    await guardedLog(inner, health, testClock()).append(0, random(5));
    assert.equal(ask(), undefined);
    for (const [happens, code] of [
      [
        () => {
          health.doubt(2);
        },
        "LOG_UNAVAILABLE",
      ],
      [
        () => {
          health.freeze(0, "LOG_LOST", "it ends too early");
        },
        "LOG_LOST",
      ],
      [
        () => {
          health.distrust("a server");
        },
        "LOG_UNSAFE",
      ],
    ] as const) {
      happens();
      assert.equal((ask() as Fault).code, code);
    }
  });

  it("waits after a start while a member is still to be heard, never for this node itself", async () => {
    const away = toHex(random(16));
    assert.equal((await afterLooks([sound], false, undefined, [])).health.isDoubted(0), false);
    assert.equal((await afterLooks([sound], false, undefined, [away])).health.isDoubted(0), true);
  });

  it("waits when the connection is lost: the node looks at every log again first", async () => {
    const { health, lose } = await afterLooks([sound]);
    assert.deepEqual([0, 1].map(health.isDoubted), [false, false]);
    lose();
    assert.deepEqual([0, 1].map(health.isDoubted), [true, true]);
  });
});

describe("the spread of leaders", () => {
  const led = (...leaders: readonly (string | undefined)[]) => leaders.map((leader, i) => group(i, { leader }));

  it("is evened out one group at a time, from who leads the most to who leads the fewest", () => {
    assert.deepEqual(nextMove(led("n1", "n1", "n1", "n2")), { partition: 0, from: "n1", to: "n3" });
  });

  it("is left alone where it is as even as it can be, and while a group has no leader", () => {
    assert.equal(nextMove(led("n1", "n1", "n2", "n3")), undefined);
    assert.equal(nextMove(led("n1", "n1", "n1", undefined)), undefined);
    assert.equal(nextMove([]), undefined);
  });

  it("never goes to a server whose copy is not up to date", () => {
    const replicas = ["n1", "n2", "n3"].map((name) => ({ server: name, current: name !== "n3", lag: 0 }));
    assert.deepEqual(nextMove(led("n1", "n1", "n1").map((each) => ({ ...each, replicas }))), {
      partition: 0,
      from: "n1",
      to: "n2",
    });
  });
});
