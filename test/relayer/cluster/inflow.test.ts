import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Inflow } from "../../../relayer/adapters/jetstream/inflow.ts";
import { lagOf } from "../../../relayer/adapters/jetstream/streams.ts";

const record = (seq: number): Uint8Array => Uint8Array.of(seq);

describe("what has arrived of a log and waits to be read", () => {
  it("leaves in order and without gaps, however it came", () => {
    const inflow = new Inflow(5, 4);
    for (const seq of [7, 5, 6, 5, 9, 3]) inflow.offer(seq, record(seq));
    assert.deepEqual(
      inflow.take(5, 10).map(({ seq }) => seq),
      [5, 6, 7],
    );
    assert.equal(inflow.tail, 9);
  });

  it("is forgotten when the log goes on in another generation: its records come at the same places", () => {
    const inflow = new Inflow(5, 4);
    for (const seq of [5, 6, 7]) inflow.offer(seq, record(seq));
    inflow.take(6, 1);
    inflow.renew();
    assert.deepEqual([inflow.tail, inflow.take(6, 10)], [5, []]);
    inflow.offer(6, record(60));
    assert.deepEqual(inflow.take(6, 10), [{ seq: 6, bytes: record(60) }]);
  });
});

describe("a copy of a server", () => {
  it("is behind by what the engine says, and by nothing where it says nothing", () => {
    assert.deepEqual([lagOf({ lag: 3 }), lagOf({})], [3, 0]);
  });
});
