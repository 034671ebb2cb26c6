import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { run } from "../../scripts/local/run.ts";
import { startStubChain } from "../support/relayer/stubChain.ts";

interface Report {
  readonly ok: boolean;
  readonly relayer: boolean;
  readonly checks: readonly {
    readonly what: string;
    readonly ok: boolean;
    readonly needed: boolean;
    readonly found: string;
    readonly fix?: string;
  }[];
}

const KEY = `0x${"ab".repeat(32)}`;
const DOOR = "door-code-of-the-endpoint";

describe("./midchain doctor", () => {
  let dir: string;
  let chain: Awaited<ReturnType<typeof startStubChain>>;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "midchain-doctor-"));
    chain = await startStubChain();
  });
  after(async () => {
    await chain.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function doctor(env: Readonly<Record<string, string>> = {}): Promise<Report & { readonly code: number }> {
    const ports = { MIDCHAIN_PORT: "0", MIDCHAIN_METRICS_PORT: "0", MIDCHAIN_DATA_DIR: dir };
    const ran = await run(["node", "scripts/doctor.ts", "--json"], { env: { ...ports, ...env } });
    for (const secret of [KEY.slice(2), DOOR]) assert.ok(!ran.output.includes(secret), "a secret was printed");
    return { ...(JSON.parse(ran.output) as Report), code: ran.code };
  }
  const relayer = (env: Readonly<Record<string, string>> = {}) => ({
    MIDCHAIN_RPC_URLS: chain.rpcUrl,
    MIDCHAIN_CHAIN_ID: "31337",
    MIDCHAIN_LEDGER: `0x${"aa".repeat(20)}`,
    MIDCHAIN_ENGINE: `0x${"bb".repeat(20)}`,
    MIDCHAIN_TOKENS: `0x${"cc".repeat(20)}`,
    MIDCHAIN_SENDER_KEY: KEY,
    MIDCHAIN_DV_KEYS: KEY,
    ...env,
  });
  const brokenIn = ({ checks }: Report): readonly string[] =>
    checks.filter(({ ok, needed }) => !ok && needed).map(({ what }) => what);
  const seen = ({ checks }: Report, what: string): string =>
    checks.find((check) => check.what.startsWith(what))?.found ?? `nothing about ${what}`;

  it("looks at the machine alone where no relayer is set up", async () => {
    const report = await doctor();
    assert.deepEqual([report.code, report.ok, report.relayer], [0, true, false]);
    assert.deepEqual(
      report.checks.map(({ what }) => what),
      ["Node", "clock", "data folder", "port for HTTP", "port for metrics", "port for the local chain"],
    );
    for (const check of report.checks) {
      assert.equal(typeof check.found, "string");
      assert.equal(check.fix === undefined, check.ok, `${check.what}: a fix where something is wrong, and only there`);
    }
  });

  it("names an endpoint that does not answer, by its host alone, and looks through the next", async () => {
    const wrong = `http://127.0.0.1:1/${DOOR}`;
    const report = await doctor(relayer({ MIDCHAIN_RPC_URLS: `${wrong},${chain.rpcUrl}` }));
    assert.equal(report.code, 1);
    assert.match(seen(report, "endpoint 127.0.0.1:1"), /^does not answer: /);
    assert.match(seen(report, `endpoint ${new URL(chain.rpcUrl).host}`), /^answers, chain 31337$/);
    assert.match(seen(report, "ledger"), /^no contract at 0xaaaa/);
  });

  it("tells an endpoint of another chain, and asks it nothing more", async () => {
    const report = await doctor(relayer({ MIDCHAIN_CHAIN_ID: "1" }));
    assert.equal(report.code, 1);
    assert.match(seen(report, "endpoint"), /^is of chain 31337, not 1$/);
    assert.match(seen(report, "ledger"), /^nothing about/);
  });

  it("finds what is missing on the chain: contracts, and money for gas", async () => {
    const report = await doctor(relayer());
    assert.deepEqual(brokenIn(report), ["ledger", "engine", "token", "sender's balance"]);
    assert.match(seen(report, "sender's nonce"), /nothing waits/);
  });

  it("names each setting that is wrong", async () => {
    const report = await doctor(relayer({ MIDCHAIN_LEDGER: "0x12", MIDCHAIN_FINALITY: "soon" }));
    assert.equal(report.code, 1);
    assert.deepEqual(brokenIn(report).toSorted(), ["MIDCHAIN_FINALITY", "MIDCHAIN_LEDGER"]);
  });

  it("wants keys.json for its owner alone", async () => {
    const path = join(dir, "keys.json");
    writeFileSync(path, "{}");
    for (const [mode, isWrong] of [
      [0o644, true],
      [0o600, false],
    ] as const) {
      chmodSync(path, mode);
      assert.equal(brokenIn(await doctor(relayer())).includes("keys.json"), isWrong);
    }
    rmSync(path);
  });

  it("wants a quorum that can be reached, and a Redis that answers", async () => {
    const report = await doctor(relayer({ MIDCHAIN_DV_QUORUM: "2", REDIS_URL: "redis://127.0.0.1:1" }));
    const found = brokenIn(report);
    assert.ok(found.includes("DV signers") && found.includes("Redis"), found.join());
  });

  it("refuses a port that was asked for while another program holds it", async () => {
    const other = createServer((_, response) => response.end("hello"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    const report = await doctor({ MIDCHAIN_PORT: String(port) });
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
    assert.equal(report.code, 1);
    assert.deepEqual(brokenIn(report), ["port for HTTP"]);
  });
});
