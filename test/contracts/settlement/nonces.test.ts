import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { STATUS } from "../../support/contracts/batches.ts";
import {
  account,
  accounts,
  connect,
  dealOf,
  deployNotary,
  FAR,
  fund,
  settle,
  sign,
  type Connection,
  type Notary,
} from "../../support/contracts/notary.ts";

describe("nonces, windows and the rules governance sets", () => {
  let connection: Connection;
  let notary: Notary;
  const payers = accounts("payer", 2);
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

  const pay = (nonce: bigint, changes: Parameters<typeof dealOf>[1] = {}, from = [alice.address], amount = 1n) =>
    sign(
      notary,
      dealOf(
        from.map((one) => ({ token: notary.tokenAt, from: one, to: payee, amount })),
        { nonce, ...changes },
      ),
      payers,
    );
  const statuses = async (items: Parameters<typeof settle>[1]) =>
    (await settle(notary, items)).map((one) => one.status);
  const used = (who: string, nonce: bigint) => notary.engine.isNonceUsed(who, nonce);
  const as = async (address: string) => {
    await connection.networkHelpers.impersonateAccount(address);
    return connection.ethers.getSigner(address);
  };

  it("attack 8: a nonce is used by success and by failed legs, not by a bad signature", async () => {
    const bad = { ...pay(3n), sigs: pay(4n).sigs };
    expect(await statuses([pay(1n), pay(2n, {}, [alice.address], 9_999n), bad])).to.deep.equal([1n, 2n, 3n]);
    expect([await used(alice.address, 1n), await used(alice.address, 2n)]).to.deep.equal([true, true]);
    expect(await used(alice.address, 3n)).to.equal(false);
    expect(await statuses([pay(1n), pay(2n), pay(3n)])).to.deep.equal([4n, 4n, 1n]);
  });

  it("attack 8: each bit is its own nonce, also at the ends of a word and of the range", async () => {
    const nonces = [0n, 1n, 255n, 256n, 257n, 511n, 512n, 2n ** 255n, 2n ** 256n - 1n];
    expect(await statuses(nonces.map((nonce) => pay(nonce)))).to.deep.equal(nonces.map(() => STATUS.settled));
    expect(await statuses(nonces.map((nonce) => pay(nonce)))).to.deep.equal(nonces.map(() => STATUS.nonceUsed));
    for (const free of [2n, 254n, 258n, 510n, 513n, 2n ** 256n - 2n]) {
      expect(await used(alice.address, free)).to.equal(false);
    }
  });

  it("attack 8: one used nonce of several payers uses none of the others", async () => {
    await settle(notary, [pay(5n, {}, [bob.address])]);
    expect(await statuses([pay(5n, {}, [alice.address, bob.address])])).to.deep.equal([STATUS.nonceUsed]);
    expect(await used(alice.address, 5n)).to.equal(false);
    expect(await statuses([pay(6n, {}, [alice.address, bob.address])])).to.deep.equal([STATUS.settled]);
    expect([await used(alice.address, 6n), await used(bob.address, 6n)]).to.deep.equal([true, true]);
  });

  it("settles a deal that comes twice in one batch once", async () => {
    expect(await statuses([pay(1n), pay(1n)])).to.deep.equal([STATUS.settled, STATUS.nonceUsed]);
    expect(await notary.token.balanceOf(payee)).to.equal(1n);
  });

  it("attack 8: an account cancels nonces by word and mask, and only its own", async () => {
    const signer = await as(alice.address);
    const engine = notary.engine.connect(signer);
    await expect(engine.cancel(1n, 0n))
      .to.be.revertedWithCustomError(engine, "SettlementEngineNothingToCancel")
      .withArgs(alice.address, 1n, 0n);
    await expect(engine.cancel(1n, 0b101n)).to.emit(engine, "NoncesCancelled").withArgs(alice.address, 1n, 0b101n);
    await expect(engine.cancel(1n, 0b100n))
      .to.be.revertedWithCustomError(engine, "SettlementEngineNothingToCancel")
      .withArgs(alice.address, 1n, 0b100n);
    await engine.cancel(1n, 0b110n);
    expect(await statuses([256n, 257n, 258n, 259n].map((nonce) => pay(nonce)))).to.deep.equal([4n, 4n, 4n, 1n]);
    expect(await statuses([pay(256n, {}, [bob.address])])).to.deep.equal([STATUS.settled]);
  });

  it("settles inside the window only, both ends included, and is final outside it", async () => {
    const now = BigInt(await connection.networkHelpers.time.latest());
    const at = now + 1_000n;
    const windows = [
      { validAfter: at + 1n, validUntil: FAR },
      { validAfter: 0n, validUntil: at - 1n },
      { validAfter: at, validUntil: FAR },
      { validAfter: 0n, validUntil: at },
    ];
    const items = windows.map((window, index) => pay(BigInt(index), window));
    await connection.networkHelpers.time.setNextBlockTimestamp(at);
    expect(await statuses(items)).to.deep.equal([5n, 5n, 1n, 1n]);
    expect(await used(alice.address, 0n)).to.equal(true);
  });

  it("moves listed tokens only; an unlisted one ends the deal for good", async () => {
    await notary.engine.setToken(notary.tokenAt, false);
    expect(await statuses([pay(1n)])).to.deep.equal([STATUS.tokenNotAllowed]);
    expect(await used(alice.address, 1n)).to.equal(true);
    await notary.engine.setToken(notary.tokenAt, true);
    expect(await statuses([pay(1n), pay(2n)])).to.deep.equal([STATUS.nonceUsed, STATUS.settled]);
  });

  it("checks every leg's token", async () => {
    const unlisted = { token: account("unlisted").address, from: alice.address, to: payee, amount: 1n };
    const listed = { ...unlisted, token: notary.tokenAt };
    const item = sign(notary, dealOf([listed, unlisted]), payers);
    expect(await statuses([item])).to.deep.equal([STATUS.tokenNotAllowed]);
    expect(await notary.token.balanceOf(payee)).to.equal(0n);
  });

  it("lets nobody but the ledger settle, and nobody but itself move legs", async () => {
    const engine = notary.engine.connect(notary.stranger);
    await expect(engine.settle([pay(1n)]))
      .to.be.revertedWithCustomError(engine, "SettlementEngineNotLedger")
      .withArgs(notary.stranger.address);
    await expect(engine.executeLegs(pay(1n).deal.legs))
      .to.be.revertedWithCustomError(engine, "SettlementEngineNotSelf")
      .withArgs(notary.stranger.address);
    const ledger = await as(notary.ledgerAt);
    await connection.networkHelpers.setBalance(notary.ledgerAt, 10n ** 18n);
    await expect(notary.engine.connect(ledger).executeLegs(pay(1n).deal.legs))
      .to.be.revertedWithCustomError(engine, "SettlementEngineNotSelf")
      .withArgs(notary.ledgerAt);
  });

  it("lets only governance list tokens and set gas, each to something new and in bounds", async () => {
    const { engine, stranger, tokenAt } = notary;
    const outsider = engine.connect(stranger);
    for (const call of [() => outsider.setToken(tokenAt, false), () => outsider.setGas(60_000, 30_000)]) {
      await expect(call())
        .to.be.revertedWithCustomError(engine, "AccessManagedUnauthorized")
        .withArgs(stranger.address);
    }
    await expect(engine.setToken(tokenAt, true)).to.be.revertedWithCustomError(engine, "SettlementEngineNoChange");
    await expect(engine.setToken(ZeroAddress, true)).to.be.revertedWithCustomError(
      engine,
      "SettlementEngineZeroAddress",
    );
    await expect(engine.setToken(tokenAt, false)).to.emit(engine, "TokenAllowanceSet").withArgs(tokenAt, false);
    expect(await engine.isTokenAllowed(tokenAt)).to.equal(false);
    for (const [leg, sig] of [
      [59_999, 100_000],
      [1_000_001, 100_000],
      [150_000, 29_999],
      [150_000, 500_001],
    ] as const) {
      await expect(engine.setGas(leg, sig))
        .to.be.revertedWithCustomError(engine, "SettlementEngineGasOutOfBounds")
        .withArgs(leg, sig);
    }
    await expect(engine.setGas(150_000, 100_000)).to.be.revertedWithCustomError(engine, "SettlementEngineNoChange");
    await expect(engine.setGas(60_000, 30_000)).to.emit(engine, "GasSet").withArgs(150_000, 100_000, 60_000, 30_000);
    await engine.setGas(60_000, 500_000);
    await engine.setGas(1_000_000, 500_000);
    expect(await engine.gasLimits()).to.deep.equal([1_000_000n, 500_000n]);
  });

  it("belongs to one ledger for ever", async () => {
    expect(await notary.engine.ledger()).to.equal(notary.ledgerAt);
    await expect(
      connection.ethers.deployContract("SettlementEngine", [notary.authority, ZeroAddress]),
    ).to.be.revertedWithCustomError(notary.engine, "SettlementEngineZeroAddress");
  });
});
