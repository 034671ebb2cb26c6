import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import {
  createClient,
  createReader,
  MidchainError,
  relayerView,
  verifyInclusion,
  type Client,
  type NetworkEvent,
  type Reader,
} from "../../sdk/index.ts";
import { relayerEnv, startTestChain, type TestChain } from "../support/chain.ts";
import type { RelayerProcess } from "../../scripts/local/stack.ts";
import { startRelayer } from "../support/relayer/relayerProcess.ts";

const SECRET = "nobody reads this";
const AGREEMENTS = 5;

describe("reading a relayer without a wallet", () => {
  const wallets = [privateKeyToAccount(generatePrivateKey()), privateKeyToAccount(generatePrivateKey())] as const;
  const origin = "https://dapp.example";
  const dataDir = mkdtempSync(join(tmpdir(), "midchain-reader-"));
  let chain: TestChain;
  let relayer: RelayerProcess;
  let clients: readonly [Client, Client];
  let reader: Reader;
  let ids: `0x${string}`[];
  const heard: NetworkEvent[] = [];
  const stop = new AbortController();

  before(async () => {
    chain = await startTestChain(wallets);
    relayer = await startRelayer({
      ...relayerEnv(chain, { dataDir, rpcUrls: chain.rpcUrl }),
      MIDCHAIN_ORIGINS: origin,
      MIDCHAIN_BROWSER_RPC_URL: chain.rpcUrl,
      MIDCHAIN_CONTRACTS: `governor=${chain.addresses.governor}`,
      // Long enough that all the agreements go into few batches.
      MIDCHAIN_CLOSE_AFTER_MS: "400",
      MIDCHAIN_PARTITIONS: "1",
    });
    reader = createReader({ url: relayer.url });
    void (async () => {
      for await (const event of reader.events(stop.signal)) heard.push(event);
    })();
    const [a, b] = wallets.map((wallet) => createClient({ url: relayer.url, wallet, origin }));
    clients = [a!, b!];
    await Promise.all(clients.map((client) => client.enrol()));
    const parties = [
      { account: wallets[0].address, role: "initiator", content: 0 },
      { account: wallets[1].address, role: "counterparty", content: 0 },
    ] as const;
    const submitted = Array.from({ length: AGREEMENTS }, async () => {
      const contents = [{ bytes: new TextEncoder().encode(SECRET), category: "contract" as const }];
      const draft = await a!.draft({ kind: "data", parties, contents, reference: "A-1" });
      return a!.submit(draft, [await a!.sign(draft), await b!.sign(draft)]);
    });
    ids = (await Promise.all(submitted)).map(({ id }) => id);
    for (const id of ids) await reader.wait(id);
  });
  after(async () => {
    stop.abort();
    await relayer.stop();
    await chain.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("pages through everybody's transactions, newest first", async () => {
    const first = await reader.transactions({ limit: 3 });
    const second = await reader.transactions({ limit: 3, cursor: first.cursor! });
    const seen = [...first.transactions, ...second.transactions].map(({ id }) => id);
    assert.deepEqual(seen.toSorted(), ids.toSorted());
    assert.equal(second.cursor, undefined);
  });

  it("hears each transaction to its end, and the chain's heads", () => {
    for (const id of ids) {
      const states = heard.flatMap((event) => (event.kind === "transaction" && event.id === id ? [event.state] : []));
      assert.equal(states[0], "pending");
      assert.equal(states.at(-1), "completed");
    }
    assert.equal(heard[0]?.kind, "open");
    assert.ok(heard.some(({ kind }) => kind === "head"));
  });

  it("checks where a transaction lies in its batch, against the chain", async () => {
    const network = await reader.network();
    for (const id of ids) {
      const { ok, onChain, findings } = await verifyInclusion(await reader.inclusion(id), network);
      assert.deepEqual([ok, onChain, findings.length], [true, true, 2]);
    }
  });

  it("finds out every part of an inclusion that is not the true one", async () => {
    const network = await reader.network();
    const inclusion = await reader.inclusion(ids[0]!);
    const wrong = `0x${"11".repeat(32)}` as const;
    const changes = [
      { commitment: wrong },
      { root: wrong },
      { prev: wrong },
      { itemsHash: wrong },
      { count: inclusion.count + 1 },
      { seq: inclusion.seq + 1 },
      { index: inclusion.count },
      { path: [...inclusion.path, wrong] },
    ];
    for (const change of changes) {
      const { ok } = await verifyInclusion({ ...inclusion, ...change }, network);
      assert.equal(ok, false, JSON.stringify(change));
    }
  });

  it("leaves the question to the chain open where there is no endpoint to ask", async () => {
    const { chainId, ledger } = await reader.network();
    const { ok, onChain, findings } = await verifyInclusion(await reader.inclusion(ids[0]!), { chainId, ledger });
    assert.deepEqual([ok, onChain, findings.at(-1)?.verdict], [true, false, "open"]);
  });

  it("leaves it open too where the endpoint speaks for another chain, and says when none answers", async () => {
    const network = await reader.network();
    const inclusion = await reader.inclusion(ids[0]!);
    const other = await verifyInclusion(inclusion, { ...network, chainId: network.chainId + 1 });
    assert.deepEqual([other.ok, other.onChain, other.findings.at(-1)?.verdict], [true, false, "open"]);
    await assert.rejects(
      verifyInclusion(inclusion, { ...network, rpcUrl: "http://127.0.0.1:9" }),
      (error) => error instanceof MidchainError && error.code === "CHAIN_UNREACHABLE",
    );
  });

  it("is told that there is no inclusion of what is not there", async () => {
    await assert.rejects(
      reader.inclusion(`0x${"22".repeat(32)}`),
      (error) => error instanceof MidchainError && error.code === "NO_SUCH_OBJECT",
    );
  });

  it("learns the contracts, the partitions and who runs them", async () => {
    assert.equal((await reader.network()).contracts["governor"], chain.addresses.governor.toLowerCase());
    const [partitions, cluster] = await Promise.all([reader.partitions(), reader.cluster()]);
    assert.equal(partitions[0]?.executor, cluster.node);
    assert.deepEqual(
      cluster.partitions.map(({ executor, state }) => [executor, state]),
      [[cluster.node, "ok"]],
    );
  });

  it("shows what the relayer can read of a block: the terms and labels, and a content that it cannot open", async () => {
    const { blocks } = await clients[1].myChain();
    const pending = blocks.find(({ kind }) => kind === "pending")!;
    const { request, sealed } = relayerView(pending);
    assert.equal(request?.reference, "A-1");
    assert.equal(sealed?.header?.category, "contract");
    assert.equal(sealed.readers.length, 2);
    assert.equal(Buffer.from(sealed.ciphertext).includes(SECRET), false);
    const genesis = relayerView(blocks[0]!);
    assert.deepEqual([genesis.request, genesis.sealed], [undefined, undefined]);
    assert.deepEqual(relayerView({ header: pending.header, kind: "pending" }), { header: pending.header });
  });
});
