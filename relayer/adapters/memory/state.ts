import { Fault } from "../../errors.ts";
import type { Row, State } from "../../ports.ts";

const nameOf = (key: Uint8Array): string => Buffer.from(key).toString("latin1");

/** A state in memory; `failing` makes the next commits reject without writing anything. */
export function memoryState(): State & { failing: number; readonly size: () => number } {
  const rows = new Map<string, Row>();
  const state = {
    failing: 0,
    size: () => rows.size,
    get: (key: Uint8Array) => rows.get(nameOf(key))?.value,
    range(bounds: Parameters<State["range"]>[0]) {
      const within = [...rows.values()]
        .filter((row) => Buffer.compare(row.key, bounds.from) >= 0 && Buffer.compare(row.key, bounds.to) < 0)
        .sort((a, b) => Buffer.compare(a.key, b.key));
      if (bounds.reverse === true) within.reverse();
      return within.slice(0, bounds.limit);
    },
    commit(writes: Parameters<State["commit"]>[0]) {
      if (state.failing > 0) {
        state.failing -= 1;
        return Promise.reject(new Fault("STATE_UNAVAILABLE", "told to fail"));
      }
      for (const { key, value } of writes) {
        if (value === undefined) rows.delete(nameOf(key));
        else rows.set(nameOf(key), { key: key.slice(), value: value.slice() });
      }
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return state;
}
