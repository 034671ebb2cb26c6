import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createPublicClient, createWalletClient, custom, http, toHex, zeroHash, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { serviceMarketAbi } from "../../../protocol/abi/ServiceMarket.ts";
import { fromHex, toHex as hexOf } from "../../../protocol/bytes.ts";
import { openMarket } from "../../../relayer/adapters/viem/market.ts";
import { startTestChain, type TestChain } from "../../support/chain.ts";
import { random } from "../../support/relayer.ts";

const PRICE = 1_000_000n;
const bytesOf = (hex: string): Uint8Array => fromHex(hex.toLowerCase())!;

describe("the market's offers, read from a chain", () => {
  const provider = privateKeyToAccount(toHex(random(32)));
  const clock = { at: 0, now: () => clock.at };
  let chain: TestChain;
  let questions = 0;
  let isSilent = false;
  let serviceId: Uint8Array;

  const client = () =>
    createPublicClient({
      chain: foundry,
      transport: custom(
        {
          async request({ method, params }: { method: string; params: unknown }): Promise<unknown> {
            if (method === "eth_call") questions += 1;
            if (isSilent) throw new Error("nobody answers");
            return createPublicClient({ chain: foundry, transport: http(chain.rpcUrl) }).request({
              method,
              params,
            } as never);
          },
        },
        { retryCount: 0 },
      ),
    });
  async function send(functionName: "list" | "reprice" | "delist", args: readonly unknown[]): Promise<void> {
    const options = { chain: foundry, transport: http(chain.rpcUrl), pollingInterval: 20 } as const;
    const call = {
      address: chain.addresses.serviceMarket,
      abi: serviceMarketAbi as readonly unknown[],
      functionName,
      args,
    };
    const hash = await createWalletClient({ ...options, account: provider }).writeContract(call);
    const receipt = await createPublicClient(options).waitForTransactionReceipt({ hash });
    assert.equal(receipt.status, "success");
  }
  const open = () => openMarket(client(), bytesOf(chain.addresses.serviceMarket), clock);

  before(async () => {
    chain = await startTestChain([provider]);
    await send("list", [zeroHash, PRICE, provider.address, zeroHash]);
    const id: Hex = await createPublicClient({ chain: foundry, transport: http(chain.rpcUrl) }).readContract({
      address: chain.addresses.serviceMarket,
      abi: serviceMarketAbi,
      functionName: "idOf",
      args: [provider.address, zeroHash],
    });
    serviceId = bytesOf(id);
  });
  after(() => chain.stop());

  it("names payout and fee, which together are the price", async () => {
    const offer = await open()(serviceId, 1);
    assert.equal(offer.kind, "offered");
    assert.equal(hexOf(offer.legs[0]!.to), provider.address.toLowerCase());
    assert.equal(
      offer.legs.reduce((sum, leg) => sum + leg.amount, 0n),
      PRICE,
    );
    for (const leg of offer.legs) assert.equal(hexOf(leg.token), chain.addresses.platformToken.toLowerCase());
  });

  it("tells a service that never was from another version", async () => {
    const offerOf = open();
    assert.deepEqual(await offerOf(random(32), 1), { kind: "closed" });
    assert.deepEqual(await offerOf(serviceId, 2), { kind: "changed" });
  });

  it("asks once for buyers that come together, and again when the answer is old", async () => {
    const offerOf = open();
    questions = 0;
    await Promise.all([offerOf(serviceId, 1), offerOf(serviceId, 1), offerOf(serviceId, 1)]);
    assert.equal(questions, 1);
    await send("reprice", [hexOf(serviceId), PRICE * 2n, provider.address, zeroHash]);
    clock.at += 2_001;
    assert.deepEqual(await offerOf(serviceId, 1), { kind: "changed" });
    assert.equal((await offerOf(serviceId, 2)).kind, "offered");
    await send("delist", [hexOf(serviceId)]);
    clock.at += 2_001;
    assert.deepEqual(await offerOf(serviceId, 2), { kind: "closed" });
  });

  it("keeps no answer that was none", async () => {
    const offerOf = open();
    isSilent = true;
    await assert.rejects(offerOf(serviceId, 2), { code: "LEDGER_UNREACHABLE" });
    isSilent = false;
    assert.deepEqual(await offerOf(serviceId, 2), { kind: "closed" });
  });
});
