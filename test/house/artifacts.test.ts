import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { root } from "../../scripts/local/run.ts";

describe("the committed release artifacts and ABIs", { timeout: 400_000 }, () => {
  it("are what the contracts compile to today (npm run abi makes them anew)", () => {
    const ran = spawnSync(process.execPath, ["scripts/build/exportAbi.ts", "--check"], { cwd: root, encoding: "utf8" });
    assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}`);
  });
});
