import { expect } from "chai";
import { concat, dataSlice, hexlify, id, randomBytes, toBeHex, zeroPadValue } from "ethers";
import { hashTypedData } from "viem";
import { hashBatch, STATUS } from "../../support/contracts/batches.ts";
import { dealTypes, hashDeal, signDigest, type Deal, type Leg, type Signed } from "../../support/contracts/deals.ts";
import {
  account,
  accounts,
  connect,
  dealOf,
  deployNotary,
  FAR,
  fund,
  mined,
  nextBatch,
  outcomesOf,
  refusals,
  settle,
  sign,
  type Connection,
  type Notary,
} from "../../support/contracts/notary.ts";

describe("who may make a deal move tokens", () => {
  let connection: Connection;
  let notary: Notary;
  const payers = accounts("payer", 3);
  const [alice, bob] = payers as [(typeof payers)[0], (typeof payers)[0]];
  const payee = account("payee").address;

  async function funded() {
    const fresh = await deployNotary(connection);
    await fund(connection, fresh, payers, 1_000n);
    return fresh;
  }

  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    notary = await connection.networkHelpers.loadFixture(funded);
  });

  const leg = (from: string, amount = 10n): Leg => ({ token: notary.tokenAt, from, to: payee, amount });
  const statuses = async (items: readonly Signed[]) => (await settle(notary, items)).map((one) => one.status);
  const untouched = async (nonce: bigint) => {
    expect(await notary.engine.isNonceUsed(alice.address, nonce)).to.equal(false);
    expect(await notary.token.balanceOf(alice.address)).to.equal(1_000n);
  };

  it("attack 4: only who pays can make a leg move, whoever asks and whoever else signs", async () => {
    const deal = dealOf([leg(alice.address)]);
    const digest = hashDeal(notary.deals, deal);
    const items = [bob, account("outsider"), ...notary.members.slice(0, 1)].map((signer) => ({
      deal,
      sigs: [signDigest(signer, digest)],
    }));
    expect(await statuses(items)).to.deep.equal([3n, 3n, 3n]);
    const two = dealOf([leg(alice.address), leg(bob.address)], { nonce: 1n });
    const [first, second] = sign(notary, two, payers).sigs as [string, string];
    const variants = [[first], [second], [second, first], [first, first], [first, second, second], []];
    expect(await statuses(variants.map((sigs) => ({ deal: two, sigs })))).to.deep.equal(variants.map(() => 3n));
    await untouched(0n);
    await untouched(1n);
    expect(await statuses([{ deal: two, sigs: [first, second] }])).to.deep.equal([STATUS.settled]);
  });

  it("attack 5: a deal of which any field differs from what was signed is not signed", async () => {
    const signed = sign(notary, dealOf([leg(alice.address)]), payers);
    const deals: Partial<Deal>[] = [
      { terms: id("x") },
      { validAfter: 1n },
      { validUntil: FAR - 1n },
      { nonce: 1n },
      { legs: [{ ...leg(alice.address), token: payee }] },
      { legs: [{ ...leg(alice.address), to: alice.address }] },
      { legs: [{ ...leg(alice.address), amount: 11n }] },
      { legs: [{ ...leg(alice.address), from: bob.address }] },
      { legs: [leg(alice.address), leg(alice.address)] },
      { legs: [leg(alice.address), leg(alice.address, 0n)] },
    ];
    const items = deals.map((change) => ({ deal: { ...signed.deal, ...change }, sigs: signed.sigs }));
    expect(await statuses(items)).to.deep.equal(items.map(() => STATUS.badSignature));
    await untouched(0n);
    expect(await statuses([signed])).to.deep.equal([STATUS.settled]);
  });

  it("attack 1: a deal signed for another chain, another engine or another domain is not signed", async () => {
    const deal = dealOf([leg(alice.address)]);
    const domains = [
      { ...notary.deals, chainId: notary.chainId + 1n },
      { ...notary.deals, verifyingContract: notary.ledgerAt },
      { ...notary.deals, name: "NotaryLedger" },
      { ...notary.deals, version: "2" },
    ];
    const items = domains.map((domain) => ({ deal, sigs: [signDigest(alice, hashDeal(domain, deal))] }));
    expect(await statuses(items)).to.deep.equal(items.map(() => STATUS.badSignature));
    await untouched(0n);
  });

  it("attack 2: a payer's signature of anything else is none of a deal", async () => {
    const { batch } = await nextBatch(notary, { inputs: [id("a")] });
    const deal = dealOf([leg(alice.address)]);
    const others = [hashBatch(notary.headers, batch), hashBatch(notary.deals, batch), deal.terms];
    const items = others.map((digest) => ({ deal, sigs: [signDigest(alice, digest)] }));
    expect(await statuses(items)).to.deep.equal(items.map(() => STATUS.badSignature));
  });

  it("attack 3: short, long, empty, zero and malleable signatures are none", async () => {
    const { deal, sigs } = sign(notary, dealOf([leg(alice.address)]), payers);
    const good = sigs[0]!;
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = zeroPadValue(toBeHex(order - BigInt(dataSlice(good, 32, 64))), 32);
    const flipped = dataSlice(good, 64) === "0x1b" ? "0x1c" : "0x1b";
    const bad = ["0x", dataSlice(good, 0, 64), concat([good, "0x00"]), zeroPadValue("0x00", 65)];
    const items = [...bad, concat([dataSlice(good, 0, 32), s, flipped]), hexlify(randomBytes(65))].map((sig) => ({
      deal,
      sigs: [sig],
    }));
    expect(await statuses(items)).to.deep.equal(items.map(() => STATUS.badSignature));
    await untouched(0n);
  });

  it("attack 6: an account with delegated code (EIP-7702) still settles with its key", async () => {
    const looping = await connection.ethers.deployContract("LoopingWallet");
    const code = concat(["0xef0100", await looping.getAddress()]);
    await connection.networkHelpers.setCode(alice.address, code);
    expect(await statuses([sign(notary, dealOf([leg(alice.address)]), payers)])).to.deep.equal([STATUS.settled]);
  });

  it("a contract wallet settles with what its owner signs, and with nothing else", async () => {
    const wallet = await connection.ethers.deployContract("OwnedWallet", [bob.address]);
    const at = await wallet.getAddress();
    await wallet.getFunction("approve")(notary.tokenAt, notary.engineAt);
    await notary.token.mint(at, 100n);
    const deal = dealOf([leg(at)]);
    const digest = hashDeal(notary.deals, deal);
    const outcomes = await statuses([
      { deal, sigs: [signDigest(alice, digest)] },
      { deal, sigs: [signDigest(bob, id("x"))] },
      { deal, sigs: ["0x1234"] },
      { deal, sigs: [signDigest(bob, digest)] },
      { deal, sigs: [signDigest(bob, digest)] },
    ]);
    expect(outcomes).to.deep.equal([3n, 3n, 3n, 1n, 4n]);
    expect(await notary.token.balanceOf(payee)).to.equal(10n);
  });

  it("attack 7: a wallet that loops, bombs, answers short or burns its gas fails alone and at a bounded price", async () => {
    const wallets = ["LoopingWallet", "BombWallet", "CurtWallet"];
    const items: Signed[] = [];
    for (const [index, name] of wallets.entries()) {
      const wallet = await connection.ethers.deployContract(name);
      const deal = dealOf([leg(await wallet.getAddress())], { nonce: BigInt(index) });
      items.push({ deal, sigs: ["0x00"] });
    }
    const good = sign(notary, dealOf([leg(alice.address)]), payers);
    const { batch, items: bytes, sigs } = await nextBatch(notary, { items: [...items, good] });
    const receipt = await mined(notary.ledger.submit(batch, bytes, sigs, { gasLimit: 5_000_000n }));
    expect(outcomesOf(notary, receipt).map((one) => one.status)).to.deep.equal([3n, 3n, 3n, 1n]);
    expect(receipt.gasUsed).to.be.lessThan(100_000n * 3n + 700_000n);
  });

  it("attack 7: a wallet that answers a lot costs no more than a word; one that is slow gets its cap, not more", async () => {
    const talkative = await connection.ethers.deployContract("TalkativeWallet");
    const at = await talkative.getAddress();
    const [talk] = await settle(notary, [{ deal: dealOf([leg(at)]), sigs: ["0x00"] }]);
    expect(talk!.status).to.equal(STATUS.reverted);
    const slow = [90_000n, 120_000n].map(async (gas, index) => {
      const wallet = await connection.ethers.deployContract("SlowWallet", [gas]);
      await wallet.getFunction("approve")(notary.tokenAt, notary.engineAt);
      await notary.token.mint(await wallet.getAddress(), 100n);
      return { deal: dealOf([leg(await wallet.getAddress())], { nonce: BigInt(index) }), sigs: ["0x00"] };
    });
    const items: Signed[] = [];
    for (const one of slow) items.push(await one);
    expect(await statuses(items)).to.deep.equal([STATUS.settled, STATUS.badSignature]);
  });

  it("does not hand a wallet a signature of more than 1,024 bytes", async () => {
    const wallet = await connection.ethers.deployContract("SlowWallet", [0n]);
    await wallet.getFunction("approve")(notary.tokenAt, notary.engineAt);
    await notary.token.mint(await wallet.getAddress(), 100n);
    const from = await wallet.getAddress();
    const item = (bytes: number, nonce: bigint) => ({
      deal: dealOf([leg(from)], { nonce }),
      sigs: [hexlify(new Uint8Array(bytes))],
    });
    expect(await statuses([item(1_024, 0n), item(1_025, 1n)])).to.deep.equal([STATUS.settled, STATUS.badSignature]);
  });

  it("attack 12: nobody can starve a wallet's check by carrying too little gas", async () => {
    const wallet = await connection.ethers.deployContract("SlowWallet", [80_000n]);
    await wallet.getFunction("approve")(notary.tokenAt, notary.engineAt);
    await notary.token.mint(await wallet.getAddress(), 100n);
    const { batch, items, sigs } = await nextBatch(notary, {
      items: [{ deal: dealOf([leg(await wallet.getAddress())]), sigs: ["0x00"] }],
    });
    expect(await refusals(notary, [batch, items, sigs])).to.include("SettlementEngineInsufficientGas");
    await notary.ledger.submit(batch, items, sigs, { gasLimit: 1_500_000n });
    expect(await notary.token.balanceOf(payee)).to.equal(10n);
  });

  it("hashes deals like ethers and like viem, whatever the number of legs", async () => {
    const domain = {
      name: "SettlementEngine",
      version: "1",
      chainId: Number(notary.chainId),
      verifyingContract: notary.engineAt as `0x${string}`,
    };
    for (let count = 0; count <= 9; count += 1) {
      const legs = Array.from({ length: count }, (_, index) =>
        leg(accounts("many", 10)[index]!.address, BigInt(index)),
      );
      const message = dealOf(legs, { nonce: 2n ** 255n + BigInt(count), validAfter: 7n });
      const viem = hashTypedData({
        domain,
        types: dealTypes,
        primaryType: "Deal",
        message: { ...message, validAfter: 7, validUntil: Number(FAR) },
      });
      expect(await notary.engine.hashDeal(message)).to.equal(hashDeal(notary.deals, message));
      expect(viem).to.equal(hashDeal(notary.deals, message));
    }
  });
});
