import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { Overlay } from "../../../relayer/midc/apply.ts";

const key = (byte: number): Uint8Array => Uint8Array.of(byte);

describe("an overlay", () => {
  it("ranges over both, without what it has removed, and still fills the limit", async () => {
    const below = memoryState();
    await below.commit([1, 2, 3, 5].map((byte) => ({ key: key(byte), value: key(byte) })));
    const overlay = new Overlay(below);
    overlay.put(key(1), undefined);
    overlay.put(key(3), key(33));
    overlay.put(key(4), key(4));
    const read = (limit: number, reverse = false) =>
      overlay.range({ from: key(1), to: key(5), limit, reverse }).map(({ value }) => value[0]);
    assert.deepEqual(read(9), [2, 33, 4]);
    assert.deepEqual(read(2), [2, 33]);
    assert.deepEqual(read(2, true), [4, 33]);
    assert.deepEqual(overlay.range({ from: key(5), to: key(9), limit: 1 }).length, 1);
  });
});
