import { expect } from "chai";
import { concat, id, keccak256, ZeroHash } from "ethers";
import { committeeSign, hashBatch, outcomeTree, STATUS, type Outcome } from "../../support/contracts/batches.ts";
import { encodeItems, type Signed } from "../../support/contracts/deals.ts";
import {
  account,
  accounts,
  connect,
  dealOf,
  deployNotary,
  fund,
  listToken,
  mined,
  nextBatch,
  outcomesOf,
  PARTITION,
  refusals,
  settle,
  sign,
  type Connection,
  type Notary,
} from "../../support/contracts/notary.ts";

const LEG_GAS = 150_000n;

describe("one failing deal never harms another", () => {
  let connection: Connection;
  let notary: Notary;
  const payers = accounts("payer", 4);
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

  const leg = (token: string, from: string, amount: bigint) => ({ token, from, to: payee, amount });
  const good = (nonce: bigint, payer = 0) =>
    sign(notary, dealOf([leg(notary.tokenAt, payers[payer]!.address, 10n)], { nonce }), payers);
  const odd = async (token: { getAddress(): Promise<string> }, nonce: bigint, amount = 100n) =>
    sign(notary, dealOf([leg(await token.getAddress(), payers[3]!.address, amount)], { nonce }), payers);
  /** The odd deal between two good ones: what became of it, once the good ones are seen to have settled. */
  const between = async (item: Signed): Promise<Outcome> => {
    const start = (await notary.token.balanceOf(payee)) + 20n;
    const base = (await notary.ledger.next(PARTITION)) * 2n + 1_000n;
    const outcomes = await settle(notary, [good(base), item, good(base + 1n, 1)]);
    expect([outcomes[0]!.status, outcomes[2]!.status]).to.deep.equal([STATUS.settled, STATUS.settled]);
    expect(await notary.token.balanceOf(payee)).to.equal(start);
    return outcomes[1]!;
  };

  it("attack 13: a token that returns nothing settles", async () => {
    const token = await listToken(connection, notary, "SilentToken");
    await token.mint(payers[3]!.address, 100n);
    expect((await between(await odd(token, 0n))).status).to.equal(STATUS.settled);
    expect(await token.balanceOf(payee)).to.equal(100n);
  });

  it("attack 13: a token that moves and returns false leaves no trace of having moved", async () => {
    for (const name of ["DenyingToken", "IdleToken"]) {
      const token = await listToken(connection, notary, name);
      await token.mint(payers[3]!.address, 100n);
      const outcome = await between(await odd(token, BigInt(name.length)));
      expect(outcome.status).to.equal(STATUS.reverted);
      expect(notary.engine.interface.parseError(outcome.reason)?.args[0]).to.equal(await token.getAddress());
      expect(await token.balanceOf(payee)).to.equal(0n);
      expect(await token.balanceOf(payers[3]!.address)).to.equal(100n);
    }
  });

  it("attack 13: a fee-taking token settles what it says, the engine holds nothing", async () => {
    const token = await listToken(connection, notary, "FeeToken");
    await token.mint(payers[3]!.address, 100n);
    expect((await between(await odd(token, 0n))).status).to.equal(STATUS.settled);
    expect(await token.balanceOf(payee)).to.equal(90n);
    expect(await token.balanceOf(notary.engineAt)).to.equal(0n);
  });

  it("attack 13: a blocked account's reason can be read back from the log", async () => {
    const token = await listToken(connection, notary, "BlockListToken");
    await token.mint(payers[3]!.address, 100n);
    const list = await connection.ethers.getContractAt("BlockListToken", await token.getAddress());
    await list.getFunction("setBlocked")(payee);
    const outcome = await between(await odd(token, 0n));
    expect(outcome.status).to.equal(STATUS.reverted);
    const error = list.interface.parseError(outcome.reason);
    expect([error?.name, error?.args[0]]).to.deep.equal(["Blocked", payee]);
  });

  it("attack 14: a token without code fails, though a call to it succeeds", async () => {
    const nowhere = account("nowhere").address;
    await notary.engine.setToken(nowhere, true);
    const item = sign(notary, dealOf([leg(nowhere, payers[3]!.address, 1n)]), payers);
    expect((await between(item)).status).to.equal(STATUS.reverted);
  });

  it("attack 11: a return bomb, an endless loop and an invalid opcode cost at most their cap", async () => {
    for (const [index, name] of ["BombToken", "BurnerToken", "InvalidToken"].entries()) {
      const token = await listToken(connection, notary, name);
      const item = await odd(token, BigInt(index));
      const { batch, items, sigs } = await nextBatch(notary, { items: [item, good(BigInt(index) + 50n)] });
      const receipt = await mined(notary.ledger.submit(batch, items, sigs));
      const outcomes = outcomesOf(notary, receipt);
      expect(outcomes.map((one) => one.status)).to.deep.equal([STATUS.reverted, STATUS.settled]);
      expect(outcomes[0]!.reason).to.have.lengthOf.at.most(2 + 512);
      expect(receipt.gasUsed).to.be.lessThan(LEG_GAS + 700_000n);
    }
  });

  it("keeps the first 256 bytes of a reason, and binds exactly those", async () => {
    const token = await listToken(connection, notary, "BombToken");
    const bomb = await connection.ethers.getContractAt("BombToken", await token.getAddress());
    for (const [size, kept] of [
      [0, 0],
      [255, 255],
      [256, 256],
      [257, 256],
    ] as const) {
      await bomb.getFunction("setSize")(size);
      const { batch, items, sigs, headerHash } = await nextBatch(notary, { items: [await odd(token, BigInt(size))] });
      const outcomes = outcomesOf(notary, await mined(notary.ledger.submit(batch, items, sigs)));
      expect(outcomes[0]!.reason).to.have.lengthOf(2 + 2 * kept);
      expect(await notary.ledger.outcomeRootOf(headerHash)).to.equal(outcomeTree(outcomes).root);
    }
  });

  it("attack 12: with any gas limit, a leg had its full cap or the whole transaction reverts", async () => {
    const token = await listToken(connection, notary, "SilentToken");
    await token.mint(payers[3]!.address, 100n);
    const { batch, items, sigs } = await nextBatch(notary, { items: [await odd(token, 0n, 1n)] });
    const used = (await notary.ledger.submit.estimateGas(batch, items, sigs)) + 1n;
    let settled = 0;
    for (let gasLimit = 80_000n; gasLimit <= used + 200_000n; gasLimit += 4_999n) {
      const snapshot = await connection.networkHelpers.takeSnapshot();
      const sent = await notary.ledger.submit(batch, items, sigs, { gasLimit }).catch(() => undefined);
      const receipt = await sent?.wait().catch(() => undefined);
      if (receipt?.status === 1) {
        settled += 1;
        expect(outcomesOf(notary, receipt).map((one) => one.status)).to.deep.equal([STATUS.settled]);
      }
      await snapshot.restore();
    }
    expect(settled).to.be.greaterThan(0);
  });

  it("attack 12: says how much gas was missing", async () => {
    const { batch, items, sigs } = await nextBatch(notary, { items: [good(0n)] });
    expect(await refusals(notary, [batch, items, sigs])).to.include("SettlementEngineInsufficientGas");
  });

  it("attack 15: a token that calls back finds the engine closed, for this batch and for the next", async () => {
    await notary.engine.setGas(1_000_000, 100_000);
    const token = await listToken(connection, notary, "ReentrantToken");
    await token.mint(payers[3]!.address, 1_000n);
    const hook = await connection.ethers.getContractAt("ReentrantToken", await token.getAddress());
    const other = id("other partition");
    const nested = await nextBatch(notary, { items: [good(7n)], partition: other });
    const submit = notary.ledger.interface.encodeFunctionData("submit", [nested.batch, nested.items, nested.sigs]);
    const direct = notary.engine.interface.encodeFunctionData("settle", [[good(8n)]]);
    const legs = notary.engine.interface.encodeFunctionData("executeLegs", [good(9n).deal.legs]);
    for (const [index, [target, call]] of [
      [notary.ledgerAt, submit],
      [notary.engineAt, direct],
      [notary.engineAt, legs],
    ].entries()) {
      await hook.getFunction("arm")(target, call, false);
      expect((await between(await odd(token, BigInt(index), 1n))).status).to.equal(STATUS.settled);
      expect(await hook.getFunction("succeeded")()).to.equal(false);
    }
    expect(await notary.ledger.next(other)).to.equal(0n);
  });

  it("attack 10: each outcome is what it would be alone", async () => {
    const poor = (nonce: bigint) =>
      sign(notary, dealOf([leg(notary.tokenAt, payers[2]!.address, 5_000n)], { nonce }), payers);
    const kinds = [
      () => good(11n, 0),
      () => ({ ...good(12n, 1), sigs: [good(13n, 1).sigs[0]!] }),
      () => poor(1n),
      () => sign(notary, dealOf([leg(notary.tokenAt, payers[1]!.address, 1n)], { nonce: 14n, validUntil: 1n }), payers),
      () => sign(notary, dealOf([leg(account("unlisted").address, payers[1]!.address, 1n)], { nonce: 15n }), payers),
      () => sign(notary, dealOf([], { nonce: 16n }), payers),
      () => good(17n, 3),
    ];
    const alone: bigint[] = [];
    for (const kind of kinds) {
      const snapshot = await connection.networkHelpers.takeSnapshot();
      alone.push((await settle(notary, [kind()]))[0]!.status);
      await snapshot.restore();
    }
    expect(alone).to.deep.equal([1n, 3n, 2n, 5n, 6n, 7n, 1n]);
    for (const order of [
      [0, 1, 2, 3, 4, 5, 6],
      [6, 5, 4, 3, 2, 1, 0],
      [2, 0, 5, 6, 1, 4, 3],
    ]) {
      const snapshot = await connection.networkHelpers.takeSnapshot();
      const together = await settle(
        notary,
        order.map((index) => kinds[index]!()),
      );
      expect(together.map((one) => one.status)).to.deep.equal(order.map((index) => alone[index]));
      await snapshot.restore();
    }
  });

  it("attack 16: refuses no items, too many, and calldata beyond them; the partition stays where it was", async () => {
    const submit = async (items: string) => {
      const { batch } = await nextBatch(notary, { inputs: [id("a")] });
      const full = { ...batch, itemsHash: keccak256(items) };
      return notary.ledger.submit(full, items, committeeSign(hashBatch(notary.headers, full), notary.members), {
        gasLimit: 2n ** 24n,
      });
    };
    await expect(submit(encodeItems([])))
      .to.be.revertedWithCustomError(notary.engine, "SettlementEngineItemCount")
      .withArgs(0n, 256n);
    const many = Array.from({ length: 257 }, () => ({ ...good(1n), sigs: [] }));
    await expect(submit(encodeItems(many)))
      .to.be.revertedWithCustomError(notary.engine, "SettlementEngineItemCount")
      .withArgs(257n, 256n);
    const one = encodeItems([good(1n)]);
    await expect(submit(concat([one, ZeroHash])))
      .to.be.revertedWithCustomError(notary.engine, "SettlementEngineCalldataNotExact")
      .withArgs(4n + BigInt(one.length / 2 - 1) + 32n, 4n + BigInt(one.length / 2 - 1));
    await expect(submit("0xdeadbeef")).to.be.revert(connection.ethers);
    expect(await notary.ledger.next(PARTITION)).to.equal(0n);
  });

  it("attack 16: takes 1, 2, 3 and 256 items, and up to 8 legs", async () => {
    const unsigned = (count: number) =>
      Array.from({ length: count }, (_, nonce) => ({ ...good(BigInt(nonce)), sigs: [] }));
    for (const count of [1, 2, 3, 256]) {
      const { batch, items, sigs, headerHash } = await nextBatch(notary, { items: unsigned(count) });
      const outcomes = outcomesOf(
        notary,
        await mined(notary.ledger.submit(batch, items, sigs, { gasLimit: 2n ** 24n })),
      );
      expect(outcomes.every((one) => one.status === STATUS.badSignature)).to.equal(true);
      expect(await notary.ledger.outcomeRootOf(headerHash)).to.equal(outcomeTree(outcomes).root);
    }
    const legs = (count: number) =>
      Array.from({ length: count }, (_, index) => leg(notary.tokenAt, payers[index % 4]!.address, 1n));
    const outcomes = await settle(notary, [
      sign(notary, dealOf(legs(8), { nonce: 300n }), payers),
      sign(notary, dealOf(legs(9), { nonce: 301n }), payers),
      sign(notary, dealOf([], { nonce: 302n }), payers),
    ]);
    expect(outcomes.map((one) => one.status)).to.deep.equal([STATUS.settled, STATUS.badDeal, STATUS.badDeal]);
    expect(await notary.engine.isNonceUsed(payers[0]!.address, 301n)).to.equal(false);
  });
});
