import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { toHex } from "../../protocol/bytes.ts";
import { readConfig } from "../../relayer/config.ts";
import { accept } from "../../relayer/flow/flow.ts";
import { issueProof, readTransaction, type TransactionView } from "../../relayer/flow/read.ts";
import { startNode, type RelayerNode } from "../../relayer/node.ts";
import { createLogger } from "../../relayer/ops/logger.ts";
import { enrolActor, makeRequest, type Actor, type MadeRequest } from "../support/actors.ts";
import { actorAt, relayerEnv, startTestChain, type TestChain } from "../support/chain.ts";
import { startRpcProxy, type RpcProxy } from "../support/rpcProxy.ts";
import { until } from "../support/until.ts";

const PAID = 500n;
const wallets = [actorAt(11), actorAt(12)];
const FINAL_DEPTH = 9;

describe("a chain that misbehaves", { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midchain-reorg-"));
  let chain: TestChain;
  let proxy: RpcProxy;
  let node: RelayerNode;
  let actors: Actor[];

  before(async () => {
    chain = await startTestChain(wallets);
    proxy = await startRpcProxy(chain.rpcUrl);
    const env = {
      ...relayerEnv(chain, { dataDir: folder, rpcUrls: proxy.url }),
      MIDCHAIN_FINALITY: `depth:${FINAL_DEPTH}`,
    };
    const read = readConfig({ ...env, MIDCHAIN_BUMP_AFTER_MS: "1500" });
    if (read.kind === "invalid") throw new Error(read.problems.join());
    node = await startNode(read.config, createLogger("silent"));
    actors = [await enrolActor(wallets[0]!, node), await enrolActor(wallets[1]!, node)];
  });
  after(async () => {
    await node.stop();
    await proxy.stop();
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const viewOf = (request: MadeRequest): Promise<TransactionView | undefined> => readTransaction(request.id, node.read);
  const stateOf = async (request: MadeRequest): Promise<string> => (await viewOf(request))?.state ?? "unknown";
  const reaches = (request: MadeRequest, states: readonly string[]): Promise<string> =>
    until(
      `state ${states.join("/")}`,
      () => stateOf(request),
      (state) => states.includes(state),
    );

  async function pay(): Promise<MadeRequest> {
    const request = await makeRequest(actors, node.network, { pay: PAID });
    assert.equal((await accept(request.bytes, node.stages)).kind, "accepted");
    return request;
  }

  /** Whatever happened on the way: completed, paid once, and the proof names a block that is on the chain. */
  async function assertSettledOnce(request: MadeRequest, balanceBefore: bigint): Promise<void> {
    assert.equal(await reaches(request, ["completed", "failed"]), "completed");
    assert.equal((await chain.balanceOf(wallets[1]!.address)) - balanceBefore, PAID);
    const proof = issueProof(request.id, actors[0]!.chainId, node.network, node.read);
    const block = await chain.open.getBlock({ blockNumber: BigInt(proof?.inclusion?.blockNumber ?? 0) });
    assert.equal(proof?.inclusion?.blockHash, block.hash);
  }

  const reorg = (depth: number): Promise<unknown> =>
    chain.open.request({ method: "anvil_reorg" as never, params: [depth, []] as never });

  for (const depth of [1, 2, 3, 4, 5, 6]) {
    it(`settles once after a reorg of depth ${depth} takes the batch out of the chain`, async () => {
      const before = await chain.balanceOf(wallets[1]!.address);
      const request = await pay();
      await until(
        "mining",
        () => viewOf(request),
        (view) => (view?.chain?.confirmations ?? 0) >= depth || view?.state === "completed",
      );
      assert.equal(await stateOf(request), "mined", "no outcome is written before the block is final");
      await reorg(Math.min(depth + 1, FINAL_DEPTH - 1));
      await assertSettledOnce(request, before);
    });
  }

  it("settles once after a reorg right after sending, before anything is mined", async () => {
    const before = await chain.balanceOf(wallets[1]!.address);
    const request = await pay();
    await reaches(request, ["broadcast", "mined"]);
    await reorg(2);
    await assertSettledOnce(request, before);
  });

  it("sends again what the mempool has dropped", async () => {
    const before = await chain.balanceOf(wallets[1]!.address);
    let dropped = 0;
    proxy.treat = ({ method }) => {
      if (method !== "eth_sendRawTransaction" || dropped > 0) return { kind: "pass" };
      dropped += 1;
      // The endpoint takes it, says so, and forgets it.
      return { kind: "error", message: "already known" };
    };
    const request = await pay();
    await assertSettledOnce(request, before);
    assert.equal(dropped, 1);
  });

  it("makes a new transaction when its nonce was spent on something else", async () => {
    const before = await chain.balanceOf(wallets[1]!.address);
    let stolen = false;
    proxy.treat = async ({ method }) => {
      if (method !== "eth_sendRawTransaction" || stolen) return { kind: "pass" };
      stolen = true;
      const sender = node.ledger.outbox.account;
      await chain.test.impersonateAccount({ address: sender });
      await chain.open.request({
        method: "eth_sendTransaction" as never,
        params: [{ from: sender, to: sender, value: "0x0" }] as never,
      });
      return { kind: "pass" };
    };
    const request = await pay();
    await assertSettledOnce(request, before);
    assert.ok(stolen);
  });

  it("raises the fee of a transaction that is not mined, on the same nonce", async () => {
    const before = await chain.balanceOf(wallets[1]!.address);
    await chain.test.setIntervalMining({ interval: 0 });
    await chain.test.setAutomine(false);
    const request = await pay();
    const sending = await until(
      "a second variant",
      async () => (await viewOf(request))?.sending,
      (seen) => (seen?.hashes.length ?? 0) >= 2,
    );
    assert.equal(new Set(sending?.hashes).size, sending?.hashes.length);
    await chain.test.setAutomine(true);
    await chain.test.mine({ blocks: 1 });
    await chain.open.request({ method: "anvil_setIntervalMining" as never, params: [1] as never });
    await assertSettledOnce(request, before);
  });

  it("writes nothing while the endpoint errs, and goes on when it is back", async () => {
    const before = await chain.balanceOf(wallets[1]!.address);
    proxy.treat = () => ({ kind: "error", message: "internal error" });
    const request = await pay();
    await until(
      "an explanation",
      () => viewOf(request),
      (view) => view?.explanation !== undefined || view?.state === "batched",
    );
    assert.ok(["pending", "batched"].includes(await stateOf(request)));
    proxy.treat = () => ({ kind: "pass" });
    await assertSettledOnce(request, before);
  });

  it("believes no outcome that does not make the chain's outcome root", async () => {
    const before = await chain.balanceOf(wallets[1]!.address);
    let lies = 0;
    proxy.treat = ({ method }) => {
      if (method !== "eth_getTransactionReceipt") return { kind: "pass" };
      return {
        kind: "pass",
        after: (result) => {
          const receipt = result as { logs?: { address: string }[] } | null;
          const logs =
            receipt?.logs?.filter(({ address }) => address.toLowerCase() === toHex(node.network.engine)) ?? [];
          if (receipt?.logs === undefined || logs.length === 0 || lies >= 3) return result;
          lies += 1;
          return { ...receipt, logs: receipt.logs.filter((log) => !logs.includes(log)) };
        },
      };
    };
    const request = await pay();
    await until(
      "lies that were told",
      () => lies,
      (told) => told >= 3,
    );
    proxy.treat = () => ({ kind: "pass" });
    await assertSettledOnce(request, before);
  });
});
