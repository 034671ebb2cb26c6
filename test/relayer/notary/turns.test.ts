import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTurns } from "../../../relayer/notary/turns.ts";
import { settled } from "../../support/manualClock.ts";

describe("turns", () => {
  it("run so many pieces of work at a time, in the order they came", async () => {
    const turns = createTurns(1);
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

  it("never run more than that, and go on as soon as any of them is over", async () => {
    const turns = createTurns(2);
    const finish: (() => void)[] = [];
    const all = Array.from({ length: 5 }, () => turns(() => new Promise<void>((resolve) => finish.push(resolve))));
    for (const begun of [2, 3, 4, 5]) {
      await settled();
      assert.equal(finish.length, begun);
      finish[begun - 2]?.();
    }
    for (const end of finish) end();
    await Promise.all(all);
  });

  it("come to the next one when a piece fails, and tell who asked for it", async () => {
    const turns = createTurns();
    const failing = turns(() => Promise.reject(new Error("no disk")));
    const next = turns(() => Promise.resolve("done"));
    await assert.rejects(failing, /no disk/);
    assert.equal(await next, "done");
  });
});
