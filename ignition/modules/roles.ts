import { keccak256, stringToHex } from "viem";

/** Roles of the access manager. ADMIN is built in; whoever holds it decides everything else. */
export const ADMIN_ROLE = 0n;
export const MINTER_ROLE = 1n;
export const LEDGER_ROLE = 2n;
export const GUARDIAN_ROLE = 3n;

/** One contract's functions that a role other than ADMIN may call. */
export interface Permission {
  readonly contract: string;
  readonly functions: readonly string[];
  readonly role: bigint;
}

// A guardian can only stop things; starting them again takes a vote.
const gatewayPermission = {
  contract: "CommitteeGateway",
  functions: ["pause()", "cutOff(uint256)"],
  role: GUARDIAN_ROLE,
};
const mirrorPermission = { contract: "CommitmentMirror", functions: ["pause()"], role: GUARDIAN_ROLE };

export const homePermissions: readonly Permission[] = [
  { contract: "PlatformToken", functions: ["mintInflation(address)", "skipInflation()"], role: MINTER_ROLE },
  { contract: "DVStaking", functions: ["proveEquivocation(address,bytes32)"], role: LEDGER_ROLE },
  { contract: "DVCommittee", functions: ["eject(address)"], role: GUARDIAN_ROLE },
  { contract: "NotaryLedger", functions: ["pause()"], role: GUARDIAN_ROLE },
  { contract: "HomeBridge", functions: ["pause()"], role: GUARDIAN_ROLE },
  gatewayPermission,
  mirrorPermission,
];

export const remotePermissions: readonly Permission[] = [
  { contract: "RemoteCommittee", functions: ["eject(address)"], role: GUARDIAN_ROLE },
  { contract: "RemoteBridge", functions: ["pause()"], role: GUARDIAN_ROLE },
  gatewayPermission,
  mirrorPermission,
];

// Roles of the timelock, named as OpenZeppelin's TimelockController names them.
export const PROPOSER_ROLE = keccak256(stringToHex("PROPOSER_ROLE"));
export const CANCELLER_ROLE = keccak256(stringToHex("CANCELLER_ROLE"));
export const EXECUTOR_ROLE = keccak256(stringToHex("EXECUTOR_ROLE"));
export const TIMELOCK_ADMIN_ROLE = `0x${"00".repeat(32)}` as const;
