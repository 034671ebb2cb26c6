import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openLmdbState } from "../../../relayer/adapters/lmdb/state.ts";
import { Fault } from "../../../relayer/errors.ts";

const isClosed = (error: unknown): boolean => error instanceof Fault && error.code === "STATE_UNAVAILABLE";

describe("a state that is closed", () => {
  const dir = mkdtempSync(join(tmpdir(), "midchain-closed-"));
  after(() => {
    rmSync(dir, { recursive: true });
  });

  it("refuses to be read and written, and is as it was when it is opened again", async () => {
    const state = openLmdbState(dir);
    const [key, to] = [Uint8Array.of(1), Uint8Array.of(2)];
    await state.commit([{ key, value: key }]);
    await state.close();
    assert.throws(() => state.get(key), isClosed);
    assert.throws(() => state.range({ from: key, to, limit: 1 }), isClosed);
    await assert.rejects(state.commit([{ key, value: to }]), isClosed);
    const again = openLmdbState(dir);
    assert.deepEqual(again.get(key)?.[0], 1);
    await again.close();
  });
});
