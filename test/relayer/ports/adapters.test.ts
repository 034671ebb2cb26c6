import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { openLmdbLog } from "../../../relayer/adapters/lmdb/log.ts";
import { openLmdbState } from "../../../relayer/adapters/lmdb/state.ts";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { writeBehind } from "../../../relayer/log/writeBehind.ts";
import { systemClock } from "../../../relayer/ops/clock.ts";
import { behavesAsPartitionLog } from "./partitionLog.behavior.ts";
import { behavesAsState } from "./state.behavior.ts";

const folder = mkdtempSync(join(tmpdir(), "midchain-ports-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});
let opened = 0;
const fresh = (): string => join(folder, String((opened += 1)));

behavesAsPartitionLog("memory", () => ({ log: memoryLog(3) }));
behavesAsPartitionLog("LMDB", () => {
  const options = { path: fresh(), partitions: 3 };
  return { log: openLmdbLog(options), reopen: () => Promise.resolve(openLmdbLog(options)) };
});
behavesAsState("memory", () => memoryState());
behavesAsState("LMDB", () => openLmdbState(fresh()));
behavesAsState("LMDB with its disk behind", () =>
  writeBehind(openLmdbState(fresh()), {
    clock: systemClock,
    onFault(error) {
      assert.ifError(error);
    },
  }),
);
