import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openLmdbState } from "../../relayer/adapters/lmdb/state.ts";
import { ANVIL_KEYS } from "../../scripts/local/deployLocal.ts";
import { startRelayer } from "../support/relayer/relayerProcess.ts";
import { startStubChain } from "../support/relayer/stubChain.ts";

describe("the relayer as a process", () => {
  const dir = mkdtempSync(join(tmpdir(), "midchain-main-"));
  let chain: Awaited<ReturnType<typeof startStubChain>>;
  let env: Record<string, string>;
  before(async () => {
    chain = await startStubChain();
    env = {
      MIDCHAIN_DATA_DIR: dir,
      MIDCHAIN_RPC_URLS: chain.rpcUrl,
      MIDCHAIN_CHAIN_ID: "31337",
      MIDCHAIN_LEDGER: `0x${"aa".repeat(20)}`,
      MIDCHAIN_ENGINE: `0x${"bb".repeat(20)}`,
      MIDCHAIN_TOKENS: `0x${"cc".repeat(20)}`,
      MIDCHAIN_SENDER_KEY: ANVIL_KEYS[0],
      MIDCHAIN_DV_KEYS: ANVIL_KEYS[1],
    };
  });
  after(async () => {
    await chain.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("says when it is ready, measures itself on a second port, and stops in time with streams open", async () => {
    const relayer = await startRelayer(env);
    assert.equal((await fetch(`${relayer.url}/health`)).status, 200);
    const metrics = await (await fetch(relayer.metricsUrl)).text();
    for (const name of ["process_cpu_seconds_total", "midchain_transactions_total", "midchain_guard_refusals_total"]) {
      assert.match(metrics, new RegExp(`^# TYPE ${name} counter$`, "m"));
    }
    assert.equal((await fetch(`${relayer.url}/metrics`)).status, 404);
    const stream = await fetch(`${relayer.url}/v1/events`);
    const startedAt = Date.now();
    const code = await relayer.stop("SIGTERM");
    assert.deepEqual([code, Date.now() - startedAt < 10_000], [0, true]);
    await stream.body?.cancel().catch(() => undefined);
  });

  it("keeps the operator's port to this machine when it serves everybody", async () => {
    const relayer = await startRelayer({ ...env, MIDCHAIN_HOST: "0.0.0.0" });
    const hosts = [relayer.url, relayer.metricsUrl].map((url) => new URL(url).hostname);
    await relayer.stop();
    assert.deepEqual(hosts, ["0.0.0.0", "127.0.0.1"]);
  });

  it("counts what the guard refuses, by rule", async () => {
    const relayer = await startRelayer(env);
    const headers = { "content-type": "application/cbor" };
    await fetch(`${relayer.url}/v1/transactions`, { method: "POST", headers, body: Uint8Array.of(1) });
    const metrics = await (await fetch(relayer.metricsUrl)).text();
    await relayer.stop();
    assert.match(metrics, /^midchain_guard_refusals_total\{rule="AP-011"\} 1$/m);
  });

  it("is ended when it is not ready in time, and leaves its folder to the next one", async () => {
    const own = { ...env, MIDCHAIN_DATA_DIR: join(dir, "late") };
    await assert.rejects(startRelayer(own, { readyMsMax: 1 }), /not ready within 0.001 s/);
    assert.equal(await (await startRelayer(own)).stop(), 0);
  });

  it("lets one process use a data folder", async () => {
    const relayer = await startRelayer(env);
    const second = await run(env);
    await relayer.stop();
    assert.equal(second.code, 1);
    assert.match(second.stderr, /another relayer \(pid \d+\) uses/);
    assert.match(second.stderr, /\n {2}fix: /);
  });

  it("notices at its start a database that changed while it was stopped, also where no row is", async () => {
    const own = { ...env, MIDCHAIN_DATA_DIR: join(dir, "changed") };
    const damaged = (): string[] => readdirSync(own.MIDCHAIN_DATA_DIR).filter((name) => name.includes("damaged"));
    assert.equal(await (await startRelayer(own)).stop("SIGTERM"), 0);
    changeLastByte(join(own.MIDCHAIN_DATA_DIR, "state", "data.mdb"));
    assert.equal(await (await startRelayer(own)).stop("SIGTERM"), 0);
    assert.deepEqual(damaged(), ["state.damaged-1"]);
    assert.equal(await (await startRelayer(own)).stop("SIGTERM"), 0);
    for (const name of ["journal", "log"]) {
      const rows = join(own.MIDCHAIN_DATA_DIR, name, "data.mdb");
      changeLastByte(rows);
      const { code, stderr } = await run(own);
      assert.equal(code, 1);
      assert.match(stderr, /nobody else holds what it holds/);
      assert.match(stderr, /\n {2}fix: .*docs\/RUNBOOK\.md/);
      changeLastByte(rows);
    }
    assert.equal(await (await startRelayer(own)).stop("SIGTERM"), 0);
    assert.deepEqual(damaged(), ["state.damaged-1"], "what was put back is taken as it is");
  });

  it("does not start on a state that an earlier version has laid out, and makes it again once it is moved away", async () => {
    const own = { ...env, MIDCHAIN_DATA_DIR: join(dir, "former") };
    const path = join(own.MIDCHAIN_DATA_DIR, "state");
    const state = openLmdbState(path);
    await state.commit([{ key: Buffer.from("s, and a chain and a transaction"), value: Uint8Array.of(1) }]);
    await state.close();
    const { code, stderr } = await run(own);
    assert.equal(code, 1);
    assert.match(stderr, /written by an earlier version/);
    assert.match(stderr, /\n {2}fix: .*docs\/RUNBOOK\.md/);
    renameSync(path, `${path}.former`);
    assert.equal(await (await startRelayer(own)).stop("SIGTERM"), 0);
  });

  it("refuses a wrong configuration: every problem, each with a fix, no stack, no secret, exit 2", async () => {
    const secret = "0xnotakey00112233";
    const { code, stdout, stderr } = await run({ ...env, MIDCHAIN_SENDER_KEY: secret, MIDCHAIN_PORT: "99999" });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /MIDCHAIN_SENDER_KEY/);
    assert.match(stderr, /MIDCHAIN_PORT/);
    assert.equal(stderr.match(/\n {2}fix: /g)?.length, 2);
    assert.doesNotMatch(stderr, /\.ts:\d|at .*\(|notakey/);
    const missing = await run({ ...env, MIDCHAIN_SENDER_KEY_FILE: join(dir, "no-such-file") });
    assert.equal(missing.code, 2);
  });
});

/** Done twice, it is as it was. */
function changeLastByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(path, bytes);
}

function run(env: Readonly<Record<string, string>>): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["relayer/main.ts"], { env: { PATH: process.env["PATH"], ...env } });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("close", (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
