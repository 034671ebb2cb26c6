import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readStill } from "../../scripts/cluster/still.ts";

/** Bounds that move by one at each of the first `moves` readings. */
function moving(moves: number) {
  let at = 0;
  const readings: number[] = [];
  return {
    readings,
    boundsNow: () => Promise.resolve({ first: at }),
    read: ({ first }: { readonly first: number }) => {
      readings.push(first);
      if (at < moves) at += 1;
      return Promise.resolve(first);
    },
  };
}

describe("reading what others may change", () => {
  it("is done once where nothing moves", async () => {
    const { readings, boundsNow, read } = moving(0);
    assert.equal(await readStill(boundsNow, read), 0);
    assert.deepEqual(readings, [0]);
  });

  it("is done again, with the bounds of then, until nothing moved meanwhile", async () => {
    const { readings, boundsNow, read } = moving(3);
    assert.equal(await readStill(boundsNow, read), 3);
    assert.deepEqual(readings, [0, 1, 2, 3]);
  });

  it("gives nothing where it never is still, and ends", async () => {
    const { readings, boundsNow, read } = moving(1_000);
    await assert.rejects(readStill(boundsNow, read), /changed during each of 5 readings/);
    assert.equal(readings.length, 5);
  });
});
