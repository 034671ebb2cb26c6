import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { State } from "../../../relayer/ports.ts";

const key = (...bytes: readonly number[]) => Uint8Array.from(bytes);

/** More than an adapter may remember of what was written last. */
const OTHERS = 60_000;

/** What every adapter of State keeps. */
export function behavesAsState(name: string, open: () => State): void {
  describe(`State on ${name}`, () => {
    it("holds what was committed, and nothing of what was removed", async () => {
      const state = open();
      await state.commit([
        { key: key(1), value: key(9) },
        { key: key(2), value: key(8) },
      ]);
      await state.commit([
        { key: key(1), value: undefined },
        { key: key(3), value: new Uint8Array(0) },
      ]);
      assert.deepEqual([state.get(key(1)), state.get(key(2))?.[0], state.get(key(3))?.length], [undefined, 8, 0]);
      await state.close();
    });

    it("ranges over [from, to) in byte order, both ways, within the limit", async () => {
      const state = open();
      const rows = [key(5), key(1, 255), key(1), key(2), key(1, 0, 7)];
      await state.commit(rows.map((row) => ({ key: row, value: row })));
      const read = (reverse: boolean, limit: number) =>
        state.range({ from: key(1), to: key(5), limit, reverse }).map((row) => [...row.key]);
      assert.deepEqual(read(false, 9), [[1], [1, 0, 7], [1, 255], [2]]);
      assert.deepEqual(read(true, 9), [[2], [1, 255], [1, 0, 7], [1]]);
      assert.deepEqual(read(true, 2), [[2], [1, 255]]);
      await state.close();
    });

    it("gives back the last value of a row, whatever sizes it had before", async () => {
      const state = open();
      const [small, large] = [new Uint8Array(8).fill(1), new Uint8Array(5_000).fill(2)];
      for (const value of [small, large, undefined, large, small, undefined, small, large]) {
        await state.commit([{ key: key(7), value }]);
        assert.deepEqual(state.get(key(7))?.length, value?.length);
      }
      await state.close();
    });

    it("gives back the last value of a row also after very many others", async () => {
      const state = open();
      const others = Array.from({ length: OTHERS }, (_, i) => ({ key: key(9, i >> 16, i >> 8, i), value: key(1) }));
      const now = () => [state.get(key(1))?.[0], state.get(key(2))?.[0], state.get(key(3))?.length];
      for (const round of [1, 2, 3]) {
        await state.commit([key(1), key(2), key(3)].map((row) => ({ key: row, value: key(round) })));
        await state.commit(others);
        assert.deepEqual(now(), [round, round, 1]);
        await state.commit([
          { key: key(1), value: undefined },
          { key: key(2), value: key(round + 10) },
          { key: key(3), value: new Uint8Array(5_000) },
        ]);
        assert.deepEqual(now(), [undefined, round + 10, 5_000]);
      }
      await state.close();
    });

    it("gives out bytes that later commits do not change", async () => {
      const state = open();
      await state.commit([{ key: key(1), value: key(1, 1, 1) }]);
      const before = state.get(key(1));
      for (let i = 0; i < 50; i += 1) await state.commit([{ key: key(1), value: key(2, 2, 2) }]);
      assert.deepEqual([...(before ?? [])], [1, 1, 1]);
      await state.close();
    });
  });
}
