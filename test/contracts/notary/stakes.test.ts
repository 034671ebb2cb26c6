import { expect } from "chai";
import { id, MaxUint256, TypedDataEncoder, ZeroHash } from "ethers";
import { batchOf, committeeSign, hashBatch, ledgerDomain } from "../../support/contracts/batches.ts";
import { attestationTypes } from "../../support/contracts/certificates.ts";
import { signDigest } from "../../support/contracts/deals.ts";
import {
  byAddress,
  connect,
  DAY,
  deployStakes,
  proofOf,
  signingKey,
  TOKEN,
  type Connection,
} from "../../support/contracts/stakes.ts";

const STAKE = 1_000n * TOKEN;
const PARTITION = id("partition");

/** The real stakes and committee with ledger and registry on top: three nodes, three keys, all of them in office. */
async function openHouse(connection: Connection) {
  const { ethers, networkHelpers } = connection;
  const stakes = await deployStakes(connection);
  const { staking, committee, token, authority, alice, bob, carol, admin } = stakes;
  const nodes = [alice, bob, carol];
  const keys = ["a", "b", "c"].map(signingKey);
  for (const [index, node] of nodes.entries()) {
    await staking.connect(node).stake(STAKE);
    await staking.connect(node).setKey(keys[index]!.address, await proofOf(stakes, keys[index]!, node.address));
  }
  await networkHelpers.time.increase(10);
  await committee.nominate(keys.toSorted(byAddress).map((key) => key.address));
  await networkHelpers.time.increase(DAY);
  await committee.roll();
  const engineAt = admin.address;
  const ledger = await ethers.deployContract("NotaryLedger", [authority, committee, engineAt, staking]);
  await authority.grantRole(2n, ledger, 0);
  const wiring = [authority, committee, staking, token, 1_000n, admin] as const;
  const registry = await ethers.deployContract("CertificateRegistry", [...wiring]);
  const headers = ledgerDomain(stakes.chainId, await ledger.getAddress());
  return { ...stakes, keys, ledger, registry, headers };
}

describe("ledger and certificates on the real stakes", () => {
  let house: Awaited<ReturnType<typeof openHouse>>;

  beforeEach(async () => {
    house = await openHouse(await connect());
  });

  it("notarizes what the nodes in office sign", async () => {
    const { ledger, headers, keys } = house;
    const batch = batchOf({ partition: PARTITION, seq: 0n, prev: ZeroHash }, [id("input")], "0x");
    const digest = hashBatch(headers, batch);
    await expect(ledger.submit(batch, "0x", committeeSign(digest, keys.slice(0, 2)))).to.be.revertedWithCustomError(
      ledger,
      "NotaryLedgerNoQuorum",
    );
    await ledger.submit(batch, "0x", committeeSign(digest, keys));
    expect(await ledger.headerAt(PARTITION, 0n)).to.equal(digest);
  });

  it("attack 9: slashes a node that signed two headers for a place, once however many it signed", async () => {
    const { ledger, headers, keys, staking, alice, bob } = house;
    const [left, right, third] = ["left", "right", "third"].map((name) =>
      batchOf({ partition: PARTITION, seq: 0n, prev: ZeroHash }, [id(name)], "0x"),
    ) as [ReturnType<typeof batchOf>, ReturnType<typeof batchOf>, ReturnType<typeof batchOf>];
    const by = (batch: typeof left) => signDigest(keys[0]!, hashBatch(headers, batch));
    await ledger.reportEquivocation(left, by(left), right, by(right));
    const kept = await staking.stakeOf(alice.address);
    expect(kept).to.equal(STAKE / 2n);
    await expect(ledger.reportEquivocation(left, by(left), third, by(third))).to.be.revertedWithCustomError(
      staking,
      "DVStakingEvidenceUsed",
    );
    expect(await staking.stakeOf(alice.address)).to.equal(kept);
    expect(await staking.stakeOf(bob.address)).to.equal(STAKE);
    const other = signingKey("nobody");
    const foreign = (batch: typeof left) => signDigest(other, hashBatch(headers, batch));
    await expect(ledger.reportEquivocation(left, foreign(left), right, foreign(right)))
      .to.be.revertedWithCustomError(staking, "DVStakingUnknownKey")
      .withArgs(other.address);
  });

  it("pays the nodes that signed an attestation, and the treasury", async () => {
    const { registry, keys, staking, token, bob, carol, chainId } = house;
    await token.connect(carol).approve(registry, MaxUint256);
    const expiresAt = (await staking.clock()) + BigInt(DAY);
    const a = { root: id("root"), count: 1n, expiresAt, issuer: bob.address, schema: id("schema"), fee: 1_000n };
    const domain = {
      name: "CertificateRegistry",
      version: "1",
      chainId,
      verifyingContract: await registry.getAddress(),
    };
    const owed = await staking.totalOwed();
    const sigs = committeeSign(TypedDataEncoder.hash(domain, attestationTypes, a), keys);
    await expect(registry.connect(carol).attest(a, sigs)).to.emit(staking, "FeeCredited");
    expect((await staking.totalOwed()) - owed).to.be.greaterThanOrEqual(900n);
    expect(await token.balanceOf(await registry.getAddress())).to.equal(0n);
  });
});
