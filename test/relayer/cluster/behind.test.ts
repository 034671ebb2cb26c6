import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { untilReplaced } from "../../../relayer/cluster/behind.ts";
import type { LogStart } from "../../../relayer/ports.ts";
import { manualClock, settled } from "../../support/manualClock.ts";

const LEFT: readonly LogStart[] = [{ partition: 3, first: 40 }];

function following(fetch: () => Promise<undefined>) {
  const clock = manualClock();
  const asked: (readonly LogStart[])[] = [];
  const faults: unknown[] = [];
  const stopping = new AbortController();
  const seen: { lacking: readonly LogStart[]; replaced?: boolean } = { lacking: [] };
  const ports = {
    clock,
    lacking: () => seen.lacking,
    fetch: (logs: readonly LogStart[]) => {
      asked.push(logs);
      return fetch();
    },
    onFault: (error: unknown) => faults.push(error),
  };
  void untilReplaced(ports, stopping.signal).then((isReplaced) => (seen.replaced = isReplaced));
  const pass = async (seconds: number): Promise<void> => {
    for (let s = 0; s < seconds; s += 1) {
      await clock.advance(1_000);
      await settled();
    }
  };
  return { asked, faults, seen, stopping, pass };
}

describe("a running node whose logs were trimmed without it", () => {
  it("fetches another node's snapshot once it has been behind for a while, and is over then", async () => {
    const { asked, seen, pass } = following(() => Promise.resolve(undefined));
    await pass(30);
    seen.lacking = LEFT;
    await pass(10);
    assert.deepEqual([asked, seen.replaced], [[], undefined]);
    await pass(10);
    assert.deepEqual([asked, seen.replaced], [[LEFT], true]);
  });

  it("fetches nothing when it was handed what it lacked meanwhile", async () => {
    const { asked, seen, pass } = following(() => Promise.resolve(undefined));
    for (let round = 0; round < 3; round += 1) {
      seen.lacking = LEFT;
      await pass(10);
      seen.lacking = [];
      await pass(4);
    }
    assert.deepEqual([asked, seen.replaced], [[], undefined]);
  });

  it("goes on without when nobody has one, says so, and asks again", async () => {
    let isThere = false;
    const fetch = (): Promise<undefined> => (isThere ? Promise.resolve(undefined) : Promise.reject(new Error("none")));
    const { asked, faults, seen, pass } = following(fetch);
    seen.lacking = LEFT;
    await pass(100);
    assert.equal(seen.replaced, undefined);
    assert.ok(asked.length >= 2 && asked.length <= 4, `${asked.length} in 100 s`);
    assert.equal(faults.length, asked.length);
    isThere = true;
    await pass(40);
    assert.equal(seen.replaced, true);
  });

  it("is not over when it is stopped, in the middle of a fetch either", async () => {
    const fetching = Promise.withResolvers<undefined>();
    const { asked, faults, seen, stopping, pass } = following(() => fetching.promise);
    seen.lacking = LEFT;
    await pass(20);
    assert.equal(asked.length, 1);
    stopping.abort();
    fetching.reject(new Error("stopped"));
    await settled();
    assert.deepEqual([seen.replaced, faults], [false, []]);
  });
});
