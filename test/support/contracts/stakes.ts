import { expect } from "chai";
import { id, Wallet, type Interface, type TypedDataDomain } from "ethers";
import { network } from "hardhat";

export type Connection = Awaited<ReturnType<typeof network.create>>;
export type Signer = Awaited<ReturnType<Connection["ethers"]["getSigners"]>>[number];

/** One simulated chain for a whole file; tests take snapshots of it. */
export const connect = async (): Promise<Connection> => network.create();

export const TOKEN = 10n ** 18n;
export const DAY = 86_400;
export const YEAR = 365 * DAY;
export const GENESIS = 1_000_000_000n * TOKEN;
export const MINT_CAP = 100_000_000n * TOKEN;
export const INFLATION_BPS_MAX = 1_000n;
export const INFLATION_BPS = 500n;
export const UNBOND_DELAY = 21 * DAY;
export const STAKERS_SHARE_BPS = 2_000n;
export const EQUIVOCATION_BPS = 5_000n;
export const PURSE = 1_000_000n * TOKEN;

export const TABLE_RULES = { quorumBps: 6_667n, minSigners: 3n, maxMembers: 10n, grace: 3_600n, staleAfter: 0n };
export const ELECTION_RULES = {
  minStake: 100n * TOKEN,
  epochLength: BigInt(DAY),
  challengeWindow: 3_600n,
  challengeWindowMin: 600n,
};

const MINTER_ROLE = 1n;
const LEDGER_ROLE = 2n;
const GUARDIAN_ROLE = 3n;

/** Token, stakes and committee, wired; `admin` stands for the timelock, `ledger` for the notary ledger. */
export async function deployStakes({ ethers }: Connection) {
  const [admin, alice, bob, carol, stranger, ledger, guardian] = (await ethers.getSigners()) as [
    Signer,
    Signer,
    Signer,
    Signer,
    Signer,
    Signer,
    Signer,
  ];
  const authority = await ethers.deployContract("AccessManager", [admin]);
  const token = await ethers.deployContract("PlatformToken", [
    authority,
    admin,
    GENESIS,
    MINT_CAP,
    INFLATION_BPS_MAX,
    INFLATION_BPS,
  ]);
  const staking = await ethers.deployContract("DVStaking", [
    authority,
    token,
    UNBOND_DELAY,
    UNBOND_DELAY,
    STAKERS_SHARE_BPS,
    EQUIVOCATION_BPS,
  ]);
  const committee = await ethers.deployContract("DVCommittee", [authority, staking, TABLE_RULES, ELECTION_RULES]);
  const selector = (fragment: { selector: string }) => fragment.selector;
  const minting = [token.interface.getFunction("mintInflation"), token.interface.getFunction("skipInflation")];
  await authority.setTargetFunctionRole(token, minting.map(selector), MINTER_ROLE);
  await authority.grantRole(MINTER_ROLE, staking, 0);
  await authority.setTargetFunctionRole(
    staking,
    [selector(staking.interface.getFunction("proveEquivocation"))],
    LEDGER_ROLE,
  );
  await authority.grantRole(LEDGER_ROLE, ledger, 0);
  await authority.setTargetFunctionRole(committee, [selector(committee.interface.getFunction("eject"))], GUARDIAN_ROLE);
  await authority.grantRole(GUARDIAN_ROLE, guardian, 0);
  for (const node of [alice, bob, carol]) {
    await token.transfer(node, PURSE);
    await token.connect(node).approve(staking, 2n ** 256n - 1n);
  }
  const { chainId } = await ethers.provider.getNetwork();
  return { admin, alice, bob, carol, stranger, ledger, guardian, authority, token, staking, committee, chainId };
}

export type Stakes = Awaited<ReturnType<typeof deployStakes>>;

/** Deterministic signing keys: the same name is the same key in every test. */
export const signingKey = (name: string): Wallet => new Wallet(id(name));
export const signingKeys = (name: string, count: number): Wallet[] =>
  Array.from({ length: count }, (_, index) => signingKey(`${name} ${index}`)).toSorted(byAddress);

export const byAddress = (a: { address: string }, b: { address: string }): number =>
  BigInt(a.address) < BigInt(b.address) ? -1 : 1;

export async function domainOf(
  chain: { chainId: bigint },
  name: string,
  contract: { getAddress(): Promise<string> },
): Promise<TypedDataDomain> {
  return { name, version: "1", chainId: chain.chainId, verifyingContract: await contract.getAddress() };
}

const NODE_KEY = {
  NodeKey: [
    { name: "node", type: "address" },
    { name: "key", type: "address" },
  ],
};

/** The signature by which a key agrees to sign for a node. */
export async function proofOf(stakes: Stakes, key: Wallet, node: string): Promise<string> {
  const domain = await domainOf(stakes, "DVStaking", stakes.staking);
  return key.signTypedData(domain, NODE_KEY, { node, key: key.address });
}

/** Signatures of one digest, packed and sorted as a committee submits them. */
export const packSignatures = (digest: string, keys: readonly Wallet[]): string =>
  "0x" +
  keys
    .toSorted(byAddress)
    .map((key) => key.signingKey.sign(digest).serialized.slice(2))
    .join("");

/** A node of its own for each key: funded, staked and registered. Returns the node accounts in the order of the keys. */
export async function enlist(
  connection: Connection,
  stakes: Stakes,
  keys: readonly Wallet[],
  amount: (index: number) => bigint,
): Promise<string[]> {
  const { ethers, networkHelpers } = connection;
  const nodes: string[] = [];
  for (const [index, key] of keys.entries()) {
    // A throw-away account derived from the key, so that node and signing key are never the same here.
    const address = new Wallet(id(`node of ${key.address}`)).address;
    await networkHelpers.impersonateAccount(address);
    await networkHelpers.setBalance(address, 10n ** 20n);
    const node = await ethers.getSigner(address);
    await stakes.token.transfer(address, amount(index));
    await stakes.token.connect(node).approve(stakes.staking, amount(index));
    await stakes.staking.connect(node).stakeAndDelegate(amount(index), address);
    await stakes.staking.connect(node).setKey(key.address, await proofOf(stakes, key, address));
    nodes.push(address);
  }
  return nodes;
}

/** Asserts that a call is refused with exactly this error and these values. */
export async function refused(
  call: Promise<unknown>,
  contract: { interface: Interface },
  error: string,
  values: readonly unknown[],
) {
  const assertion = expect(call).to.be.revertedWithCustomError(contract, error);
  await (values.length === 0 ? assertion : assertion.withArgs(...values));
}
