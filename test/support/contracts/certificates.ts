import { AbiCoder, id, keccak256, MaxUint256, TypedDataEncoder } from "ethers";
import { committeeSign, treeOf } from "./batches.ts";
import { accounts, type Connection, type MockToken } from "./notary.ts";

export interface Attestation {
  readonly root: string;
  readonly count: bigint;
  readonly expiresAt: bigint;
  readonly issuer: string;
  readonly schema: string;
  readonly fee: bigint;
}

export interface Revocation {
  readonly id: string;
  readonly index: bigint;
  readonly reason: bigint;
}

export const attestationTypes = {
  Attestation: [
    { name: "root", type: "bytes32" },
    { name: "count", type: "uint32" },
    { name: "expiresAt", type: "uint32" },
    { name: "issuer", type: "address" },
    { name: "schema", type: "bytes32" },
    { name: "fee", type: "uint256" },
  ],
};

export const revocationTypes = {
  Revocation: [
    { name: "id", type: "bytes32" },
    { name: "index", type: "uint32" },
    { name: "reason", type: "uint8" },
  ],
};

export const SCHEMA = id("test result");
export const FEE_BPS = 1_000n;
const coder = AbiCoder.defaultAbiCoder();

/** Leaves bind the place of a certificate, so that a revoked one cannot come back under another index. */
export const certificateTree = (commitments: readonly string[]) =>
  treeOf(
    commitments.map((one, index) =>
      keccak256(keccak256(coder.encode(["uint256", "uint256", "bytes32"], [3, index, one]))),
    ),
  );

export async function openRegistry({ ethers }: Connection) {
  const [admin, issuer, stranger, treasury] = await ethers.getSigners();
  if (!admin || !issuer || !stranger || !treasury) throw new Error("no signers");
  const members = accounts("member", 10);
  const authority = await ethers.deployContract("AccessManager", [admin.address]);
  const token = (await ethers.deployContract("PlainToken")) as unknown as MockToken;
  const committee = await ethers.deployContract("FixedCommittee", [members.map((one) => one.address), 6_700n, 3n]);
  const staking = await ethers.deployContract("RecordingStaking", [token]);
  const wiring = [authority, committee, staking, token, FEE_BPS, treasury] as const;
  const registry = await ethers.deployContract("CertificateRegistry", [...wiring]);
  for (const payer of [issuer, stranger]) {
    await token.mint(payer.address, 10_000n);
    await token.connect(payer).approve(await registry.getAddress(), MaxUint256);
  }
  const { chainId } = await ethers.provider.getNetwork();
  const domain = { name: "CertificateRegistry", version: "1", chainId, verifyingContract: await registry.getAddress() };
  const signAttestation = (a: Attestation, count = 7) =>
    committeeSign(TypedDataEncoder.hash(domain, attestationTypes, a), members.slice(0, count));
  const signRevocation = (r: Revocation, count = 7) =>
    committeeSign(TypedDataEncoder.hash(domain, revocationTypes, r), members.slice(0, count));
  return {
    admin,
    issuer,
    stranger,
    treasury,
    members,
    authority,
    token,
    committee,
    staking,
    registry,
    domain,
    wiring,
    signAttestation,
    signRevocation,
  };
}

export type Registry = Awaited<ReturnType<typeof openRegistry>>;
