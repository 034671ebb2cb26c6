import { getCreateAddress, id, Wallet, type ContractTransactionResponse } from "ethers";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import config from "../../hardhat.config.ts";
import { engineDomain } from "../../test/support/contracts/deals.ts";
import { ledgerDomain } from "../../test/support/contracts/batches.ts";

const root = `${import.meta.dirname}/../..`;
const MEMBERS = 10;
const SIGNERS = 7;
const GRACE_S = 3_600;
export const EVER = 2n ** 48n - 1n;

// The contracts as they are deployed: the release profile, in a folder of its own beside the everyday build.
const paths = { ...config.paths, artifacts: ".cache/release/artifacts", cache: ".cache/release/cache" };
const hre = await createHardhatRuntimeEnvironment(
  { ...config, paths },
  { buildProfile: "release", noTypechain: true },
  root,
);

export const keys = (name: string, count: number): Wallet[] =>
  Array.from({ length: count }, (_, index) => new Wallet(id(`${name} ${index.toString()}`)));

/** Gas of the whole transaction as its receipt says. */
export async function gasOf(sent: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = await (await sent).wait();
  if (receipt === null) throw new Error("not mined");
  return Number(receipt.gasUsed);
}

export async function build(): Promise<void> {
  await hre.tasks.getTask("build").run({ noTests: true, quiet: true });
}

/** Bytes of runtime code of every contract of ours that can be deployed. */
export async function codeSizes(): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const name of await hre.artifacts.getAllFullyQualifiedNames()) {
    if (!name.startsWith("contracts/")) continue;
    const artifact = await hre.artifacts.readArtifact(name);
    const bytes = (artifact.deployedBytecode.length - 2) / 2;
    if (bytes > 0) sizes.set(artifact.contractName, bytes);
  }
  return sizes;
}

/** One chain with ledger, engine, token, and the real committee table of ten equal keys, seven of which sign. */
export async function openScene() {
  const connection = await hre.network.create();
  const { ethers, networkHelpers } = connection;
  const [admin] = await ethers.getSigners();
  if (admin === undefined) throw new Error("no signer");
  const members = keys("member", MEMBERS).sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
  const authority = await ethers.deployContract("AccessManager", [admin.address]);
  const seats = members.map((one) => ({ key: one.address, weight: 10n ** 21n }));
  const rules = { quorumBps: 6_700, minSigners: 3, maxMembers: 21, grace: GRACE_S, staleAfter: 0 };
  const committee = await ethers.deployContract("RemoteCommittee", [authority, rules, 1, seats]);
  const token = await ethers.deployContract("PlatformToken", [authority, admin.address, 10n ** 27n, 0, 0, 0]);
  const staking = admin.address;
  const engineAt = getCreateAddress({ from: admin.address, nonce: (await admin.getNonce()) + 1 });
  const ledger = await ethers.deployContract("NotaryLedger", [authority, committee, engineAt, staking]);
  const engine = await ethers.deployContract("SettlementEngine", [authority, ledger]);
  await engine.setToken(token, true);
  // Steady state: the change of committee is long over.
  await networkHelpers.time.increase(GRACE_S + 1);
  const { chainId } = await ethers.provider.getNetwork();
  return {
    connection,
    admin,
    signers: members.slice(0, SIGNERS),
    authority,
    committee,
    token,
    tokenAt: await token.getAddress(),
    engine,
    engineAt,
    ledger,
    deals: engineDomain(chainId, engineAt),
    headers: ledgerDomain(chainId, await ledger.getAddress()),
    chainId,
  };
}

export type Scene = Awaited<ReturnType<typeof openScene>>;
