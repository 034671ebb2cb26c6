import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { untilWhole } from "../../../relayer/log/whole.ts";
import { manualClock, settled } from "../../support/manualClock.ts";

/** A node of four partitions: one that it holds, one of which it has nothing, one that it had held otherwise before. */
function starting() {
  const clock = manualClock();
  const reached = new Map<number, () => void>();
  const faults: unknown[] = [];
  let isReadable = true;
  const replica = {
    partitions: 4,
    applied: (partition: number) => [7, 0, 3, 9][partition] ?? 0,
    barrier: (partition: number) =>
      isReadable ? new Promise<void>((resolve) => reached.set(partition, resolve)) : Promise.reject(new Error("away")),
  };
  const aside = { count: (partition: number) => (partition === 2 ? 1 : 0) };
  const stopping = new AbortController();
  const seen = { isWhole: false };
  return {
    ...{ clock, reached, faults, stopping, seen },
    begin: async (readable = true) => {
      isReadable = readable;
      void untilWhole({ replica, aside, clock, onFault: (error) => faults.push(error) }, stopping.signal).then(
        () => (seen.isWhole = true),
      );
      await settled();
    },
    comesBack: () => (isReadable = true),
  };
}

describe("a node whose state was made anew", () => {
  it("serves nobody before it has what its logs hold, of the partitions that it held nothing of, or otherwise", async () => {
    const { reached, seen, begin } = starting();
    await begin();
    assert.deepEqual([...reached.keys()], [1, 2]);
    reached.get(1)?.();
    await settled();
    assert.equal(seen.isWhole, false);
    reached.get(2)?.();
    await settled();
    assert.equal(seen.isWhole, true);
  });

  it("asks a log that cannot be read again, until it is stopped", async () => {
    const { clock, reached, faults, stopping, seen, begin, comesBack } = starting();
    await begin(false);
    await clock.advance(5_000);
    assert.deepEqual([faults.length, reached.size], [4, 0]);
    comesBack();
    await clock.advance(5_000);
    assert.deepEqual([...reached.keys()], [1, 2]);
    stopping.abort();
    assert.equal(seen.isWhole, false);

    const stopped = starting();
    await stopped.begin(false);
    stopped.stopping.abort();
    await settled();
    assert.deepEqual([stopped.seen.isWhole, stopped.faults.length], [true, 2]);
  });
});
