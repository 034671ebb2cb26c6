import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTurns } from "../../../relayer/notary/turns.ts";
import { settled } from "../../support/manualClock.ts";

describe("turns", () => {
  it("run one piece of work at a time, in the order they came", async () => {
    const turns = createTurns();
    const told: string[] = [];
    const finish: (() => void)[] = [];
    const work = (name: string) => () =>
      new Promise<string>((resolve) => {
        told.push(`${name} begins`);
        finish.push(() => {
          told.push(`${name} ends`);
          resolve(name);
        });
      });
    const results = [turns(work("one")), turns(work("two"))];
    await settled();
    assert.deepEqual(told, ["one begins"]);
    finish[0]?.();
    await settled();
    assert.deepEqual(told, ["one begins", "one ends", "two begins"]);
    finish[1]?.();
    assert.deepEqual(await Promise.all(results), ["one", "two"]);
  });

  it("come to the next one when a piece fails, and tell who asked for it", async () => {
    const turns = createTurns();
    const failing = turns(() => Promise.reject(new Error("no disk")));
    const next = turns(() => Promise.resolve("done"));
    await assert.rejects(failing, /no disk/);
    assert.equal(await next, "done");
  });
});
