import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createWalletClient, http, zeroHash, type Hex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { serviceMarketAbi } from "../../protocol/abi/ServiceMarket.ts";
import { createClient, MidchainError, type Client, type ContractCall } from "../../sdk/index.ts";
import { relayerEnv, startTestChain, type TestChain } from "../support/chain.ts";
import type { RelayerProcess } from "../../scripts/local/stack.ts";
import { startRelayer } from "../support/relayer/relayerProcess.ts";

const PRICE = 40n * 10n ** 18n;

describe("a service that is bought through a relayer", { timeout: 120_000 }, () => {
  const [seller, buyer] = [generatePrivateKey(), generatePrivateKey()].map((key) => privateKeyToAccount(key)) as [
    ReturnType<typeof privateKeyToAccount>,
    ReturnType<typeof privateKeyToAccount>,
  ];
  const dataDir = mkdtempSync(join(tmpdir(), "midchain-purchase-"));
  let chain: TestChain;
  let relayer: RelayerProcess;
  let sells: Client;
  let buys: Client;

  const bySeller = () => createWalletClient({ chain: foundry, transport: http(chain.rpcUrl), account: seller });
  async function send(call: ContractCall): Promise<void> {
    const hash = await bySeller().sendTransaction(call);
    const { status } = await chain.open.waitForTransactionReceipt({ hash });
    assert.equal(status, "success");
  }
  async function market(functionName: "list" | "reprice", args: readonly unknown[]): Promise<void> {
    const abi = serviceMarketAbi as readonly unknown[];
    const call = { address: chain.addresses.serviceMarket, abi, functionName, args };
    const hash = await bySeller().writeContract(call);
    await chain.open.waitForTransactionReceipt({ hash });
  }
  const source = () => ({ rpcUrl: chain.rpcUrl });

  before(async () => {
    chain = await startTestChain([seller]);
    relayer = await startRelayer(relayerEnv(chain, { dataDir, rpcUrls: chain.rpcUrl }));
    [sells, buys] = [seller, buyer].map((wallet) => createClient({ url: relayer.url, wallet })) as [Client, Client];
    await Promise.all([sells.enrol(), buys.enrol()]);
    await market("list", [zeroHash, PRICE, seller.address, zeroHash]);
    await market("list", [`0x${"01".repeat(32)}`, PRICE, seller.address, zeroHash]);
    // The buyer gets tokens and nothing else: no gas money, no allowance.
    const gift = { address: chain.addresses.platformToken, abi: platformTokenAbi } as const;
    const hash = await bySeller().writeContract({
      ...gift,
      functionName: "transfer",
      args: [buyer.address, 3n * PRICE],
    });
    await chain.open.waitForTransactionReceipt({ hash });
  });
  after(async () => {
    await relayer.stop();
    await chain.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const cheapest = async (): Promise<Hex> => (await buys.services(source())).at(-1)!.serviceId;

  it("is found in the market's listing", async () => {
    assert.equal((await buys.network()).market, chain.addresses.serviceMarket.toLowerCase());
    const found = await buys.services(source());
    assert.equal(found.length, 2);
    for (const { open, price, provider, version } of found)
      assert.deepEqual([open, price, provider, version], [true, PRICE, seller.address, 1]);
  });

  it("is paid by somebody who starts with tokens and nothing else, and completed on both chains", async () => {
    const draft = await buys.purchase({ serviceId: await cheapest(), priceMax: PRICE, reference: "SEAT 4" }, source());
    const [before] = await buys.allowances(draft, source());
    assert.deepEqual([before?.needed, before?.allowed, before?.enough], [PRICE, 0n, false]);
    await send(await buys.permit(before!.token, PRICE, source()));
    assert.equal((await buys.allowances(draft, source()))[0]?.enough, true);
    const heldBefore = await chain.balanceOf(seller.address);
    const { id } = await buys.submit(draft, [await buys.sign(draft), await sells.sign(draft)]);
    assert.equal((await buys.wait(id)).state, "completed");
    assert.equal(await chain.balanceOf(buyer.address), 2n * PRICE);
    assert.ok((await chain.balanceOf(seller.address)) > heldBefore);
    for (const client of [buys, sells]) {
      const kinds = (await client.myChain()).blocks.filter(({ txId }) => txId === id).map(({ kind }) => kind);
      assert.deepEqual(kinds, ["pending", "completed"]);
      const { ok, onChain } = await client.verify(await client.proof(id), source());
      assert.deepEqual([ok, onChain], [true, true]);
    }
  });

  it("is refused when its price changed after the buyer had signed", async () => {
    const { serviceId } = (await buys.services(source()))[0]!;
    const draft = await buys.purchase({ serviceId, priceMax: 2n * PRICE }, source());
    const signatures = [await buys.sign(draft), await sells.sign(draft)];
    await market("reprice", [serviceId, PRICE + 1n, seller.address, zeroHash]);
    const isRule = (error: unknown): boolean => error instanceof MidchainError && error.rule === "AP-034";
    await assert.rejects(buys.submit(draft, signatures), isRule);
    const isPrice = (error: unknown): boolean => error instanceof MidchainError && error.code === "PRICE_ABOVE_MAX";
    await assert.rejects(buys.purchase({ serviceId, priceMax: PRICE }, source()), isPrice);
    assert.equal((await buys.service(serviceId, source())).version, 2);
  });

  it("is allowed for by an ordinary call too", async () => {
    const { to, data } = await buys.approval(chain.addresses.platformToken, PRICE);
    await chain.test.setBalance({ address: buyer.address, value: 10n ** 18n });
    const own = createWalletClient({ chain: foundry, transport: http(chain.rpcUrl), account: buyer });
    await chain.open.waitForTransactionReceipt({ hash: await own.sendTransaction({ to, data }) });
    const draft = await buys.purchase({ serviceId: await cheapest(), priceMax: PRICE }, source());
    assert.equal((await buys.allowances(draft, source()))[0]?.enough, true);
  });
});
