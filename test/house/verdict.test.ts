import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { run } from "../../scripts/local/run.ts";
import { countHardhat, countNode, FAILURE_LINES_MAX, failuresOf } from "../../scripts/terminal/verdict.ts";

const folder = mkdtempSync(join(tmpdir(), "midchain-verdict-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function runnerOn(body: string) {
  const file = join(folder, "some.test.mjs");
  writeFileSync(file, `import { it } from "node:test"; import assert from "node:assert/strict";\n${body}\n`);
  // Where it believes to be part of a test run, as we are, the runner does nothing.
  return run(["env", "-u", "NODE_TEST_CONTEXT", "node", "--test", "--test-reporter=spec", file]);
}

describe("what a test runner's output says", () => {
  it("is how many passed and failed, and what failed with its cause, from the runner itself", async () => {
    const ran = await runnerOn(`
      it("holds", () => {});
      it("also holds", () => {});
      it("breaks", () => assert.equal("is", "ought to be"));`);
    assert.deepEqual(countNode(ran), { passed: 2, failed: 1 });
    const failures = failuresOf(ran);
    assert.match(failures, /^✖ failing tests:/);
    assert.match(failures, /✖ breaks/);
    assert.match(failures, /'ought to be'/);
    assert.doesNotMatch(failures, /✔ holds/);
  });

  it("counts a test that was cut off with those that failed", async () => {
    const ran = await runnerOn(`
      it("never ends", { timeout: 50 }, () => new Promise((end) => setTimeout(end, 60_000).unref()));
      it("comes after", () => {});`);
    const { passed, failed } = countNode(ran);
    assert.deepEqual([passed, failed > 0], [1, true]);
    assert.match(failuresOf(ran), /never ends/);
  });

  it("reads the other runner's sums at the margin, not those of its parts", () => {
    const output =
      "\u001b[32m  7 passing\u001b[39m\n  1 failing\n\n9 passing (3 mocha, 6 solidity)\n2 failing\n\n  1) Vault: opens\n";
    assert.deepEqual(countHardhat({ output }), { passed: 9, failed: 2 });
    assert.match(failuresOf({ output }), /^2 failing\n\n {2}1\) Vault: opens$/);
  });

  it("is the end of the output where the runner died without naming a failure, and never very long", () => {
    const lines = Array.from({ length: 500 }, (_, i) => `line ${i}`);
    const died = failuresOf({ output: lines.join("\n") }).split("\n");
    assert.deepEqual([died.length, died.at(-1)], [FAILURE_LINES_MAX, "line 499"]);
    const many = failuresOf({ output: ["✖ failing tests:", ...lines].join("\n") }).split("\n");
    assert.deepEqual([many.length, many[1]], [FAILURE_LINES_MAX, "line 0"]);
  });
});
