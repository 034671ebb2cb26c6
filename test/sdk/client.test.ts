import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { createClient, MidchainError, type Client, type Draft, type DraftSignature } from "../../sdk/index.ts";
import { relayerEnv, startTestChain, type TestChain } from "../support/chain.ts";
import { until } from "../support/until.ts";
import type { RelayerProcess } from "../../scripts/local/stack.ts";
import { startRelayer } from "../support/relayer/relayerProcess.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("the client library against a real relayer and a real chain", () => {
  const wallets = Array.from({ length: 3 }, () => privateKeyToAccount(generatePrivateKey()));
  const [alice, bob, carol] = wallets as [(typeof wallets)[0], (typeof wallets)[0], (typeof wallets)[0]];
  const origin = "https://dapp.example";
  let anvil: TestChain;
  let dataDir: string;
  let relayer: RelayerProcess;
  let clients: Client[];
  let aliceWords = "";
  const clientOf = (wallet: (typeof wallets)[0], fetch: typeof globalThis.fetch = globalThis.fetch): Client =>
    createClient({ url: relayer.url, wallet, origin, fetch });
  const a = (): Client => clients[0]!;
  const b = (): Client => clients[1]!;
  const c = (): Client => clients[2]!;
  const signAll = (draft: Draft, ...signers: Client[]): Promise<DraftSignature[]> =>
    Promise.all(signers.map((client) => client.sign(draft)));
  const submitted = async (draft: Draft, ...signers: Client[]) => a().submit(draft, await signAll(draft, ...signers));
  const agreement = (content: string) =>
    a().draft({
      kind: "data",
      parties: [
        { account: alice.address, role: "issuer", content: 0 },
        { account: bob.address, role: "subject", content: 0 },
      ],
      contents: [{ bytes: text(content), category: "medical", jurisdiction: "EU" }],
      reference: "LAB-2026-0001",
    });
  const payment = (amount: bigint) =>
    a().draft({
      kind: "payment",
      parties: [
        { account: alice.address, role: "payer" },
        { account: bob.address, role: "payee" },
      ],
      legs: [{ token: anvil.addresses.platformToken, from: alice.address, to: bob.address, amount }],
    });
  const rejects = (work: Promise<unknown>, code: string) =>
    assert.rejects(work, (error) => error instanceof MidchainError && error.code === code);

  before(async () => {
    anvil = await startTestChain(wallets);
    dataDir = mkdtempSync(join(tmpdir(), "midchain-sdk-"));
    relayer = await startRelayer({
      ...relayerEnv(anvil, { dataDir, rpcUrls: anvil.rpcUrl }),
      MIDCHAIN_ORIGINS: origin,
    });
    clients = wallets.map((wallet) => clientOf(wallet));
    const enrolled = await Promise.all(clients.map((client) => client.enrol()));
    aliceWords = enrolled[0]!.recoveryWords;
    assert.deepEqual(
      enrolled.map(({ signerKind }) => signerKind),
      ["deterministic", "deterministic", "deterministic"],
    );
  });
  after(async () => {
    await relayer.stop();
    await anvil.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("carries a sealed content to the other party's chain, completes it, and proves it on chain", async () => {
    const draft = await agreement("negative");
    const { id, known, receipt } = await submitted(draft, a(), b());
    assert.equal(known, false);
    assert.equal(receipt.id, id);
    const states: string[] = [];
    for await (const { state } of b().watch(id)) states.push(state);
    assert.equal(states.at(-1), "completed");

    const chain = await b().myChain();
    const pending = chain.blocks.find((block) => block.txId === id && block.kind === "pending")!;
    const opened = await b().open(pending);
    assert.equal(opened.kind === "pending" && new TextDecoder().decode(opened.content), "negative");
    assert.equal(chain.blocks.at(-1)!.kind, "completed");

    const proof = await b().proof(id);
    const verified = await b().verify(proof, { rpcUrl: anvil.rpcUrl });
    assert.deepEqual([verified.ok, verified.onChain], [true, true]);
    const altered = proof.replace(/"issuedAt": "2/, '"issuedAt": "1');
    assert.equal((await b().verify(altered)).ok, false);
  });

  it("answers the same request again with the same id", async () => {
    const draft = await agreement("again");
    const signatures = await signAll(draft, a(), b());
    const first = await a().submit(draft, signatures);
    const second = await b().submit(draft, signatures);
    assert.deepEqual([second.id, first.known, second.known], [first.id, false, true]);
  });

  it("moves tokens for a payment, and tells the chain's reason when it cannot", async () => {
    const good = await submitted(await payment(5n), a(), b());
    const poor = await submitted(await payment(10n ** 30n), a(), b());
    const [settled, failed] = [await a().wait(good.id), await a().wait(poor.id)];
    assert.equal(settled.state, "completed");
    assert.equal(failed.state, "failed");
    assert.ok(failed.reason);
    const verified = await a().verify(await a().proof(poor.id), { rpcUrl: anvil.rpcUrl });
    assert.deepEqual([verified.ok, verified.onChain], [true, true]);
  });

  it("leaves the gas per notarized transaction in the relayer's metrics", async () => {
    const read = async (): Promise<string> => (await fetch(relayer.metricsUrl)).text();
    const observed = /^midchain_gas_per_transaction_count [1-9]/m;
    const metrics = await until("the observation", read, (text) => observed.test(text));
    assert.match(metrics, /^midchain_transactions_total\{state="completed"\} [1-9]/m);
    assert.match(metrics, /^midchain_accept_seconds_count [1-9]/m);
    assert.match(metrics, /^midchain_append_seconds_bucket\{le="0.005"\} \d/m);
    assert.match(metrics, /^midchain_append_seconds_count [1-9]/m);
    assert.match(metrics, /^midchain_apply_seconds_count [1-9]/m);
  });

  it("hands the guard's refusal to the caller with its rule", async () => {
    const draft = await agreement("forged");
    const mine = await a().sign(draft);
    await assert.rejects(
      a().submit(draft, [mine, mine]),
      (error) => error instanceof MidchainError && error.status === 422 && error.rule === "AP-030",
    );
  });

  it("finds the same keys again from the wallet, and from the recovery words", async () => {
    const { id } = await submitted(await agreement("kept"), a(), b());
    await a().wait(id);
    for (const unlock of [
      (client: Client) => client.unlock(),
      (client: Client) => client.unlockWithRecovery(aliceWords),
    ]) {
      const fresh = clientOf(alice);
      await unlock(fresh);
      const block = (await fresh.myChain()).blocks.find((candidate) => candidate.txId === id)!;
      const opened = await fresh.open(block);
      assert.equal(opened.kind === "pending" && new TextDecoder().decode(opened.content), "kept");
    }
  });

  it("refuses keys of another site, wrong words, a second enrolment, and work on a locked vault", async () => {
    await rejects(a().enrol(), "HAS_CHAIN");
    const elsewhere = createClient({ url: relayer.url, wallet: alice, origin: relayer.url });
    await rejects(elsewhere.unlock(), "WRONG_KEY");
    const other = createClient({ url: relayer.url, wallet: bob, origin });
    await rejects(other.unlockWithRecovery(aliceWords), "WRONG_WORDS");
    await rejects(other.unlockWithRecovery("not the words"), "WRONG_WORDS");
    await rejects(other.draft({ kind: "data", parties: [] }), "LOCKED");
    await rejects(createClient({ url: relayer.url, origin }).sign(await agreement("x")), "NO_WALLET");
    await rejects(c().sign(await agreement("not carol's")), "NOT_A_PARTY");
  });

  it("opens a vault of a wallet that never signs alike twice by its recovery words only", async () => {
    const account = privateKeyToAccount(generatePrivateKey());
    const second = privateKeyToAccount(generatePrivateKey());
    let asked = 0;
    const hedging = {
      address: account.address,
      signMessage: account.signMessage,
      signTypedData: (typed: Parameters<typeof account.signTypedData>[0]) =>
        typed.primaryType === "VaultKeyRequest" && ++asked % 2 === 0
          ? second.signTypedData(typed)
          : account.signTypedData(typed),
    };
    const client = createClient({ url: relayer.url, wallet: hedging, origin });
    const { signerKind, recoveryWords } = await client.enrol();
    assert.equal(signerKind, "slotsOnly");
    const again = createClient({ url: relayer.url, wallet: account, origin });
    await rejects(again.unlock(), "SLOTS_ONLY");
    await again.unlockWithRecovery(recoveryWords);
    assert.equal((await again.myChain()).blocks.length, 1);
  });

  it("lets a third person read what was granted, until it is revoked", async () => {
    const { id } = await submitted(await agreement("for carol too"), a(), b());
    await b().wait(id);
    const untouched = await c()
      .shared(bob.address)
      .catch((error: unknown) => (error as MidchainError).status);
    assert.equal(untouched, 404);
    const notAfter = new Date(Date.now() + 3_600_000);
    const sent: RequestInit[] = [];
    const overheard = clientOf(bob, (url, init) => {
      if (typeof url === "string" && url.endsWith("/grants")) sent.push(init ?? {});
      return fetch(url, init);
    });
    await overheard.unlock();
    await overheard.grant({ reader: carol.address, txIds: [id], notAfter, purpose: "care" });
    const [content] = await c().shared(bob.address);
    assert.equal(new TextDecoder().decode(content!.content), "for carol too");
    assert.equal(
      await a()
        .shared(bob.address)
        .catch((error: unknown) => (error as MidchainError).status),
      404,
    );
    await b().revoke(carol.address);
    assert.equal(
      await c()
        .shared(bob.address)
        .catch((error: unknown) => (error as MidchainError).status),
      404,
    );
    const kinds = (await b().myChain()).blocks.slice(-2).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["grant", "revocation"]);
    // What was overheard grants nothing again.
    const again = await fetch(`${relayer.url}/v1/grants`, { ...sent[0], signal: null });
    assert.equal(((await again.json()) as { code: string }).code, "REFUSED_AP-035");
  });

  it("signs in again after its session was ended elsewhere", async () => {
    const tokens: string[] = [];
    const client = clientOf(bob, (url, init) => {
      const authorization = new Headers(init?.headers).get("authorization");
      if (authorization !== null) tokens.push(authorization);
      return fetch(url, init);
    });
    await client.unlock();
    const headers = { authorization: tokens.at(-1)! };
    assert.equal((await fetch(`${relayer.url}/v1/session`, { method: "DELETE", headers })).status, 204);
    await rejects(client.myChain(), "NO_SESSION");
    assert.ok((await client.myChain()).blocks.length > 0);
    assert.equal(new Set(tokens).size, 2);
  });

  it("makes new recovery words in the place of the old ones", async () => {
    const { recoveryWords } = await a().renewRecovery();
    const fresh = clientOf(alice);
    await rejects(fresh.unlockWithRecovery(aliceWords), "WRONG_WORDS");
    await fresh.unlockWithRecovery(recoveryWords);
    const { recoveryWords: third } = await fresh.renewRecovery();
    await fresh.unlockWithRecovery(third);
    assert.equal((await a().myChain()).blocks.at(-1)!.kind, "keys");
    await clientOf(alice).unlock();
  });

  it("collects signatures of people who are not at one table", async () => {
    const draft = await agreement("think it over");
    await a().propose(draft, await a().sign(draft));
    assert.equal((await a().waiting()).length, 0);
    assert.equal((await c().waiting()).length, 0);
    const [proposed] = await b().waiting();
    assert.equal(new TextDecoder().decode(await b().inspect(proposed!)), "think it over");
    const done = await b().coSign(proposed!);
    assert.equal(done?.id, draft.id);
    assert.equal((await b().waiting()).length, 0);
    assert.equal((await b().wait(draft.id)).state, "completed");
  });

  /** Alice through a relayer that changes its answers at one address. */
  function through(address: RegExp, lie: (answer: Record<string, unknown>) => unknown): Client {
    const changed: typeof globalThis.fetch = async (url, init) => {
      const response = await fetch(url, init);
      if (typeof url !== "string" || !address.test(url) || !response.ok) return response;
      return Response.json(lie((await response.json()) as Record<string, unknown>), { status: response.status });
    };
    return clientOf(alice, changed);
  }

  it("takes no receipt that is not the node's word on this very request", async () => {
    const { receipt: earlier } = await submitted(await agreement("earlier"), a(), b());
    type Served = Record<string, unknown> & { readonly receipt: Record<string, unknown> };
    const sibling = `0x${"11".repeat(32)}`;
    const lies: readonly ((served: Served) => unknown)[] = [
      (served) => ({ ...served, id: sibling }),
      (served) => ({ ...served, receipt: earlier }),
      (served) => ({ ...served, receipt: { ...served.receipt, at: Number(served.receipt["at"]) + 1 } }),
      (served) => ({ ...served, receipt: { ...served.receipt, path: [sibling] } }),
      (served) => ({ ...served, receipt: { ...served.receipt, node: sibling } }),
    ];
    for (const lie of lies) {
      const draft = await agreement("receipt");
      const liar = through(/\/transactions$/, (served) => lie(served as Served));
      await rejects(liar.submit(draft, await signAll(draft, a(), b())), "WRONG_RECEIPT");
    }
  });

  it("opens no block of a chain that does not verify: a body, a link or a newest block that is another", async () => {
    type Block = { readonly header: string; readonly body: { readonly salt: string; readonly bytes: string } };
    const flip = (hex: string): string => `${hex.slice(0, -1)}${hex.endsWith("0") ? "1" : "0"}`;
    const lies: readonly ((block: Block) => Block)[] = [
      (block) => ({ ...block, body: { ...block.body, bytes: flip(block.body.bytes) } }),
      (block) => ({ ...block, body: { ...block.body, salt: flip(block.body.salt) } }),
      (block) => ({ ...block, header: flip(block.header) }),
    ];
    for (const lie of lies) {
      const liar = through(/\/chains\/mine\/blocks/, (page) => ({
        ...page,
        blocks: (page["blocks"] as Block[]).map((block, i) => (i === 1 ? lie(block) : block)),
      }));
      await rejects(liar.myChain(), "CHAIN_BROKEN");
    }
    const shortened = through(/\/chains\/mine\/blocks/, (page) => ({
      ...page,
      blocks: (page["blocks"] as Block[]).slice(1),
    }));
    await rejects(shortened.myChain(), "CHAIN_BROKEN");
  });

  it("seals nothing to keys that their owner's wallet has not signed", async () => {
    const { publicKey } = await a().keysOf(carol.address);
    const liar = through(/\/keys\//, ({ binding }) => {
      const hex = binding as string;
      const [mine, other] = [Buffer.from(publicKey).toString("hex"), "ab".repeat(publicKey.length)];
      return { binding: hex.includes(mine) ? hex.replace(mine, other) : hex };
    });
    await liar.unlock();
    const parties = [alice, carol].map(({ address }) => ({ account: address, role: "witness" as const }));
    await rejects(liar.draft({ kind: "data", parties }), "KEYS_NOT_SIGNED");
  });

  it("says when there is no relayer", async () => {
    await rejects(createClient({ url: "http://127.0.0.1:9", origin }).network(), "UNREACHABLE");
  });
});
