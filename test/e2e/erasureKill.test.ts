import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { approvalTypedData } from "../../protocol/approval.ts";
import { verifyChain } from "../../protocol/chain.ts";
import { openFileKeyring } from "../../relayer/adapters/file/keyring.ts";
import { openLmdbState } from "../../relayer/adapters/lmdb/state.ts";
import { readConfig } from "../../relayer/config.ts";
import { readChain } from "../../relayer/flow/read.ts";
import { keys } from "../../relayer/midc/keys.ts";
import { decodeVault } from "../../relayer/midc/rows.ts";
import { startNode } from "../../relayer/node.ts";
import { createLogger } from "../../relayer/ops/logger.ts";
import { openVault } from "../../relayer/privacy/vault.ts";
import { ANVIL_KEYS } from "../../scripts/local/deployLocal.ts";
import { bytesOf, enrolActor, type Actor } from "../support/actors.ts";
import { actorAt } from "../support/chain.ts";
import { runCrashing, type Ran } from "../support/crashing.ts";
import { startStubChain } from "../support/relayer/stubChain.ts";

describe("an erasure and a change of the vault key, killed at any step", { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midchain-erasure-kill-"));
  const seed = join(folder, "seed");
  let chain: Awaited<ReturnType<typeof startStubChain>>;
  let gone: Actor;
  let stays: Actor;
  let order: { readonly account: string; readonly signedAt: number; readonly signature: string };
  let wrapped: Uint8Array;
  let secret: Uint8Array;
  let oldKey: string;
  let steps: readonly string[] = [];

  const envOf = (dataDir: string): Record<string, string> => ({
    MIDCHAIN_DATA_DIR: dataDir,
    MIDCHAIN_PARTITIONS: "2",
    MIDCHAIN_RPC_URLS: chain.rpcUrl,
    MIDCHAIN_CHAIN_ID: "31337",
    MIDCHAIN_LEDGER: `0x${"aa".repeat(20)}`,
    MIDCHAIN_ENGINE: `0x${"bb".repeat(20)}`,
    MIDCHAIN_TOKENS: `0x${"cc".repeat(20)}`,
    MIDCHAIN_SENDER_KEY: ANVIL_KEYS[0],
    MIDCHAIN_DV_KEYS: ANVIL_KEYS[1],
    MIDCHAIN_LOG_LEVEL: "silent",
  });

  const runChild = (dataDir: string, crashAt?: number): Promise<Ran> =>
    runCrashing("crashingErasure.ts", { env: envOf(dataDir), ...order, crashAt });

  const filesUnder = (dir: string): readonly string[] =>
    readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
      const path = join(dir, entry.name);
      return entry.isDirectory() ? filesUnder(path) : [path];
    });

  /** What must be true in the end, wherever it was stopped. */
  async function assertGone(dataDir: string, { lines }: Ran): Promise<void> {
    const done = lines.find((line) => line.startsWith("done "));
    assert.ok(done !== undefined, lines.slice(-4).join("\n"));
    const keyring = openFileKeyring(join(dataDir, "keys.json"));
    assert.equal(keyring.vaultKeys.list().length, 1);
    assert.equal(keyring.unwrap(wrapped, gone.chainId), undefined, "what was wrapped before opens no more");
    const state = openLmdbState(join(dataDir, "state"));
    const vault = openVault(state, keyring);
    assert.ok(vault.shredKey(stays.chainId) !== undefined, "whoever stays is readable");
    assert.equal(state.get(keys.erasing(gone.chainId)), undefined);
    const page = readChain(gone.chainId, { limit: 9 }, { view: state, vault })!;
    assert.deepEqual([page.state, page.blocks.map(({ kind }) => kind)], ["erased", ["tombstone", "genesis"]]);
    const headers = page.blocks.map(({ header }) => ({ header: bytesOf(header) })).reverse();
    assert.equal(verifyChain(headers).kind, "holds");
    await state.close();
    for (const path of filesUnder(dataDir)) {
      const content = readFileSync(path);
      for (const key of [Buffer.from(oldKey, "base64"), Buffer.from(oldKey), Buffer.from(secret)])
        assert.ok(!content.includes(key), path);
    }
  }

  before(async () => {
    chain = await startStubChain();
    const read = readConfig(envOf(seed));
    if (read.kind === "invalid") throw new Error(read.problems.join());
    const node = await startNode(read.config, createLogger("silent"));
    gone = await enrolActor(actorAt(41), node);
    stays = await enrolActor(actorAt(42), node);
    wrapped = Uint8Array.from(decodeVault(node.replica.view.get(keys.vault(gone.chainId))!).shredKey);
    secret = node.keyring.unwrap(wrapped, gone.chainId)!;
    const { chain: chainNumber, ledger } = node.network;
    const approval = {
      action: "erase everything",
      chainId: gone.chainId,
      reader: new Uint8Array(20),
      notAfter: 0,
      purpose: "other",
      contentHash: new Uint8Array(32),
      signedAt: Math.floor(Date.now() / 1000),
    } as const;
    const signature = await gone.wallet.signTypedData(approvalTypedData(approval, { chain: chainNumber, ledger }));
    order = { account: gone.wallet.address, signedAt: approval.signedAt, signature };
    await node.stop();
    const file = JSON.parse(readFileSync(join(seed, "keys.json"), "utf8")) as { vault: { key: string }[] };
    oldKey = file.vault[0]!.key;
  });
  after(async () => {
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("lives through a whole run, which lists the steps", async () => {
    const dataDir = join(folder, "whole");
    cpSync(seed, dataDir, { recursive: true });
    const whole = await runChild(dataDir);
    await assertGone(dataDir, whole);
    steps = whole.lines.filter((line) => line.startsWith("step "));
    for (const kind of ["append", "apply", "key made", "key destroyed"])
      for (const when of ["before", "after"])
        assert.ok(
          steps.some((step) => step.endsWith(`${when} ${kind}`)),
          `${when} ${kind}`,
        );
  });

  it("ends the same from every step of a run", async (t) => {
    let killed = 0;
    for (let at = 1; at <= steps.length; at += 1) {
      const dataDir = join(folder, `step-${at}`);
      cpSync(seed, dataDir, { recursive: true });
      try {
        const died = await runChild(dataDir, at);
        if (died.killed) killed += 1;
        await assertGone(dataDir, await runChild(dataDir));
      } catch (error) {
        throw new Error(`killed ${steps[at - 1] ?? ""}`, { cause: error });
      }
      rmSync(dataDir, { recursive: true, force: true });
    }
    assert.ok(killed >= steps.length - 4, `killed at ${killed} of ${steps.length} steps`);
    t.diagnostic(`killed at ${killed} of ${steps.length} steps`);
  });
});
