// Usage:
//   const addresses = await deployLocal({ rpcUrl: "http://127.0.0.1:8545" });
// on a fresh anvil (chain 31337). Runs the Ignition module of the home chain over the committed release artifacts, then
// gives tokens to `accounts`, stakes for every key of `dvKeys` (the node account is its own signing key), and seats the
// first committee. A few seconds, no compiler. Anvil's first account is the deployer and holds the genesis supply.
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  http,
  parseEther,
  type Address,
  type Hex,
} from "viem";
import { privateKeyToAccount, type PrivateKeyAccount } from "viem/accounts";
import { foundry } from "viem/chains";

import { dvCommitteeAbi } from "../../protocol/abi/DVCommittee.ts";
import { dvStakingAbi } from "../../protocol/abi/DVStaking.ts";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { deployHome, type Addresses } from "../chain/deployHome.ts";
import { keyProvider } from "../chain/keyProvider.ts";
import { readParameters } from "../chain/parameters.ts";

const POLL_MS = 20;
/** A transaction that a local chain has not mined by then never will be, as it stands. */
const BUMP_AFTER_MS = 3_000;
const GAS_MONEY = parseEther("100");
/** Fixed, not estimated: a stake costs more in the second after another than in the same one, when nothing accrues. */
const GAS_LIMIT = 3_000_000n;

/** Anvil's well-known development keys: the deployer, then four DV nodes. Public, so never for a real chain. */
export const ANVIL_KEYS = [
  "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
  "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
  "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
  "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
  "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
] as const satisfies readonly Hex[];

export interface LocalChain {
  readonly rpcUrl: string;
  readonly deployerKey?: Hex;
  /** Signing keys of the DV nodes, at least three; each stakes `stake` wei from its own address. */
  readonly dvKeys?: readonly Hex[];
  readonly stake?: bigint;
  /** Accounts that receive `gift` wei of the platform token each. */
  readonly accounts?: readonly Address[];
  readonly gift?: bigint;
}

/** Deploys, wires and populates a complete home chain on a fresh anvil. */
export async function deployLocal(chain: LocalChain): Promise<Addresses> {
  const [defaultDeployer, ...defaultDvKeys] = ANVIL_KEYS;
  const { rpcUrl, deployerKey = defaultDeployer, dvKeys = defaultDvKeys, accounts = [] } = chain;
  const { stake = parseEther("100000"), gift = parseEther("10000") } = chain;
  const clients = connect(rpcUrl);
  const deployer = privateKeyToAccount(deployerKey);
  const nodes = dvKeys.map((key) => privateKeyToAccount(key));
  const funded = [deployer, ...nodes].map(({ address }) => clients.test.setBalance({ address, value: GAS_MONEY }));
  await Promise.all(funded);

  const file = await readParameters("local");
  if (!("Home" in file)) throw new Error("the parameters of the local chain are not those of a home chain");
  const parameters = file.Home;
  const provider = keyProvider(rpcUrl, deployerKey, foundry.id);
  const deployment = {
    provider,
    deployer: deployer.address,
    pollMs: POLL_MS,
    confirmations: 1,
    bumpAfterMs: BUMP_AFTER_MS,
  };
  const addresses = await deployHome(deployment, { ...parameters, genesisHolder: deployer.address });

  const gifts = [
    ...nodes.map(({ address }) => ({ to: address, amount: stake })),
    ...accounts.map((to) => ({ to, amount: gift })),
  ];
  // One after the other: anvil can queue a transaction for ever whose predecessor it mines in the same moment.
  for (const { to, amount } of gifts) await clients.send(deployer, transfer(addresses, to, amount));
  await Promise.all(nodes.map((node) => enlist(clients, addresses, node, stake)));
  const keys = nodes.map(({ address }) => address).toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  // Weights are read one second back, so the stakes must be at least that old.
  await clients.test.increaseTime({ seconds: 1 });
  const committee = { address: addresses.dvCommittee, abi: dvCommitteeAbi } as const;
  await clients.send(deployer, { ...committee, functionName: "nominate", args: [keys] });
  await clients.send(deployer, { ...committee, functionName: "roll" });
  return addresses;
}

type Clients = ReturnType<typeof connect>;

function connect(rpcUrl: string) {
  const options = { chain: foundry, transport: http(rpcUrl), pollingInterval: POLL_MS, cacheTime: 0 } as const;
  const wallet = createWalletClient(options);
  const open = createPublicClient(options);
  const test = createTestClient({ ...options, mode: "anvil" });
  return {
    test,
    /** Sends one contract call and waits until it is mined; rejects if it reverts. */
    async send(account: PrivateKeyAccount, call: Call): Promise<void> {
      const hash = await wallet.writeContract({ ...call, account, gas: GAS_LIMIT });
      const receipt = await open.waitForTransactionReceipt({ hash });
      if (receipt.status === "reverted") throw new Error(`${call.functionName} reverted in ${hash}`);
    },
  };
}

interface Call {
  readonly address: Address;
  readonly abi: readonly unknown[];
  readonly functionName: string;
  readonly args?: readonly unknown[];
}

function transfer(addresses: Addresses, to: Address, amount: bigint): Call {
  return { address: addresses.platformToken, abi: platformTokenAbi, functionName: "transfer", args: [to, amount] };
}

/** One DV node: its stake, its own votes, and its signing key with the proof that it holds it. */
async function enlist(clients: Clients, addresses: Addresses, node: PrivateKeyAccount, stake: bigint): Promise<void> {
  const { platformToken, dvStaking } = addresses;
  const staking = { address: dvStaking, abi: dvStakingAbi } as const;
  const proof = await node.signTypedData({
    domain: { name: "DVStaking", version: "1", chainId: foundry.id, verifyingContract: dvStaking },
    types: {
      NodeKey: [
        { name: "node", type: "address" },
        { name: "key", type: "address" },
      ],
    },
    primaryType: "NodeKey",
    message: { node: node.address, key: node.address },
  });
  const approve = { address: platformToken, abi: platformTokenAbi, functionName: "approve", args: [dvStaking, stake] };
  await clients.send(node, approve);
  await clients.send(node, { ...staking, functionName: "stakeAndDelegate", args: [stake, node.address] });
  await clients.send(node, { ...staking, functionName: "setKey", args: [node.address, proof] });
}
