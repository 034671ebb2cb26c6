import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { untilShared } from "../../../relayer/cluster/differing.ts";
import { Fault } from "../../../relayer/errors.ts";
import type { StateView } from "../../../relayer/ports.ts";
import { cluster, PARTITION } from "../../support/pasts.ts";
import { manualClock, settled } from "../../support/manualClock.ts";

/** The last of three nodes starts; each has applied a past of its own, and the log holds what it holds. */
async function starting(pasts: readonly string[], log = "") {
  const { nodes, askings, ids, identities, audit } = await cluster(log, pasts);
  const stopped = new AbortController();
  const past = { view: () => nodes[2]!.view() };
  const clock = manualClock();
  const faults: unknown[] = [];
  const seen = { isShared: false };
  const view: StateView = { get: (key) => past.view().get(key), range: (bounds) => past.view().range(bounds) };
  const ports = {
    ...{ view, clock, asking: askings[2]!, members: () => ids, keyring: identities[2]!, partitions: PARTITION + 1 },
    onFault: (error: unknown) => faults.push(error),
  };
  const whole = untilShared(ports, stopped.signal).then(() => (seen.isShared = true));
  /** Lets time pass until something holds. */
  const until = async (holds: () => boolean): Promise<void> => {
    for (let tries = 0; !holds(); tries += 1) {
      assert.ok(tries < 200, "it did not come");
      await clock.advance(100);
      await settled();
    }
  };
  return { faults, seen, until, whole, audit, nodes, past, stopped };
}

describe("a node that starts", () => {
  for (const [about, pasts] of [
    ["holds what the others hold", ["abc", "abc", "abc"]],
    ["is behind", ["abcd", "abcd", "ab"]],
    ["is ahead", ["ab", "ab", "abcd"]],
    ["holds nothing", ["abc", "abc", ""]],
    ["holds the past of the most", ["abXY", "abcd", "abcd"]],
    ["is one of three that all hold something else", ["abXY", "abZ", "abPQ"]],
  ] as const)
    it(`serves people when it ${about}`, async () => {
      const { until, seen, faults } = await starting(pasts);
      await until(() => seen.isShared);
      assert.deepEqual(faults, []);
    });

  it("serves nobody while it holds another past than the rest, until an audit has mended it", async () => {
    const { until, seen, faults, audit, nodes } = await starting(["abcd", "abcd", "abPQ"], "abcd");
    await until(() => faults.length >= 2);
    assert.ok(faults.every((fault) => fault instanceof Fault && fault.code === "STATE_DIFFERS"));
    assert.equal(seen.isShared, false);
    const { repaired } = await audit(0);
    assert.ok(repaired);
    assert.equal(nodes[2]!.letters(), "abcdPQ");
    await until(() => seen.isShared);
  });

  it("says nothing more when it is stopped, and reads nothing of a state that is closed then", async () => {
    const { until, faults, stopped, whole, past } = await starting(["abcd", "abcd", "abPQ"]);
    await until(() => faults.length > 0);
    const said = faults.length;
    past.view = () => {
      throw new Error("closed");
    };
    stopped.abort();
    await whole;
    assert.equal(faults.length, said);
  });
});
