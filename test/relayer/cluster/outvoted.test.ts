import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cluster, PARTITION } from "../../support/pasts.ts";

const once = { waitMs: 2_000, enough: ({ size }: { readonly size: number }) => size > 0 };

describe("a node with another past than the rest", () => {
  for (const by of [0, 2])
    it(`starts again without it, and what it alone had is appended again: by an audit of ${by === 0 ? "another" : "its own"}`, async () => {
      const { nodes, audit } = await cluster("abcd", ["abc", "abcd", "abPQ"]);
      const { repaired, alarms, steps, readOnly } = await audit(by);
      assert.deepEqual([repaired, readOnly], [true, false]);
      assert.match(alarms.join(), /hold another past/);
      assert.equal(steps.filter((step) => step.startsWith("rebuild the state")).length, 1);
      assert.deepEqual(
        nodes.map(({ restarts }) => restarts),
        [[], [], ["abPQ"]],
      );
      assert.deepEqual(
        nodes.map(({ letters }) => letters()),
        ["abcdPQ", "abcdPQ", "abcdPQ"],
      );
    });

  it("does nothing of it on one member's word: not while it is not outvoted, not while anybody goes on", async () => {
    const { nodes, askings, ids } = await cluster("abcd", ["abcd", "abcd", "abPQ"]);
    const askTo = async (to: number, what: string): Promise<unknown> =>
      (await askings[0]!.ask(what, { partition: PARTITION }, { ...once, to: ids[to]! })).get(ids[to]!);
    assert.equal(await askTo(2, "setAside"), false, "nobody has stopped");
    for (const node of [0, 1, 2]) await askTo(node, "freeze");
    assert.equal(await askTo(1, "setAside"), false, "the past of the most");
    assert.deepEqual(
      nodes.map(({ restarts }) => restarts.length),
      [0, 0, 0],
    );
    assert.equal(await askTo(2, "salvage"), false, "a stopped partition takes nothing");
    assert.equal(await askTo(2, "setAside"), true);
  });

  it("waits for a person where no past is held by more nodes", async () => {
    const { nodes, audit } = await cluster("ab", ["abXY", "abZ", "abPQ"]);
    const { repaired, readOnly, steps } = await audit(0);
    assert.deepEqual([repaired, readOnly, steps], [false, true, []]);
    assert.ok(nodes.every(({ restarts }) => restarts.length === 0));
  });
});
