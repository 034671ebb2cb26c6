import { expect } from "chai";
import { AbiCoder, concat, id, keccak256, ZeroAddress, ZeroHash } from "ethers";
import { batchOf, committeeSign, hashBatch, type Batch } from "../../support/contracts/batches.ts";
import { signDigest } from "../../support/contracts/deals.ts";
import {
  connect,
  deployNotary,
  mined,
  nextBatch,
  PARTITION,
  type Connection,
  type Notary,
} from "../../support/contracts/notary.ts";

const inputs = [id("a")];

describe("two headers for one place, and none that can be executed", () => {
  let connection: Connection;
  let notary: Notary;

  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    notary = await connection.networkHelpers.loadFixture(deploy);
  });
  async function deploy() {
    return deployNotary(connection);
  }

  const place = { partition: PARTITION, seq: 4n, prev: id("prev") };
  const left = batchOf(place, [id("left")], "0x");
  const right = batchOf(place, [id("right")], "0x");
  const by = (member: number, batch: Batch) => signDigest(notary.members[member]!, hashBatch(notary.headers, batch));
  const report = (a: Batch, aSig: string, b: Batch, bSig: string) =>
    notary.ledger.connect(notary.stranger).reportEquivocation(a, aSig, b, bSig);

  it("does not call one header two, nor two places one", async () => {
    await expect(report(left, by(0, left), left, by(0, left)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerSameHeader")
      .withArgs(hashBatch(notary.headers, left));
    const later = { ...right, seq: 5n };
    await expect(report(left, by(0, left), later, by(0, later)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerDifferentPlaces")
      .withArgs(PARTITION, 4n, PARTITION, 5n);
    const beside = { ...right, partition: id("x") };
    await expect(report(left, by(0, left), beside, by(0, beside)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerDifferentPlaces")
      .withArgs(PARTITION, 4n, id("x"), 4n);
  });

  it("does not blame one member for another's signature, nor for a broken one", async () => {
    await expect(report(left, by(0, left), right, by(1, right)))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerDifferentSigners")
      .withArgs(notary.members[0]!.address, notary.members[1]!.address);
    await expect(report(left, by(0, left), right, "0x1234")).to.be.revertedWithCustomError(
      notary.ledger,
      "ECDSAInvalidSignatureLength",
    );
    const data = notary.ledger.interface.encodeFunctionData("reportEquivocation", [
      left,
      by(0, left),
      right,
      by(0, right),
    ]);
    await expect(
      notary.stranger.sendTransaction({ to: notary.ledgerAt, data: concat([data, id("more")]) }),
    ).to.be.revertedWithCustomError(notary.ledger, "CalldataNotExact");
  });

  it("attack 9: proves who signed both, with evidence that is one per key and place", async () => {
    const key = notary.members[3]!.address;
    const third = batchOf(place, [id("third")], "0x");
    await expect(report(left, by(3, left), right, by(3, right)))
      .to.emit(notary.ledger, "EquivocationReported")
      .withArgs(key, PARTITION, 4n, hashBatch(notary.headers, left), hashBatch(notary.headers, right));
    await report(right, by(3, right), third, by(3, third));
    const evidence = keccak256(
      AbiCoder.defaultAbiCoder().encode(["address", "bytes32", "uint64"], [key, PARTITION, 4n]),
    );
    expect(await notary.staking.getFunction("proofs")(key, evidence)).to.equal(2n);
  });

  it("lets only governance void a batch, only the next one, and never a recorded one", async () => {
    const batch = batchOf({ partition: PARTITION, seq: 0n, prev: ZeroHash }, inputs, "0xdead");
    await expect(notary.ledger.connect(notary.stranger).voidBatch(batch))
      .to.be.revertedWithCustomError(notary.ledger, "AccessManagedUnauthorized")
      .withArgs(notary.stranger.address);
    await expect(notary.ledger.voidBatch({ ...batch, seq: 1n }))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerSequenceGap")
      .withArgs(PARTITION, 1n, 0n);
    await expect(notary.ledger.voidBatch({ ...batch, prev: id("x") })).to.be.revertedWithCustomError(
      notary.ledger,
      "NotaryLedgerBrokenLink",
    );
    const { batch: good, items, sigs, headerHash } = await nextBatch(notary, { inputs });
    await notary.ledger.submit(good, items, sigs);
    await expect(notary.ledger.voidBatch(good))
      .to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerOccupied")
      .withArgs(PARTITION, 0n, headerHash, headerHash);
    await expect(notary.ledger.voidBatch(batch)).to.be.revertedWithCustomError(notary.ledger, "NotaryLedgerOccupied");
  });

  it("lets a partition pass a batch that can never be executed, and proves nothing from it", async () => {
    const batch = batchOf({ partition: PARTITION, seq: 0n, prev: ZeroHash }, inputs, "0xdead");
    const digest = hashBatch(notary.headers, batch);
    const sigs = committeeSign(digest, notary.members);
    await expect(notary.ledger.submit(batch, "0xdead", sigs)).to.be.revert(connection.ethers);
    await expect(notary.ledger.voidBatch(batch)).to.emit(notary.ledger, "BatchVoided").withArgs(PARTITION, 0n, digest);
    expect(await notary.ledger.outcomeRootOf(digest)).to.equal(await notary.ledger.VOID());
    expect(await notary.ledger.verifyInput(batch, [], id("a"))).to.equal(false);
    expect(await notary.ledger.submit.staticCall(batch, "0xdead", sigs)).to.equal(false);
    const { batch: next, items, sigs: nextSigs } = await nextBatch(notary, { inputs });
    expect(next.prev).to.equal(digest);
    await mined(notary.ledger.submit(next, items, nextSigs));
  });

  it("is wired once and for all, with nothing left empty", async () => {
    const { ledger, committee, engineAt, staking, authority } = notary;
    expect(await ledger.wiring()).to.deep.equal([await committee.getAddress(), engineAt, await staking.getAddress()]);
    const some = notary.stranger.address;
    for (const wires of [
      [ZeroAddress, some, some],
      [some, ZeroAddress, some],
      [some, some, ZeroAddress],
    ]) {
      await expect(
        connection.ethers.deployContract("NotaryLedger", [authority, ...wires]),
      ).to.be.revertedWithCustomError(ledger, "NotaryLedgerZeroAddress");
    }
  });
});
