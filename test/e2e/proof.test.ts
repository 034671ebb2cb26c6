import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { checkProof } from "../../protocol/proof.ts";
import { readProof, signProof, writeProof, type ProofFile } from "../../protocol/proofFile.ts";
import { toHex } from "../../protocol/bytes.ts";
import { readConfig } from "../../relayer/config.ts";
import { accept } from "../../relayer/flow/flow.ts";
import { issueProof, readTransaction } from "../../relayer/flow/read.ts";
import { startNode, type RelayerNode } from "../../relayer/node.ts";
import { createLogger } from "../../relayer/ops/logger.ts";
import { root } from "../../scripts/local/run.ts";
import { enrolActor, makeRequest, type Actor } from "../support/actors.ts";
import { actorAt, relayerEnv, startTestChain, type TestChain } from "../support/chain.ts";
import { random, testIdentity } from "../support/relayer.ts";
import { startRpcProxy, type RpcProxy } from "../support/rpcProxy.ts";
import { until } from "../support/until.ts";

const wallets = [actorAt(21), actorAt(22)];

describe("a proof", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midchain-proof-"));
  let chain: TestChain;
  let deaf: RpcProxy;
  let node: RelayerNode;
  const proofs: Record<string, ProofFile> = {};

  before(async () => {
    chain = await startTestChain(wallets);
    // The first endpoint never answers with anything but errors: everything here went over the second.
    deaf = await startRpcProxy(chain.rpcUrl);
    deaf.treat = () => ({ kind: "error", message: "out of order" });
    const read = readConfig(
      relayerEnv(chain, { dataDir: join(folder, "relayer"), rpcUrls: `${deaf.url},${chain.rpcUrl}` }),
    );
    if (read.kind === "invalid") throw new Error(read.problems.join());
    node = await startNode(read.config, createLogger("silent"));
    const actors: Actor[] = [await enrolActor(wallets[0]!, node), await enrolActor(wallets[1]!, node)];
    for (const [name, pay] of [
      ["data", undefined],
      ["paid", 7n],
      ["failed", 10n ** 40n / 10n ** 2n],
    ] as const) {
      const request = await makeRequest(actors, node.network, pay === undefined ? {} : { pay });
      assert.equal((await accept(request.bytes, node.stages)).kind, "accepted");
      proofs[`${name}, pending`] = issueProof(request.id, actors[1]!.chainId, node.network, node.read)!;
      await until(
        "an outcome",
        () => readTransaction(request.id, node.read),
        (view) => view?.ended === true,
      );
      proofs[name] = issueProof(request.id, actors[1]!.chainId, node.network, node.read)!;
    }
  });
  after(async () => {
    await node.stop();
    await deaf.stop();
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** `./midchain verify` as a person runs it. */
  function verify(
    file: ProofFile,
    ...more: string[]
  ): { code: number | null; report: { ok: boolean; onChain: boolean; conclusion: string } } {
    const path = join(folder, "proof.json");
    writeFileSync(path, writeProof(file));
    const ran = spawnSync(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", join(root, "scripts/verify.ts"), path, "--json", ...more],
      { encoding: "utf8" },
    );
    return { code: ran.status, report: JSON.parse(ran.stdout) as ReturnType<typeof verify>["report"] };
  }

  it("exists in every state and says which", () => {
    const states = Object.fromEntries(Object.entries(proofs).map(([name, { state }]) => [name, state]));
    assert.equal(states["data"], "completed");
    assert.equal(states["paid"], "completed");
    assert.equal(states["failed"], "failed");
    assert.equal(states["data, pending"], "pending");
    for (const file of Object.values(proofs)) assert.equal(checkProof(file).ok, true);
  });

  it("went over the second endpoint when the first was out of order", () => {
    assert.ok((deaf.calls.get("eth_getBlockByNumber") ?? 0) > 0);
  });

  it("is confirmed by the chain, or by a header of one's own", async () => {
    const file = proofs["failed"]!;
    const asked = verify(file, "--rpc", chain.rpcUrl);
    assert.deepEqual([asked.code, asked.report.onChain], [0, true]);
    const { ask } = checkProof(file);
    const given = verify(file, "--header", ask!.headerHash, "--outcome-root", ask!.outcomeRoot!);
    assert.deepEqual([given.code, given.report.onChain], [0, true]);
    const wrong = verify(file, "--header", toHex(random(32)), "--outcome-root", ask!.outcomeRoot!);
    assert.deepEqual([wrong.code, wrong.report.ok], [1, false]);
    await Promise.resolve();
  });

  it("does not survive a single flipped byte, wherever it is", () => {
    const text = writeProof(proofs["paid"]!);
    assert.equal(readProof(text).kind, "proof");
    // Text outside the long hex runs byte by byte; of those, which only the signature covers, every 23rd.
    for (let at = 0; at < text.length; at += /[0-9a-f]{9}/.test(text.slice(at, at + 9)) ? 23 : 1) {
      const flipped = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
      assert.equal(readProof(flipped).kind, "unreadable", `byte ${at}`);
    }
  });

  it("does not hold when another node signs changed content", () => {
    const identity = testIdentity();
    const forge = (change: Partial<ProofFile>): boolean =>
      checkProof(signProof({ ...proofs["paid"]!, ...change, node: toHex(identity.nodePublicKey) }, identity.sign)).ok;
    assert.equal(forge({}), true);
    const { inclusion, blocks, signatures } = proofs["paid"]!;
    const changes: readonly Partial<ProofFile>[] = [
      { id: toHex(random(32)) },
      { state: "failed" },
      { state: "pending", inclusion: null },
      { request: proofs["failed"]!.request },
      { signatures: signatures.toReversed() },
      { signatures: signatures.slice(1) },
      { dealSignatures: [] },
      { engine: toHex(random(20)) },
      { relayerSalt: toHex(random(32)) },
      { blocks: blocks.toReversed() },
      { blocks: blocks.slice(1) },
      { inclusion: { ...inclusion!, root: toHex(random(32)) } },
      { inclusion: { ...inclusion!, item: null } },
      { inclusion: { ...inclusion!, item: { ...inclusion!.item!, status: 2 } } },
      { inclusion: { ...inclusion!, item: { ...inclusion!.item!, dealId: toHex(random(32)) } } },
      { inclusion: { ...inclusion!, item: { ...inclusion!.item!, index: 5 } } },
      { inclusion: { ...inclusion!, item: { ...inclusion!.item!, reason: "0x01" } } },
    ];
    for (const change of changes) assert.equal(forge(change), false, JSON.stringify(change).slice(0, 60));
  });
});
