import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";

const folder = mkdtempSync(join(tmpdir(), "midchain-full-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Blocks of 1 KB that a file may have: the system refuses what goes beyond, as a full disk does. */
const FILE_KB_MAX = 2_000;

describe("a store whose disk is full", () => {
  it("tells whoever waits, keeps what it had acknowledged, and does not take the process down", async () => {
    const child = join(import.meta.dirname, "fullDisk.child.ts");
    const { stdout } = await promisify(execFile)(
      "bash",
      [
        "-c",
        `ulimit -f ${FILE_KB_MAX}; exec "$0" --disable-warning=ExperimentalWarning "$1" "$2"`,
        process.execPath,
        child,
        folder,
      ],
      { timeout: 60_000 },
    );
    const { told, kept, found, appended, tail } = JSON.parse(stdout) as {
      told: string[];
      kept: number;
      found: number;
      appended: number;
      tail: number;
    };
    assert.deepEqual(told, ["STATE_UNAVAILABLE", "LOG_UNAVAILABLE"]);
    assert.ok(kept > 0 && appended > 0, "it began on a disk with room");
    assert.deepEqual([found, tail], [kept, appended]);
  });
});
