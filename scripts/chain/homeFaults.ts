import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import { createPublicClient, custom, getAddress, parseAbi, toFunctionSelector, type Address, type Hex } from "viem";

import {
  ADMIN_ROLE,
  CANCELLER_ROLE,
  EXECUTOR_ROLE,
  GUARDIAN_ROLE,
  homePermissions,
  LEDGER_ROLE,
  MINTER_ROLE,
  PROPOSER_ROLE,
  TIMELOCK_ADMIN_ROLE,
} from "../../ignition/modules/roles.ts";
import type { Addresses } from "./deployHome.ts";
import { releaseArtifact } from "./releaseArtifacts.ts";

const ANYONE = "0x0000000000000000000000000000000000000000";

const managerAbi = parseAbi([
  "event RoleGranted(uint64 indexed roleId, address indexed account, uint32 delay, uint48 since, bool newMember)",
  "function hasRole(uint64 roleId, address account) view returns (bool isMember, uint32 executionDelay)",
  "function getTargetFunctionRole(address target, bytes4 selector) view returns (uint64)",
]);
const timelockAbi = parseAbi([
  "event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)",
  "function hasRole(bytes32 role, address account) view returns (bool)",
]);
const wiringAbi = parseAbi([
  "function authority() view returns (address)",
  "function ledger() view returns (address)",
  "function timelock() view returns (address)",
  "function token() view returns (address)",
]);

interface Facts {
  readonly guardian: Address;
  /** A block before the deployment, so that no grant is overlooked. */
  readonly sinceBlock: bigint;
}

type Client = ReturnType<typeof connect>;

const connect = (provider: EIP1193Provider) => createPublicClient({ transport: custom(provider), cacheTime: 0 });

/** Compares a deployed home chain with the reviewed role table, whole: what is there and should not be counts too. */
export async function homeFaults(provider: EIP1193Provider, at: Addresses, facts: Facts): Promise<string[]> {
  const client = connect(provider);
  const found = await Promise.all([
    managerFaults(client, at, facts),
    timelockFaults(client, at, facts),
    permissionFaults(client, at),
    wiringFaults(client, at),
  ]);
  return found.flat();
}

/** Whoever was ever granted a role and still has it must be in the table, and everybody in the table must have it. */
async function managerFaults(client: Client, at: Addresses, facts: Facts): Promise<string[]> {
  const table = new Set([
    `${ADMIN_ROLE} ${at.timelock}`,
    `${MINTER_ROLE} ${at.dvStaking}`,
    `${LEDGER_ROLE} ${at.notaryLedger}`,
    `${GUARDIAN_ROLE} ${facts.guardian}`,
  ]);
  const manager = { address: at.accessManager, abi: managerAbi } as const;
  const granted = await client.getContractEvents({
    ...manager,
    eventName: "RoleGranted",
    strict: true,
    fromBlock: facts.sinceBlock,
  });
  const candidates = new Set([...table, ...granted.map(({ args }) => `${args.roleId} ${getAddress(args.account)}`)]);
  const faults: string[] = [];
  for (const candidate of candidates) {
    const [role = "", account = ""] = candidate.split(" ");
    const args = [BigInt(role), account as Address] as const;
    const [isMember, delay] = await client.readContract({ ...manager, functionName: "hasRole", args });
    if (isMember !== table.has(candidate))
      faults.push(`access manager role ${role}: ${account} ${isMember ? "has it" : "lacks it"}`);
    if (isMember && delay !== 0) faults.push(`access manager role ${role}: ${account} waits ${delay}s`);
  }
  return faults;
}

async function timelockFaults(client: Client, at: Addresses, facts: Facts): Promise<string[]> {
  const table = new Set([
    `${PROPOSER_ROLE} ${at.governor}`,
    `${CANCELLER_ROLE} ${at.governor}`,
    `${EXECUTOR_ROLE} ${ANYONE}`,
    `${TIMELOCK_ADMIN_ROLE} ${at.timelock}`,
  ]);
  const timelock = { address: at.timelock, abi: timelockAbi } as const;
  const granted = await client.getContractEvents({
    ...timelock,
    eventName: "RoleGranted",
    strict: true,
    fromBlock: facts.sinceBlock,
  });
  const candidates = new Set([...table, ...granted.map(({ args }) => `${args.role} ${getAddress(args.account)}`)]);
  const faults: string[] = [];
  for (const candidate of candidates) {
    const [role, account] = candidate.split(" ") as [Hex, Address];
    const has = await client.readContract({ ...timelock, functionName: "hasRole", args: [role, account] });
    if (has !== table.has(candidate)) faults.push(`timelock role ${role}: ${account} ${has ? "has it" : "lacks it"}`);
  }
  return faults;
}

/** Every function that changes anything answers to the role the table names, all others to ADMIN. */
async function permissionFaults(client: Client, at: Addresses): Promise<string[]> {
  const targets = {
    PlatformToken: at.platformToken,
    DVStaking: at.dvStaking,
    DVCommittee: at.dvCommittee,
    SettlementEngine: at.settlementEngine,
    NotaryLedger: at.notaryLedger,
  };
  const faults: string[] = [];
  for (const [contract, target] of Object.entries(targets)) {
    const permission = homePermissions.find((one) => one.contract === contract);
    const special = new Set(permission?.functions.map((signature) => toFunctionSelector(signature)));
    const { abi } = await releaseArtifact(contract);
    const selectors = (abi as readonly AbiEntry[])
      .filter(isChanging)
      .map((entry) => toFunctionSelector(entry as never));
    const roles = await Promise.all(
      selectors.map((selector) =>
        client.readContract({
          address: at.accessManager,
          abi: managerAbi,
          functionName: "getTargetFunctionRole",
          args: [target, selector],
        }),
      ),
    );
    roles.forEach((role, i) => {
      const selector = selectors[i] ?? "0x";
      const wanted = special.has(selector) ? permission?.role : ADMIN_ROLE;
      if (role !== wanted) faults.push(`${contract} ${selector} answers to role ${role}, not ${wanted}`);
    });
  }
  return faults;
}

interface AbiEntry {
  readonly type: string;
  readonly stateMutability?: string;
}

const isChanging = ({ type, stateMutability }: AbiEntry): boolean =>
  type === "function" && stateMutability !== "view" && stateMutability !== "pure";

async function wiringFaults(client: Client, at: Addresses): Promise<string[]> {
  const read = (address: Address, functionName: "authority" | "ledger" | "timelock" | "token") =>
    client.readContract({ address, abi: wiringAbi, functionName });
  const managed = [at.platformToken, at.dvStaking, at.dvCommittee, at.settlementEngine, at.notaryLedger];
  const links = [
    ...managed.map(
      (address) => ({ what: `authority of ${address}`, address, get: "authority", want: at.accessManager }) as const,
    ),
    { what: "ledger of the engine", address: at.settlementEngine, get: "ledger", want: at.notaryLedger },
    { what: "timelock of the governor", address: at.governor, get: "timelock", want: at.timelock },
    { what: "votes of the governor", address: at.governor, get: "token", want: at.dvStaking },
  ] as const;
  const found = await Promise.all(links.map(({ address, get }) => read(address, get)));
  return links.flatMap(({ what, want }, i) => (found[i] === want ? [] : [`${what} is ${found[i]}, not ${want}`]));
}
