import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { run, type Ran } from "../../scripts/local/run.ts";

const deploy = (...args: readonly string[]): Promise<Ran> => run(["node", "scripts/deploy.ts", ...args]);

/** One line for the cause, one for the fix, and never a stack. */
function assertRefused(ran: Ran, code: number, cause: RegExp): void {
  assert.equal(ran.code, code, ran.output);
  const lines = ran.output.trimEnd().split("\n");
  assert.equal(lines.length, 2, ran.output);
  assert.match(lines[0] ?? "", cause);
  assert.match(lines[1] ?? "", /^ {2}fix: /);
}

describe("./midchain deploy", () => {
  it("lists the networks when it does not know the one named", async () => {
    assertRefused(await deploy("nowhere"), 2, /there is no network "nowhere"/);
  });

  it("refuses a deployer that is no address", async () => {
    assertRefused(await deploy("sepolia", "--deployer", "alice"), 2, /"alice" is not an address/);
  });

  it("refuses to broadcast before guardian and holder are named", async () => {
    assertRefused(await deploy("sepolia", "--broadcast"), 1, /guardian, genesisHolder not set for sepolia/);
  });

  it("refuses a remote chain whose home chain is not deployed", async () => {
    assertRefused(await deploy("baseSepolia"), 1, /needs its home chain 11155111/);
  });

  it("only rehearses by default: cost, addresses and roles, nothing sent", async () => {
    const ran = await deploy("hoodi", "--json", "--deployer", `0x${"12".repeat(20)}`);
    assert.equal(ran.code, 0, ran.output);
    const result = JSON.parse(ran.output) as { dryRun: boolean; chainId: number; gas: number; addresses: object };
    assert.equal(result.dryRun, true);
    assert.equal(result.chainId, 560_048);
    assert.ok(result.gas > 10_000_000 && result.gas < 60_000_000, String(result.gas));
    assert.equal(Object.keys(result.addresses).length, 13);
  });
});
