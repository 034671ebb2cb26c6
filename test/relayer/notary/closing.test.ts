import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { msUntilClosing } from "../../../relayer/notary/closing.ts";

const [PARTITIONS, CLOSE_AFTER_MS, NOW] = [16, 800, 1_800_000_000_000];
const wait = (at: number, now: number, partition: number): number =>
  msUntilClosing(at, now, { partition, partitions: PARTITIONS, closeAfterMs: CLOSE_AFTER_MS });

describe("the closing of batches", () => {
  it("lets nobody wait for longer than the interval, and everybody for some of it", () => {
    for (let partition = 0; partition < PARTITIONS; partition += 1)
      for (let at = NOW; at < NOW + 2 * CLOSE_AFTER_MS; at += 37) {
        const ms = wait(at, at, partition);
        assert.ok(ms > 0 && ms <= CLOSE_AFTER_MS, `${ms} ms`);
        assert.deepEqual([wait(at, at + ms - 1, partition) > 0, wait(at, at + ms, partition)], [true, 0]);
      }
  });

  it("is spread evenly over the interval: no two partitions close at the same moment", () => {
    const moments = Array.from({ length: PARTITIONS }, (_, partition) => wait(NOW, NOW, partition)).sort(
      (a, b) => a - b,
    );
    const between = moments.slice(1).map((ms, i) => ms - (moments[i] ?? 0));
    assert.deepEqual(new Set(between), new Set([CLOSE_AFTER_MS / PARTITIONS]));
  });

  it("is the same for all that came since the last one", () => {
    const first = NOW + wait(NOW, NOW, 3);
    for (let at = NOW; at < first; at += 29) assert.equal(at + wait(at, at, 3), first);
  });

  it("does not wait for a clock that is ahead", () => {
    assert.equal(wait(NOW + 3_600_000, NOW, 0), 0);
  });
});
