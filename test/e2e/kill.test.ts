import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { decodeHeader } from "../../protocol/block.ts";
import { verifyChain } from "../../protocol/chain.ts";
import { fromHex, toHex } from "../../protocol/bytes.ts";
import { readConfig } from "../../relayer/config.ts";
import { readChain } from "../../relayer/flow/read.ts";
import { startNode } from "../../relayer/node.ts";
import { createLogger } from "../../relayer/ops/logger.ts";
import { enrolActor, makeRequest, type Actor, type MadeRequest } from "../support/actors.ts";
import { actorAt, relayerEnv, startTestChain, type TestChain } from "../support/chain.ts";
import { runCrashing, type Ran } from "../support/crashing.ts";
import { startRpcProxy, type RpcProxy } from "../support/rpcProxy.ts";

const PAID = 1_000n;
const wallets = [actorAt(1), actorAt(2)];

describe("a relayer that is killed at any step", { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midchain-kill-"));
  const seed = join(folder, "seed");
  let chain: TestChain;
  let proxy: RpcProxy;
  let actors: Actor[];
  let requests: MadeRequest[];
  let files: string[];
  let ids: string[];
  let steps: readonly string[] = [];

  const configOf = (dataDir: string) => {
    const read = readConfig(relayerEnv(chain, { dataDir, rpcUrls: proxy.url }));
    if (read.kind === "invalid") throw new Error(read.problems.join());
    return read.config;
  };

  /** Runs the child relayer on `dataDir`; `onSpawn` gets a way to kill it from outside. */
  function runChild(
    dataDir: string,
    options: { crashAt?: number; submit: boolean; onSpawn?: (kill: () => void) => void },
  ): Promise<Ran> {
    const env = relayerEnv(chain, { dataDir, rpcUrls: proxy.url });
    const submissions = options.submit ? files : [];
    return runCrashing("crashingRelayer.ts", { env, submissions, ids, crashAt: options.crashAt }, options.onSpawn);
  }

  /** What must be true in the end, wherever it was stopped. */
  async function assertOneOutcome(dataDir: string, paidBefore: bigint, finished: Ran): Promise<void> {
    const done = finished.lines.find((line) => line.startsWith("done "));
    assert.equal(done, "done completed completed failed", finished.lines.slice(-5).join("\n"));
    assert.equal((await chain.balanceOf(wallets[1]!.address)) - paidBefore, PAID, "money moved exactly once");
    const node = await startNode(configOf(dataDir), createLogger("silent"));
    for (const actor of actors) {
      const page = readChain(actor.chainId, { limit: 100 }, node.read);
      const blocks = (page?.blocks ?? []).toReversed().map(({ header }) => ({ header: fromHex(header)! }));
      assert.equal(verifyChain(blocks).kind, "holds");
      for (const request of requests) {
        const kinds = blocks
          .map(({ header }) => decodeHeader(header))
          .filter(({ txId }) => toHex(txId) === toHex(request.id))
          .map(({ kind }) => kind);
        assert.deepEqual(kinds, ["pending", request === requests[2] ? "failed" : "completed"]);
      }
    }
    await node.stop();
  }

  before(async () => {
    chain = await startTestChain(wallets);
    proxy = await startRpcProxy(chain.rpcUrl);
    const node = await startNode(configOf(seed), createLogger("silent"));
    actors = [await enrolActor(wallets[0]!, node), await enrolActor(wallets[1]!, node)];
    // One home for all three, so that they share a batch and a run has fewer steps that are the same.
    const home = { partition: 5, of: node.replica.partitions };
    requests = [
      await makeRequest(actors, node.network, { home }),
      await makeRequest(actors, node.network, { home, pay: PAID }),
      await makeRequest(actors, node.network, { home, pay: 10n ** 30n }),
    ];
    await node.stop();
    ids = requests.map(({ id }) => toHex(id));
    files = requests.map(({ bytes }, i) => {
      const file = join(folder, `submission-${i}`);
      writeFileSync(file, bytes);
      return file;
    });
  });
  after(async () => {
    await proxy.stop();
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One life that is cut short and one that is not, on a fresh copy of the same beginning. */
  async function dieAndRecover(name: string, cut: (dataDir: string) => Promise<Ran>): Promise<boolean> {
    const snapshot = await chain.test.snapshot();
    const dataDir = join(folder, name);
    cpSync(seed, dataDir, { recursive: true });
    try {
      const paidBefore = await chain.balanceOf(wallets[1]!.address);
      const died = await cut(dataDir);
      // How writes group varies by a few from run to run: one that ended before its step has nothing left to show.
      if (!died.killed && died.lines.some((line) => line.startsWith("done "))) return false;
      assert.ok(died.killed, `it was to be killed, but it went on:\n${died.lines.slice(-3).join("\n")}`);
      const accepted = died.lines.filter((line) => line.startsWith("accepted ")).length;
      // A client that was not answered asks again; one that was, does not.
      const recovered = await runChild(dataDir, { submit: accepted < requests.length });
      await assertOneOutcome(dataDir, paidBefore, recovered);
      return true;
    } catch (error) {
      throw new Error(`${name}: no single outcome`, { cause: error });
    } finally {
      proxy.treat = () => ({ kind: "pass" });
      rmSync(dataDir, { recursive: true, force: true });
      await chain.test.revert({ id: snapshot });
    }
  }

  it("lives through a whole run, which lists the steps", async () => {
    const snapshot = await chain.test.snapshot();
    const dataDir = join(folder, "whole");
    cpSync(seed, dataDir, { recursive: true });
    const paidBefore = await chain.balanceOf(wallets[1]!.address);
    const whole = await runChild(dataDir, { submit: true });
    await assertOneOutcome(dataDir, paidBefore, whole);
    steps = whole.lines.filter((line) => line.startsWith("step "));
    assert.ok(steps.length >= 20, `${steps.length} steps`);
    for (const kind of ["append", "apply", "journal"])
      assert.ok(
        steps.some((step) => step.endsWith(`before ${kind}`)),
        kind,
      );
    await chain.test.revert({ id: snapshot });
  });

  it("reaches one outcome for everything it accepted, from every step of a run", async (t) => {
    let killed = 0;
    for (let at = 1; at <= steps.length; at += 1) {
      if (await dieAndRecover(`step-${at}`, (dataDir) => runChild(dataDir, { submit: true, crashAt: at }))) killed += 1;
    }
    assert.ok(killed >= steps.length - 6, `killed at ${killed} of ${steps.length} steps`);
    t.diagnostic(`killed at ${killed} of ${steps.length} steps`);
  });

  for (const moment of [
    "before the broadcast reaches the chain",
    "after the broadcast, before its answer",
    "when the receipt is there",
  ] as const) {
    it(`reaches one outcome when killed ${moment}`, async () => {
      const struck = await dieAndRecover(moment.replaceAll(" ", "-"), async (dataDir) => {
        let kill = (): void => undefined;
        const strike = (): void => {
          proxy.treat = () => ({ kind: "pass" });
          kill();
        };
        proxy.treat = ({ method }) => {
          if (method === "eth_sendRawTransaction" && moment.startsWith("before")) {
            strike();
            return { kind: "silent" };
          }
          const isMoment =
            method === (moment.startsWith("after") ? "eth_sendRawTransaction" : "eth_getTransactionReceipt");
          return isMoment && !moment.startsWith("before")
            ? { kind: "pass", after: (result) => (strike(), result) }
            : { kind: "pass" };
        };
        return runChild(dataDir, { submit: true, onSpawn: (end) => (kill = end) });
      });
      assert.ok(struck);
    });
  }
});
