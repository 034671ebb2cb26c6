import { expect } from "chai";
import { concat, id, TypedDataEncoder, ZeroAddress, ZeroHash } from "ethers";
import { hashTypedData } from "viem";
import { committeeSign } from "../../support/contracts/batches.ts";
import {
  attestationTypes,
  certificateTree,
  FEE_BPS,
  openRegistry,
  revocationTypes,
  SCHEMA,
  type Attestation,
  type Registry,
} from "../../support/contracts/certificates.ts";
import { connect, type Connection } from "../../support/contracts/notary.ts";

const commitments = [id("a"), id("b"), id("c"), id("d"), id("e")];
const tree = certificateTree(commitments);
const UNKNOWN = 0n;
const VALID = 1n;
const EXPIRED = 2n;
const REVOKED = 3n;

describe("certificates attested by the committee", () => {
  let connection: Connection;
  let scene: Registry;
  let a: Attestation;

  async function open() {
    return openRegistry(connection);
  }
  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    scene = await connection.networkHelpers.loadFixture(open);
    const now = BigInt(await connection.networkHelpers.time.latest());
    a = {
      root: tree.root,
      count: 5n,
      expiresAt: now + 1_000n,
      issuer: scene.issuer.address,
      schema: SCHEMA,
      fee: 1_000n,
    };
  });

  const attest = (what: Attestation, sigs = scene.signAttestation(what)) =>
    scene.registry.connect(scene.stranger).attest(what, sigs);
  const status = (
    index: number,
    changes: { commitment?: string; proof?: string[]; issuer?: string; schema?: string; root?: string } = {},
  ) =>
    scene.registry.status(
      changes.root ?? a.root,
      changes.issuer ?? a.issuer,
      changes.schema ?? a.schema,
      index,
      changes.commitment ?? commitments[index] ?? ZeroHash,
      changes.proof ?? (index < 5 ? tree.getProof(index) : []),
    );
  const idOf = () => scene.registry.idOf(a.root, a.issuer, a.schema);

  it("attack 17: refuses an empty root, no certificates, and a count that stands for all", async () => {
    for (const empty of [{ root: ZeroHash }, { count: 0n }, { count: 2n ** 32n - 1n }]) {
      const what = { ...a, ...empty };
      await expect(attest(what))
        .to.be.revertedWithCustomError(scene.registry, "CertificateRegistryEmpty")
        .withArgs(what.root, what.count);
    }
  });

  it("refuses what ended already, also at this very second", async () => {
    const at = a.expiresAt;
    await connection.networkHelpers.time.setNextBlockTimestamp(at);
    await expect(attest(a))
      .to.be.revertedWithCustomError(scene.registry, "CertificateRegistryExpired")
      .withArgs(at, at);
  });

  it("refuses a fee under the floor, which governance sets within its bound", async () => {
    const { registry, stranger } = scene;
    await expect(registry.connect(stranger).setFeeFloor(1n)).to.be.revertedWithCustomError(
      registry,
      "AccessManagedUnauthorized",
    );
    await expect(registry.setFeeFloor(0n)).to.be.revertedWithCustomError(registry, "CertificateRegistryNoChange");
    const max = 1_000n * 10n ** 18n;
    await expect(registry.setFeeFloor(max + 1n))
      .to.be.revertedWithCustomError(registry, "CertificateRegistryFeeFloorOutOfBounds")
      .withArgs(max + 1n, max);
    await registry.setFeeFloor(max);
    await expect(registry.setFeeFloor(200n)).to.emit(registry, "FeeFloorSet").withArgs(max, 200n);
    expect(await registry.feeFloor()).to.equal(200n);
    const cheap = { ...a, fee: 999n };
    await expect(attest(cheap))
      .to.be.revertedWithCustomError(registry, "CertificateRegistryFeeTooLow")
      .withArgs(999n, 1_000n);
    await attest(a);
  });

  it("attack 3: refuses fewer than a quorum", async () => {
    const digest = await scene.registry.hashAttestation(a);
    await expect(attest(a, scene.signAttestation(a, 6)))
      .to.be.revertedWithCustomError(scene.registry, "CommitteeQuorumMissing")
      .withArgs(digest, 600n, 1_000n, 6n);
  });

  it("attack 5: refuses an attestation of which any field differs from what was signed", async () => {
    const sigs = scene.signAttestation(a);
    const changes: Partial<Attestation>[] = [
      { root: id("x") },
      { count: 4n },
      { expiresAt: a.expiresAt + 1n },
      { issuer: scene.stranger.address },
      { schema: id("x") },
      { fee: 999n },
    ];
    for (const change of changes) {
      await expect(attest({ ...a, ...change }, sigs)).to.be.revertedWithCustomError(
        scene.registry,
        "CommitteeQuorumMissing",
      );
    }
  });

  it("attack 1 and 2: refuses signatures for another chain, contract or kind of thing", async () => {
    const r = { id: await idOf(), index: 0n, reason: 1n };
    const foreign = [
      TypedDataEncoder.hash({ ...scene.domain, chainId: 1n }, attestationTypes, a),
      TypedDataEncoder.hash({ ...scene.domain, verifyingContract: scene.issuer.address }, attestationTypes, a),
      TypedDataEncoder.hash({ ...scene.domain, name: "NotaryLedger" }, attestationTypes, a),
      TypedDataEncoder.hash(scene.domain, revocationTypes, r),
    ];
    for (const digest of foreign) {
      await expect(attest(a, committeeSign(digest, scene.members))).to.be.revertedWithCustomError(
        scene.registry,
        "CommitteeQuorumMissing",
      );
    }
  });

  it("refuses calldata beyond its arguments", async () => {
    const { registry, stranger } = scene;
    const to = await registry.getAddress();
    const attesting = registry.interface.encodeFunctionData("attest", [a, scene.signAttestation(a)]);
    const revoking = registry.interface.encodeFunctionData("revokeByCommittee", [id("x"), 0, 0, "0x"]);
    for (const data of [attesting, revoking]) {
      await expect(stranger.sendTransaction({ to, data: concat([data, ZeroHash]) })).to.be.revertedWithCustomError(
        registry,
        "CalldataNotExact",
      );
    }
  });

  it("records once, charges the caller, pays signers and treasury", async () => {
    const { registry, token, staking, stranger, treasury, issuer } = scene;
    await expect(attest(a))
      .to.emit(registry, "Attested")
      .withArgs(await idOf(), a.issuer, SCHEMA, a.root, 5n, a.expiresAt, 1_000n);
    expect(await token.balanceOf(stranger.address)).to.equal(9_000n);
    expect(await token.balanceOf(issuer.address)).to.equal(10_000n);
    expect(await token.balanceOf(treasury.address)).to.equal(100n);
    expect(await staking.getFunction("creditedTotal")()).to.equal(900n);
    expect(await staking.getFunction("credited")(scene.members[0]!.address)).to.equal(128n);
    expect(await token.balanceOf(await registry.getAddress())).to.equal(0n);
    const [who, count, , expiresAt, revokedAt] = await registry.attestation(await idOf());
    expect([who, count, expiresAt, revokedAt]).to.deep.equal([a.issuer, 5n, a.expiresAt, 0n]);
    await expect(attest(a))
      .to.be.revertedWithCustomError(registry, "CertificateRegistryKnown")
      .withArgs(await idOf());
  });

  it("keeps apart what another issuer, or another schema, says of the same root", async () => {
    await attest(a);
    for (const other of [{ issuer: scene.stranger.address }, { schema: id("x") }]) {
      expect(await status(0, other)).to.equal(UNKNOWN);
      await attest({ ...a, ...other });
      expect(await status(0, other)).to.equal(VALID);
    }
  });

  it("takes a free attestation without asking for tokens, and an even fee when nothing goes to the treasury", async () => {
    await attest({ ...a, fee: 0n });
    await scene.registry.setProtocolFee(0, scene.treasury);
    await attest({ ...a, schema: id("x") });
    expect(await scene.token.balanceOf(scene.treasury.address)).to.equal(0n);
    expect(await scene.staking.getFunction("creditedTotal")()).to.equal(1_000n);
  });

  it("knows a certificate by its place, commitment and proof only, until it expires", async () => {
    expect(await status(0)).to.equal(UNKNOWN);
    await attest(a);
    for (const index of commitments.keys()) expect(await status(index)).to.equal(VALID);
    expect(await status(0, { commitment: id("x") })).to.equal(UNKNOWN);
    expect(await status(1, { commitment: commitments[0]!, proof: tree.getProof(0) })).to.equal(UNKNOWN);
    expect(await status(5)).to.equal(UNKNOWN);
    expect(await status(0, { proof: [...tree.getProof(0), ZeroHash] })).to.equal(UNKNOWN);
    expect(await status(0, { root: id("x") })).to.equal(UNKNOWN);
    await connection.networkHelpers.time.increaseTo(a.expiresAt - 1n);
    expect(await status(0)).to.equal(VALID);
    await connection.networkHelpers.time.increaseTo(a.expiresAt);
    expect(await status(0)).to.equal(EXPIRED);
    await expect(attest({ ...a, expiresAt: a.expiresAt + 500n })).to.be.revertedWithCustomError(
      scene.registry,
      "CertificateRegistryKnown",
    );
  });

  it("knows no certificate beyond the count, though the tree has one there", async () => {
    await attest({ ...a, count: 4n });
    expect([await status(3), await status(4)]).to.deep.equal([VALID, UNKNOWN]);
  });

  it("attack 17: a tree of one certificate is its own root", async () => {
    const one = certificateTree([id("only")]);
    await attest({ ...a, root: one.root, count: 1n });
    expect(await status(0, { root: one.root, commitment: id("only"), proof: [] })).to.equal(VALID);
  });

  it("is revoked one by one or as a whole by its issuer, for ever", async () => {
    const { registry, issuer, stranger } = scene;
    const ALL = await registry.ALL();
    const mine = registry.connect(issuer);
    const unknown = await registry.idOf(a.root, a.issuer, a.schema);
    await expect(mine.revoke(a.root, SCHEMA, 0, 1))
      .to.be.revertedWithCustomError(registry, "CertificateRegistryUnknown")
      .withArgs(unknown);
    await attest(a);
    await expect(registry.connect(stranger).revoke(a.root, SCHEMA, 0, 1)).to.be.revertedWithCustomError(
      registry,
      "CertificateRegistryUnknown",
    );
    await expect(mine.revoke(a.root, SCHEMA, 5, 1))
      .to.be.revertedWithCustomError(registry, "CertificateRegistryNoSuchIndex")
      .withArgs(5n, 5n);
    await expect(mine.revoke(a.root, SCHEMA, 2, 7))
      .to.emit(registry, "Revoked")
      .withArgs(await idOf(), 2n, 7n, issuer.address);
    await expect(mine.revoke(a.root, SCHEMA, 2, 7))
      .to.be.revertedWithCustomError(registry, "CertificateRegistryAlreadyRevoked")
      .withArgs(await idOf(), 2n);
    expect([await status(1), await status(2), await status(3)]).to.deep.equal([VALID, REVOKED, VALID]);
    await mine.revoke(a.root, SCHEMA, ALL, 0);
    expect(await status(1)).to.equal(REVOKED);
    for (const index of [1n, ALL]) {
      await expect(mine.revoke(a.root, SCHEMA, index, 0)).to.be.revertedWithCustomError(
        registry,
        "CertificateRegistryAlreadyRevoked",
      );
    }
    await connection.networkHelpers.time.increaseTo(a.expiresAt);
    expect(await status(1)).to.equal(REVOKED);
  });

  it("is revoked by a quorum too, of which every field counts", async () => {
    await attest(a);
    const { registry, stranger } = scene;
    const r = { id: await idOf(), index: 1n, reason: 3n };
    const revoke = (what: typeof r, sigs: string) =>
      registry.connect(stranger).revokeByCommittee(what.id, what.index, what.reason, sigs);
    const sigs = scene.signRevocation(r);
    for (const change of [{ id: id("x") }, { index: 2n }, { reason: 4n }]) {
      await expect(revoke({ ...r, ...change }, sigs)).to.be.revertedWithCustomError(registry, "CommitteeQuorumMissing");
    }
    await expect(revoke(r, scene.signRevocation(r, 6))).to.be.revertedWithCustomError(
      registry,
      "CommitteeQuorumMissing",
    );
    const unknown = { ...r, id: id("x") };
    await expect(revoke(unknown, scene.signRevocation(unknown)))
      .to.be.revertedWithCustomError(registry, "CertificateRegistryUnknown")
      .withArgs(id("x"));
    await expect(revoke(r, sigs)).to.emit(registry, "Revoked").withArgs(r.id, 1n, 3n, stranger.address);
    expect([await status(0), await status(1)]).to.deep.equal([VALID, REVOKED]);
  });

  it("hashes like ethers and like viem", async () => {
    const domain = {
      name: "CertificateRegistry",
      version: "1",
      chainId: Number(scene.domain.chainId),
      verifyingContract: scene.domain.verifyingContract as `0x${string}`,
    };
    const r = { id: id("x"), index: 1n, reason: 3n };
    expect(await scene.registry.hashAttestation(a)).to.equal(TypedDataEncoder.hash(scene.domain, attestationTypes, a));
    expect(hashTypedData({ domain, types: attestationTypes, primaryType: "Attestation", message: { ...a } })).to.equal(
      await scene.registry.hashAttestation(a),
    );
    expect(await scene.registry.hashRevocation(r.id, r.index, r.reason)).to.equal(
      TypedDataEncoder.hash(scene.domain, revocationTypes, r),
    );
  });

  it("keeps the treasury's share within a fifth, set by governance to something new", async () => {
    const { registry, stranger, treasury } = scene;
    await expect(registry.connect(stranger).setProtocolFee(1, treasury)).to.be.revertedWithCustomError(
      registry,
      "AccessManagedUnauthorized",
    );
    await expect(registry.setProtocolFee(2_001, treasury))
      .to.be.revertedWithCustomError(registry, "ProtocolFeeOutOfBounds")
      .withArgs(2_001n, 2_000n);
    await expect(registry.setProtocolFee(1, ZeroAddress)).to.be.revertedWithCustomError(
      registry,
      "ProtocolFeeZeroAddress",
    );
    await expect(registry.setProtocolFee(FEE_BPS, treasury)).to.be.revertedWithCustomError(
      registry,
      "ProtocolFeeNoChange",
    );
    await expect(registry.setProtocolFee(2_000, treasury))
      .to.emit(registry, "ProtocolFeeSet")
      .withArgs(FEE_BPS, treasury.address, 2_000n, treasury.address);
    await registry.setProtocolFee(2_000, stranger);
    expect(await registry.protocolFee()).to.deep.equal([2_000n, stranger.address]);
  });

  it("is deployed with everything it needs", async () => {
    const { wiring, registry, token, staking } = scene;
    expect(await registry.wiring()).to.deep.equal([await token.getAddress(), await staking.getAddress()]);
    const changed: [number, unknown, string][] = [
      [1, ZeroAddress, "CommitteeQuorumZeroAddress"],
      [2, ZeroAddress, "CertificateRegistryZeroAddress"],
      [3, ZeroAddress, "CertificateRegistryZeroAddress"],
      [4, 2_001n, "ProtocolFeeOutOfBounds"],
      [5, ZeroAddress, "ProtocolFeeZeroAddress"],
    ];
    for (const [place, value, error] of changed) {
      const parts = wiring.map((one, index) => (index === place ? value : one));
      await expect(connection.ethers.deployContract("CertificateRegistry", parts)).to.be.revertedWithCustomError(
        registry,
        error,
      );
    }
  });
});
