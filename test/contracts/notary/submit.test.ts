import { expect } from "chai";
import { concat, dataSlice, id, toBeHex, zeroPadValue, ZeroHash } from "ethers";
import {
  batchOf,
  committeeSign,
  hashBatch,
  inputTree,
  ledgerDomain,
  type Batch,
} from "../../support/contracts/batches.ts";
import { encodeItems } from "../../support/contracts/deals.ts";
import {
  account,
  accounts,
  connect,
  dealOf,
  deployNotary,
  fund,
  nextBatch,
  PARTITION,
  sign,
  type Connection,
  type Notary,
} from "../../support/contracts/notary.ts";

const OTHER = id("another partition");
const inputs = [id("a"), id("b"), id("c")];

describe("submitting a batch to the notary ledger", () => {
  let connection: Connection;
  let notary: Notary;
  const payers = accounts("payer", 2);

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

  const submit = (batch: Batch, items: string, sigs: string) =>
    notary.ledger.connect(notary.stranger).submit(batch, items, sigs);
  const signed = (batch: Batch, count = 7) =>
    committeeSign(hashBatch(notary.headers, batch), notary.members.slice(0, count));
  const first = (changes: Partial<Batch> = {}): Batch => ({
    ...batchOf({ partition: PARTITION, seq: 0n, prev: ZeroHash }, inputs, "0x"),
    ...changes,
  });
  const append = async (partition = PARTITION) => {
    const { batch, items, sigs, headerHash } = await nextBatch(notary, { inputs, partition });
    await submit(batch, items, sigs);
    return { batch, headerHash };
  };
  const pays = (amount: bigint, nonce: bigint) =>
    sign(
      notary,
      dealOf([{ token: notary.tokenAt, from: payers[0]!.address, to: account("payee").address, amount }], { nonce }),
      payers,
    );

  it("refuses a place beyond the next", async () => {
    await append();
    const batch = first({ seq: 3n, prev: id("x") });
    await expect(submit(batch, "0x", signed(batch)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerSequenceGap")
      .withArgs(PARTITION, 3n, 1n);
  });

  it("refuses a link that is not the header before", async () => {
    const { headerHash } = await append();
    const batch = first({ seq: 1n, prev: id("x") });
    await expect(submit(batch, "0x", signed(batch)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerBrokenLink")
      .withArgs(PARTITION, id("x"), headerHash);
    const opening = first({ prev: id("y"), partition: OTHER });
    await expect(submit(opening, "0x", signed(opening)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerBrokenLink")
      .withArgs(OTHER, id("y"), ZeroHash);
  });

  it("refuses a batch with nothing in it", async () => {
    const batch = first({ root: ZeroHash, count: 0n });
    await expect(submit(batch, "0x", signed(batch)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerEmptyBatch")
      .withArgs(PARTITION, 0n);
  });

  it("attack 17: refuses an empty root that claims inputs, and inputs without a count", async () => {
    const rootless = first({ root: ZeroHash });
    await expect(submit(rootless, "0x", signed(rootless)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerRootWithoutCount")
      .withArgs(ZeroHash, 3n);
    const countless = first({ count: 0n });
    await expect(submit(countless, "0x", signed(countless)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerRootWithoutCount")
      .withArgs(countless.root, 0n);
  });

  it("attack 19: refuses altered, reordered, fewer or missing items under a signed header", async () => {
    const items = [pays(1n, 0n), pays(2n, 1n)];
    const { batch, items: bytes, sigs } = await nextBatch(notary, { items });
    const corrupt = { ...items[0]!, sigs: [items[1]!.sigs[0]!] };
    const variants = [
      encodeItems([corrupt, items[1]!]),
      encodeItems([items[1]!, items[0]!]),
      encodeItems([items[0]!]),
      concat([bytes, ZeroHash]),
      "0x",
    ];
    for (const variant of variants) {
      await expect(submit(batch, variant, sigs)).to.be.revertedWithCustomError(
        notary.ledger,
        "NotaryLedgerItemsMismatch",
      );
    }
    const itemless = first({ itemsHash: id("x") });
    await expect(submit(itemless, "0x", signed(itemless)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerItemsMismatch")
      .withArgs(id("x"), ZeroHash);
  });

  it("attack 3: refuses too few, unsorted, repeated, foreign, truncated and malleable signatures", async () => {
    const batch = first();
    const digest = hashBatch(notary.headers, batch);
    const good = signed(batch);
    const part = (index: number) => dataSlice(good, index * 65, (index + 1) * 65);
    const swapped = concat([part(1), part(0), ...[2, 3, 4, 5, 6].map(part)]);
    const repeated = concat([part(0), part(0), ...[1, 2, 3, 4, 5].map(part)]);
    const foreign = committeeSign(digest, [...notary.members.slice(0, 6), account("outsider")]);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = BigInt(dataSlice(good, 32, 64));
    const v = dataSlice(good, 64, 65) === "0x1b" ? "0x1c" : "0x1b";
    const malleable = concat([dataSlice(good, 0, 32), zeroPadValue(toBeHex(order - s), 32), v, dataSlice(good, 65)]);
    const zero = concat([zeroPadValue("0x00", 65), dataSlice(good, 65)]);
    const bad = ["0x", signed(batch, 6), swapped, repeated, foreign, dataSlice(good, 0, 454), malleable, zero];
    for (const sigs of [...bad, concat([good, "0x00"])]) {
      await expect(submit(batch, "0x", sigs))
        .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerNoQuorum")
        .withArgs(digest);
    }
  });

  it("attack 3: an empty committee is never a quorum", async () => {
    for (const one of notary.members) await notary.committee.getFunction("set")(one.address, 0n);
    const batch = first();
    await expect(submit(batch, "0x", signed(batch))).to.be.revertedWithCustomError(
      notary.ledger,
      "NotaryLedgerNoQuorum",
    );
  });

  it("attack 1: refuses signatures made for another chain or another ledger", async () => {
    const batch = first();
    const elsewhere = [
      ledgerDomain(notary.chainId + 1n, notary.ledgerAt),
      ledgerDomain(notary.chainId, notary.engineAt),
      { ...notary.headers, name: "CommitteeGateway" },
      { ...notary.headers, version: "2" },
    ];
    for (const domain of elsewhere) {
      const sigs = committeeSign(hashBatch(domain, batch), notary.members.slice(0, 7));
      await expect(submit(batch, "0x", sigs)).to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerNoQuorum");
    }
  });

  it("attack 5: refuses a header of which any field differs from what was signed", async () => {
    await append();
    const { batch, sigs } = await nextBatch(notary, { inputs });
    const changed: [Partial<Batch>, string][] = [
      [{ partition: OTHER, seq: 0n, prev: ZeroHash }, "NotaryLedgerNoQuorum"],
      [{ partition: OTHER }, "NotaryLedgerSequenceGap"],
      [{ seq: 2n }, "NotaryLedgerSequenceGap"],
      [{ seq: 0n }, "NotaryLedgerOccupied"],
      [{ prev: id("x") }, "NotaryLedgerBrokenLink"],
      [{ root: id("x") }, "NotaryLedgerNoQuorum"],
      [{ count: 4n }, "NotaryLedgerNoQuorum"],
      [{ itemsHash: id("x") }, "NotaryLedgerItemsMismatch"],
    ];
    for (const [change, error] of changed) {
      await expect(submit({ ...batch, ...change }, "0x", sigs)).to.be.revertedWithCustomError(notary.ledger, error);
    }
    await submit(batch, "0x", sigs);
  });

  it("attack 9: refuses a second header for a place, whoever signed it", async () => {
    const { headerHash } = await append();
    const batch = first({ root: id("x") });
    const digest = hashBatch(notary.headers, batch);
    await expect(submit(batch, "0x", signed(batch, 10)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerOccupied")
      .withArgs(PARTITION, 0n, headerHash, digest);
  });

  it("refuses calldata that carries more than its arguments", async () => {
    const { batch, items, sigs } = await nextBatch(notary, { items: [pays(1n, 0n)] });
    const data = notary.ledger.interface.encodeFunctionData("submit", [batch, items, sigs]);
    const dirty = `${data.slice(0, -2)}01`;
    const shifted = concat([
      dataSlice(data, 0, 4 + 6 * 32),
      toBeHex(9 * 32, 32),
      toBeHex(BigInt(dataSlice(data, 4 + 7 * 32, 4 + 8 * 32)) + 32n, 32),
      id("slipped in"),
      dataSlice(data, 4 + 8 * 32),
    ]);
    for (const bytes of [`${data}00`, concat([data, id("slipped in")]), dirty, shifted]) {
      await expect(notary.stranger.sendTransaction({ to: notary.ledgerAt, data: bytes })).to.be.revertedWithCustomError(
        notary.ledger,
        "CalldataNotExact",
      );
    }
    await notary.stranger.sendTransaction({ to: notary.ledgerAt, data });
    expect(await notary.ledger.next(PARTITION)).to.equal(1n);
  });

  it("while paused, takes headers and refuses items; only governance lets them in again", async () => {
    await expect(notary.ledger.connect(notary.stranger).pause()).to.be.revertedWithCustomError(
      notary.ledger,
      "AccessManagedUnauthorized",
    );
    await notary.ledger.pause();
    await append();
    const { batch, items, sigs } = await nextBatch(notary, { items: [pays(1n, 0n)] });
    await expect(submit(batch, items, sigs)).to.be.revertedWithCustomError(notary.ledger, "EnforcedPause");
    await expect(notary.ledger.connect(notary.stranger).unpause()).to.be.revertedWithCustomError(
      notary.ledger,
      "AccessManagedUnauthorized",
    );
    await notary.ledger.unpause();
    await submit(batch, items, sigs);
    expect(await notary.token.balanceOf(account("payee").address)).to.equal(1n);
  });

  it("appends a header and says what it was about", async () => {
    const batch = first();
    const digest = hashBatch(notary.headers, batch);
    await expect(submit(batch, "0x", signed(batch)))
      .to.emit(notary.ledger, "BatchNotarized")
      .withArgs(PARTITION, 0n, digest, inputTree(inputs).root, 3n, ZeroHash);
    expect(await notary.ledger.headerAt(PARTITION, 0n)).to.equal(digest);
    expect(await notary.ledger.outcomeRootOf(digest)).to.equal(ZeroHash);
    expect(await notary.ledger.hashBatch(batch)).to.equal(digest);
  });

  it("attack 18: keeps partitions apart, each gap-free and linked, at every length", async () => {
    let head = ZeroHash;
    for (let length = 0n; length < 20n; length += 1n) {
      expect(await notary.ledger.next(PARTITION)).to.equal(length);
      expect(await notary.ledger.chainHead(PARTITION)).to.equal(head);
      const { batch, headerHash } = await append();
      expect(batch.prev).to.equal(head);
      head = headerHash;
      if (length % 3n === 0n) await append(OTHER);
    }
    expect(await notary.ledger.next(OTHER)).to.equal(7n);
  });

  it("attack 18: takes a known header again without any change, also with items and while paused", async () => {
    const { batch, items, sigs } = await nextBatch(notary, { items: [pays(1n, 0n)] });
    await submit(batch, items, sigs);
    await append();
    await notary.ledger.pause();
    expect(await notary.ledger.submit.staticCall(batch, items, sigs)).to.equal(false);
    const before = (await connection.ethers.provider.getBlock("latest"))!;
    const receipt = (await (await submit(batch, items, "0x")).wait())!;
    expect(receipt.logs).to.deep.equal([]);
    expect(before.number + 1).to.equal(receipt.blockNumber);
    expect(await notary.token.balanceOf(account("payee").address)).to.equal(1n);
    expect(await notary.ledger.next(PARTITION)).to.equal(2n);
  });
});
