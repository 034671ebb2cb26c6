import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import { createPublicClient, custom, getAddress, parseAbi, toFunctionSelector, type Address, type Hex } from "viem";

import { ADMIN_ROLE, type Permission } from "../../ignition/modules/roles.ts";
import { releaseArtifact } from "./releaseArtifacts.ts";

const managerAbi = parseAbi([
  "event RoleGranted(uint64 indexed roleId, address indexed account, uint32 delay, uint48 since, bool newMember)",
  "function hasRole(uint64 roleId, address account) view returns (bool isMember, uint32 executionDelay)",
  "function getTargetFunctionRole(address target, bytes4 selector) view returns (uint64)",
]);
const timelockAbi = parseAbi([
  "event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)",
  "function hasRole(bytes32 role, address account) view returns (bool)",
]);

/** Who must hold which right, and who must know whom, on one chain; anything else found there is a fault. */
export interface RoleTable {
  readonly accessManager: Address;
  readonly roles: readonly { readonly role: bigint; readonly account: Address }[];
  readonly timelock?: {
    readonly address: Address;
    readonly roles: readonly { readonly role: Hex; readonly account: Address }[];
  };
  /** Contracts that answer to the access manager, by name. */
  readonly managed: Readonly<Record<string, Address>>;
  readonly permissions: readonly Permission[];
  readonly links: readonly Link[];
  /** A block before the deployment, so that no grant is overlooked. */
  readonly sinceBlock: bigint;
}

/** `contract` must answer `account` when asked for `getter`. */
export interface Link {
  readonly contract: Address;
  readonly getter: string;
  readonly account: Address;
}

type Client = ReturnType<typeof connect>;

const connect = (provider: EIP1193Provider) => createPublicClient({ transport: custom(provider), cacheTime: 0 });

/** Compares a deployed chain with its reviewed role table, whole: what is there and should not be counts too. */
export async function roleFaults(provider: EIP1193Provider, table: RoleTable): Promise<string[]> {
  const client = connect(provider);
  const authorities = Object.values(table.managed).map((contract) => ({
    contract,
    getter: "authority",
    account: table.accessManager,
  }));
  const found = await Promise.all([
    managerFaults(client, table),
    timelockFaults(client, table),
    ...Object.entries(table.managed).map(([name, target]) => permissionFaults(client, table, { name, target })),
    ...[...authorities, ...table.links].map((link) => linkFaults(client, link)),
  ]);
  return found.flat();
}

/** Whoever was ever granted a role and still has it must be in the table, and everybody in the table must have it. */
async function managerFaults(client: Client, { accessManager, roles, sinceBlock }: RoleTable): Promise<string[]> {
  const wanted = new Set(roles.map(({ role, account }) => `${role} ${account}`));
  const manager = { address: accessManager, abi: managerAbi } as const;
  const logs = { ...manager, eventName: "RoleGranted", strict: true, fromBlock: sinceBlock } as const;
  const granted = (await client.getContractEvents(logs)).map(
    ({ args }) => `${args.roleId} ${getAddress(args.account)}`,
  );
  const faults: string[] = [];
  for (const candidate of new Set([...wanted, ...granted])) {
    const [role = "", account = ""] = candidate.split(" ");
    const args = [BigInt(role), account as Address] as const;
    const [isMember, delay] = await client.readContract({ ...manager, functionName: "hasRole", args });
    const has = isMember ? "has it" : "lacks it";
    if (isMember !== wanted.has(candidate)) faults.push(`access manager role ${role}: ${account} ${has}`);
    if (isMember && delay !== 0) faults.push(`access manager role ${role}: ${account} waits ${delay}s`);
  }
  return faults;
}

async function timelockFaults(client: Client, { timelock, sinceBlock }: RoleTable): Promise<string[]> {
  if (timelock === undefined) return [];
  const wanted = new Set(timelock.roles.map(({ role, account }) => `${role} ${account}`));
  const contract = { address: timelock.address, abi: timelockAbi } as const;
  const logs = { ...contract, eventName: "RoleGranted", strict: true, fromBlock: sinceBlock } as const;
  const granted = (await client.getContractEvents(logs)).map(({ args }) => `${args.role} ${getAddress(args.account)}`);
  const faults: string[] = [];
  for (const candidate of new Set([...wanted, ...granted])) {
    const [role, account] = candidate.split(" ") as [Hex, Address];
    const has = await client.readContract({ ...contract, functionName: "hasRole", args: [role, account] });
    if (has !== wanted.has(candidate)) faults.push(`timelock role ${role}: ${account} ${has ? "has it" : "lacks it"}`);
  }
  return faults;
}

/** Every function that changes anything answers to the role the table names, all others to ADMIN. */
async function permissionFaults(
  client: Client,
  { accessManager, permissions }: RoleTable,
  { name, target }: { name: string; target: Address },
): Promise<string[]> {
  const permission = permissions.find(({ contract }) => contract === name);
  const special = new Set(permission?.functions.map((signature) => toFunctionSelector(signature)));
  const { abi } = await releaseArtifact(name);
  const selectors = (abi as readonly AbiEntry[]).filter(isChanging).map((entry) => toFunctionSelector(entry as never));
  const manager = { address: accessManager, abi: managerAbi, functionName: "getTargetFunctionRole" } as const;
  const checked = selectors.map(async (selector) => {
    const role = await client.readContract({ ...manager, args: [target, selector] });
    const wanted = special.has(selector) ? permission?.role : ADMIN_ROLE;
    return role === wanted ? [] : [`${name} ${selector} answers to role ${role}, not ${wanted}`];
  });
  return (await Promise.all(checked)).flat();
}

interface AbiEntry {
  readonly type: string;
  readonly stateMutability?: string;
}

const isChanging = ({ type, stateMutability }: AbiEntry): boolean =>
  type === "function" && stateMutability !== "view" && stateMutability !== "pure";

async function linkFaults(client: Client, { contract, getter, account }: Link): Promise<string[]> {
  const abi = parseAbi([`function ${getter}() view returns (address)`] as readonly string[]);
  const found = (await client.readContract({ address: contract, abi, functionName: getter })) as Address;
  return found === account ? [] : [`${getter} of ${contract} is ${found}, not ${account}`];
}
