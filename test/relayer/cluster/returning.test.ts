import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { createHealth, guardedLog } from "../../../relayer/cluster/health.ts";
import type { Peer } from "../../../relayer/cluster/peers.ts";
import { furthestOf, lookWhenBack } from "../../../relayer/cluster/returning.ts";
import { manualClock, settled } from "../../support/manualClock.ts";
import { random } from "../../support/relayer.ts";

const PARTITIONS = 2;

/** A node that has applied ten records of each partition, and another that said so too; the log is as told. */
function starting() {
  const clock = manualClock();
  const health = createHealth();
  const stopping = new AbortController();
  const tails: (number | undefined)[] = [10, 10];
  const other = { id: "0x02", isSelf: false, applied: [10, 10], heardAt: clock.now() - 100 } as unknown as Peer;
  let heard: Peer = other;
  let tell: (isConnected: boolean) => void = () => undefined;
  const replica = { partitions: PARTITIONS, applied: () => 10 };
  const peers = { all: () => [heard], live: () => [heard] };
  lookWhenBack(
    {
      engine: {
        glance: (partition) => Promise.resolve(tails[partition]),
        onConnection(listener) {
          tell = listener;
          return () => undefined;
        },
      },
      replica,
      peers,
      others: () => [other.id],
      health,
      clock,
      onFault: (error) => {
        assert.ifError(error);
      },
    },
    stopping.signal,
  );
  return {
    ...{ clock, health, tails, stopping },
    log: guardedLog(memoryLog(PARTITIONS), health, clock),
    away: () => {
      tell(false);
    },
    back: async () => {
      tell(true);
      await settled();
    },
    says: (applied: readonly number[]) => (heard = { ...other, applied, heardAt: clock.now() }),
    furthest: () => furthestOf({ replica, peers, clock }),
    pass: async (ms: number) => {
      for (let left = ms; left > 0; left -= 100) {
        await clock.advance(100);
        await settled();
      }
    },
  };
}

/** The same, later: it has started, and looked at every log. */
async function node() {
  const one = starting();
  one.says([10, 10]);
  await one.pass(300);
  return one;
}

/** What became of an append until now. */
function outcome(append: Promise<number>) {
  const seen: { is: unknown } = { is: "waiting" };
  append.then(
    (seq) => (seen.is = seq),
    (error: unknown) => (seen.is = (error as { code?: string }).code),
  );
  return seen;
}

describe("a node whose servers were away", () => {
  it("appends again once the others were heard and the log is seen to reach as far as all have applied", async () => {
    const { log, away, back, says, pass } = await node();
    assert.equal(await log.append(0, random(5)), 1, "nothing is waited for before");
    away();
    const append = outcome(log.append(0, random(5)));
    await pass(1_000);
    await back();
    assert.equal(append.is, "waiting", "the other may have applied more than it said last");
    says([10, 10]);
    await pass(300);
    assert.equal(append.is, 2);
  });

  it("appends nothing to a log that has lost what itself or another has applied, and goes on with the others", async () => {
    for (const [tail, applied] of [
      [9, 10],
      [10, 11],
    ] as const) {
      const { log, tails, away, back, says, pass, health } = await node();
      away();
      tails[0] = tail;
      await back();
      says([applied, 10]);
      await pass(600);
      const [short, whole] = [outcome(log.append(0, random(5))), outcome(log.append(1, random(5)))];
      await pass(200);
      assert.deepEqual([short.is, whole.is], ["waiting", 1]);
      tails[0] = applied;
      await pass(300);
      assert.equal(short.is, 1, "it was put back");
      assert.equal(health.isDoubted(0), false);
    }
  });

  it("lets nobody wait for a log that is known to have lost records, or that cannot be believed", async () => {
    const { log, health, away, pass } = await node();
    away();
    const append = outcome(log.append(0, random(5)));
    await pass(100);
    health.freeze(0, "LOG_LOST", "partition 0 ends at 9, applied 10");
    await pass(100);
    assert.equal(append.is, "LOG_LOST");
    const next = outcome(log.append(0, random(5)));
    await pass(100);
    assert.equal(next.is, "LOG_LOST");
    const other = outcome(log.append(1, random(5)));
    await pass(100);
    health.distrust("server n2 acknowledges before its disk has the bytes (set it)");
    await pass(100);
    assert.equal(other.is, "LOG_UNSAFE");
  });

  it("does not wait for ever: for one that has gone too, for a log that nobody leads", async () => {
    const { log, tails, away, back, pass } = await node();
    away();
    tails[0] = undefined;
    await back();
    const [unled, led] = [outcome(log.append(0, random(5))), outcome(log.append(1, random(5)))];
    await pass(2_900);
    assert.equal(led.is, "waiting");
    await pass(400);
    assert.equal(led.is, 1);
    await pass(9_000);
    assert.equal(unled.is, "LOG_UNAVAILABLE");
  });

  it("looks anew when they go away again meanwhile", async () => {
    const { log, away, back, says, pass } = await node();
    away();
    await back();
    away();
    says([10, 10]);
    const append = outcome(log.append(0, random(5)));
    await pass(1_000);
    assert.equal(append.is, "waiting", "what was seen before was of another time");
    await back();
    says([10, 10]);
    await pass(300);
    assert.equal(append.is, 1);
  });

  it("hears every member before it appends after a start, or waits as long, and looks at every log", async () => {
    for (const [hears, goneOn] of [
      [true, 300],
      [false, 3_200],
    ] as const) {
      const { log, tails, says, pass } = starting();
      tails[0] = 10;
      tails[1] = 9;
      const [whole, short] = [outcome(log.append(0, random(5))), outcome(log.append(1, random(5)))];
      await pass(100);
      assert.equal(whole.is, "waiting", "nobody was heard since the start");
      if (hears) says([10, 11]);
      await pass(goneOn);
      assert.equal(whole.is, 1);
      assert.equal(short.is, "waiting", "itself or another has applied more than that log holds");
      tails[1] = 11;
      await pass(300);
      assert.equal(short.is, 1);
    }
  });

  it("counts what another has said for a minute", async () => {
    const { furthest, says, pass } = await node();
    says([12, 3]);
    assert.deepEqual(furthest(), [12, 10]);
    await pass(60_000);
    assert.deepEqual(furthest(), [10, 10]);
  });
});
