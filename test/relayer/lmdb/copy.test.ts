import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openLmdbState } from "../../../relayer/adapters/lmdb/state.ts";
import { random } from "../../support/relayer.ts";

const ROWS = 20_000;
const ROW_BYTES = 900;

describe("a copy of a large state", () => {
  it("takes a first commit that touches rows everywhere: it gives back more pages than fit into one node", async () => {
    const folder = mkdtempSync(join(tmpdir(), "midchain-copy-"));
    const state = openLmdbState(join(folder, "state"));
    const rows = Array.from({ length: ROWS }, () => ({ key: random(20), value: random(ROW_BYTES) }));
    await state.commit(rows);
    // Pages that were given back, as in any state that has lived.
    for (let round = 0; round < 6; round += 1)
      await state.commit(
        rows
          .filter((_, i) => i % 5 === round % 5)
          .map(({ key }) => ({ key, value: round % 2 === 0 ? undefined : random(ROW_BYTES) })),
      );
    await state.copyTo(join(folder, "copy"));
    await state.close();
    const copy = openLmdbState(join(folder, "copy"));
    await copy.commit(rows.filter((_, i) => i % 4 === 0));
    const first = rows[0]!;
    assert.deepEqual(copy.get(first.key), first.value);
    await copy.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
