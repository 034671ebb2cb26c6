import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keepNewest } from "../../../relayer/ops/newest.ts";
import { createPace } from "../../../relayer/ops/pace.ts";
import { manualClock, settled } from "../../support/manualClock.ts";

function counting(intervalMs: number) {
  const clock = manualClock();
  let done = 0;
  const pace = createPace(clock, intervalMs, () => (done += 1));
  return { clock, pace, done: () => done };
}

describe("a pace", () => {
  it("works at once after a pause, once for all who asked in the same step", async () => {
    const { pace, done } = counting(10);
    pace.ask();
    pace.ask();
    assert.equal(done(), 0);
    await settled();
    assert.equal(done(), 1);
  });

  it("works once per interval under load, never sooner", async () => {
    const { clock, pace, done } = counting(10);
    pace.ask();
    await settled();
    for (let ms = 0; ms < 9; ms += 1) {
      pace.ask();
      await clock.advance(1);
    }
    assert.equal(done(), 1);
    await clock.advance(1);
    assert.equal(done(), 2);
  });

  it("does nothing unasked", async () => {
    const { clock, pace, done } = counting(10);
    pace.ask();
    await clock.advance(1_000);
    assert.equal(done(), 1);
  });

  it("makes nobody wait for longer than an interval when the clock is set back", async () => {
    const { clock, pace, done } = counting(10);
    pace.ask();
    await settled();
    await clock.advance(-3_600_000);
    pace.ask();
    await clock.advance(10);
    assert.equal(done(), 2);
  });

  it("lets nothing follow once it is stopped", async () => {
    const { clock, pace, done } = counting(10);
    pace.ask();
    await settled();
    pace.ask();
    pace.stop();
    await clock.advance(100);
    assert.equal(done(), 1);
    assert.equal(clock.sleepers(), 0);
  });
});

describe("keeping the newest", () => {
  it("drops the oldest entries, and only as many as are too many", () => {
    const entries = new Map([1, 2, 3, 4].map((n) => [n, n]));
    keepNewest(entries, 4);
    assert.equal(entries.size, 4);
    keepNewest(entries, 2);
    assert.deepEqual([...entries.keys()], [3, 4]);
  });
});
