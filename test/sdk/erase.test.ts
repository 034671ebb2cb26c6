import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import type { Hex } from "../../protocol/bytes.ts";
import { openLmdbState } from "../../relayer/adapters/lmdb/state.ts";
import { keys, wholeTable, type Position } from "../../relayer/midc/keys.ts";
import { decodeBlock, decodeHead } from "../../relayer/midc/rows.ts";
import type { RelayerProcess } from "../../scripts/local/stack.ts";
import { createClient, MidchainError, type Client, type Draft } from "../../sdk/index.ts";
import { relayerEnv, startTestChain, type TestChain } from "../support/chain.ts";
import { startRelayer } from "../support/relayer/relayerProcess.ts";
import { until } from "../support/until.ts";

/** Long enough to erase somebody between pending and the closing of the batch. */
const CLOSE_AFTER_MS = "3000";
const PAID = 7n;
const origin = "https://portal.example";

describe("erasing an account with the client library", { timeout: 120_000 }, () => {
  const wallets = Array.from({ length: 4 }, () => privateKeyToAccount(generatePrivateKey()));
  const [alice, , , dan] = wallets as [(typeof wallets)[0], unknown, unknown, (typeof wallets)[0]];
  const dataDir = mkdtempSync(join(tmpdir(), "midchain-erase-"));
  let chain: TestChain;
  let relayer: RelayerProcess;
  let clients: Client[];
  const clientOf = (wallet: (typeof wallets)[0]) => createClient({ url: relayer.url, wallet, origin });
  const at = (index: number): Client => clients[index]!;
  const rejects = (work: Promise<unknown>, code: string) =>
    assert.rejects(work, (error) => error instanceof MidchainError && error.code === code);
  const submit = async (draft: Draft, one: number, other: number): Promise<Hex> => {
    const signatures = [await at(one).sign(draft), await at(other).sign(draft)];
    return (await at(one).submit(draft, signatures)).id;
  };
  const pay = async (from: number, to: number): Promise<Hex> => {
    const [payer, payee] = [wallets[from]!.address, wallets[to]!.address];
    const draft = await at(from).draft({
      kind: "payment",
      parties: [
        { account: payer, role: "payer" },
        { account: payee, role: "payee" },
      ],
      legs: [{ token: chain.addresses.platformToken, from: payer, to: payee, amount: PAID }],
    });
    return submit(draft, from, to);
  };
  const letter = async (from: number, to: number): Promise<Hex> => {
    const draft = await at(from).draft({
      kind: "data",
      parties: [
        { account: wallets[from]!.address, role: "issuer", content: 0 },
        { account: wallets[to]!.address, role: "subject", content: 0 },
      ],
      contents: [{ bytes: new TextEncoder().encode("between us"), category: "medical" }],
    });
    return submit(draft, from, to);
  };
  const kindsOf = (blocks: readonly { readonly kind: string; readonly txId: Hex }[], id: Hex): readonly string[] =>
    blocks.filter(({ txId }) => txId === id).map(({ kind }) => kind);

  before(async () => {
    chain = await startTestChain(wallets);
    const env = relayerEnv(chain, { dataDir, rpcUrls: chain.rpcUrl });
    relayer = await startRelayer({ ...env, MIDCHAIN_ORIGINS: origin, MIDCHAIN_CLOSE_AFTER_MS: CLOSE_AFTER_MS });
    clients = wallets.map(clientOf);
    await Promise.all(clients.map((client) => client.enrol()));
  });
  after(async () => {
    await relayer.stop();
    await chain.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("leaves the headers, finishes what is under way, and the other party keeps what is its own", async () => {
    const id = await letter(0, 1);
    const erased = await at(0).eraseAccount();
    await rejects(at(0).myChain(), "NO_SUCH_OBJECT");
    await rejects(at(0).eraseAccount(), "NO_CHAIN");
    await rejects(at(0).erasedChain({ ...erased, chainId: (await at(1).myChain()).chainId }), "NO_SUCH_OBJECT");
    assert.equal((await at(1).wait(id)).state, "completed");
    const left = await until(
      "the outcome on the erased chain",
      () => at(1).erasedChain(erased),
      ({ blocks }) => kindsOf(blocks, id).length === 2,
    );
    assert.deepEqual(
      left.blocks.map(({ kind }) => kind),
      ["genesis", "pending", "tombstone", "completed"],
    );
    const mine = (await at(1).myChain()).blocks.find(({ txId, kind }) => txId === id && kind === "pending")!;
    const opened = await at(1).open(mine);
    assert.equal(opened.kind === "pending" && new TextDecoder().decode(opened.content), "between us");
    const { verify } = at(1);
    assert.equal((await verify(await at(1).proof(id), { rpcUrl: chain.rpcUrl })).ok, true);
  });

  it("lets the account enrol anew, on a chain of its own", async () => {
    clients[0] = clientOf(alice);
    await at(0).enrol();
    assert.deepEqual(
      (await at(0).myChain()).blocks.map(({ kind }) => kind),
      ["genesis"],
    );
    assert.equal((await at(1).wait(await letter(1, 0))).state, "completed");
  });

  it("moves money once although both parties were erased before the batch was closed", async () => {
    const before = await chain.balanceOf(dan.address);
    const id = await pay(2, 3);
    const [one, other] = [await at(2).eraseAccount(), await at(3).eraseAccount()];
    assert.equal((await at(1).wait(id)).state, "completed");
    assert.equal((await chain.balanceOf(dan.address)) - before, PAID);
    for (const left of [one, other]) {
      const { blocks } = await until(
        "the outcome",
        () => at(1).erasedChain(left),
        (chain) => kindsOf(chain.blocks, id).length === 2,
      );
      assert.deepEqual(kindsOf(blocks, id), ["pending", "completed"]);
    }
    assert.equal((await at(1).wait(await pay(1, 0))).state, "completed", "the partition goes on");
  });

  it("leaves no body and no key of the erased in the state, once all has ended", async () => {
    const chains: Uint8Array[] = [];
    await until(
      "the last sweep",
      async () => {
        await relayer.stop();
        const state = openLmdbState(join(dataDir, "state"));
        const left = state.range({ ...wholeTable("x"), limit: 10 }).length;
        const heads = state.range({ ...wholeTable("h"), limit: 10 });
        chains.length = 0;
        for (const { key, value } of heads) {
          const head = decodeHead(value);
          if (head.ownerTag.some((byte) => byte !== 0)) continue;
          chains.push(key);
          for (let place: Position | undefined = head.last; place !== undefined && left === 0;) {
            const { sealed, prev } = decodeBlock(state.get(keys.block(place))!);
            assert.equal(sealed.length, 0);
            place = prev;
          }
        }
        await state.close();
        const env = relayerEnv(chain, { dataDir, rpcUrls: chain.rpcUrl });
        relayer = await startRelayer({ ...env, MIDCHAIN_ORIGINS: origin });
        return left;
      },
      (left) => left === 0,
    );
    assert.equal(chains.length, 3);
  });
});
