import { encodeFunctionData, type Abi, type Address, type Hex, type PublicClient } from "viem";
import { certificateRegistryAbi } from "../../protocol/abi/CertificateRegistry.ts";
import { dvCommitteeAbi } from "../../protocol/abi/DVCommittee.ts";
import { dvStakingAbi } from "../../protocol/abi/DVStaking.ts";
import { platformGovernorAbi } from "../../protocol/abi/PlatformGovernor.ts";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { serviceMarketAbi } from "../../protocol/abi/ServiceMarket.ts";
import type { Contracts } from "../net/useContracts.ts";
import { exactTokens, percentOfBps, readTokens, span, tokens } from "../ui/format.ts";

/** The platform's rules that a vote can change: one row each, from which forms, words and calls follow. */

export type Unit = "percent" | "seconds" | "tokens";
export type ContractName = keyof Contracts;

export interface Rule {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly contract: ContractName;
  /** The function that sets it, the new value first. */
  readonly set: string;
  readonly get: string;
  /** Place of the value in what `get` returns, where that is several. */
  readonly at?: number;
  /** The function or fixed number that bounds it, where there is one to ask. */
  readonly max?: string | bigint;
  /** Place of a second argument, kept as it is, in what `get` returns. */
  readonly keep?: number;
}

const BPS_MAX = 10_000n;

export const rules: readonly Rule[] = [
  {
    id: "inflation",
    title: "Yearly inflation",
    unit: "percent",
    contract: "token",
    set: "setInflation",
    get: "inflationBps",
    max: "inflationBpsMax",
  },
  {
    id: "stakersShare",
    title: "Stakers' share of fees",
    unit: "percent",
    contract: "staking",
    set: "setStakersShare",
    get: "rules",
    at: 2,
    max: BPS_MAX,
  },
  {
    id: "unbondDelay",
    title: "Time to unstake",
    unit: "seconds",
    contract: "staking",
    set: "setUnbondDelay",
    get: "rules",
    at: 0,
  },
  {
    id: "equivocation",
    title: "Penalty for signing twice",
    unit: "percent",
    contract: "staking",
    set: "setEquivocationPenalty",
    get: "rules",
    at: 3,
    max: BPS_MAX,
  },
  {
    id: "quorum",
    title: "Quorum of votes",
    unit: "percent",
    contract: "governor",
    set: "updateQuorumNumerator",
    get: "quorumNumerator",
    max: 5_000n,
  },
  {
    id: "quorumFloor",
    title: "Least quorum",
    unit: "tokens",
    contract: "governor",
    set: "setQuorumFloor",
    get: "quorumFloor",
    max: "quorumFloorMax",
  },
  {
    id: "deposit",
    title: "Deposit of a proposal",
    unit: "tokens",
    contract: "governor",
    set: "setProposalDeposit",
    get: "proposalDeposit",
    max: "proposalDepositMax",
  },
  {
    id: "threshold",
    title: "Votes needed to propose",
    unit: "tokens",
    contract: "governor",
    set: "setProposalThreshold",
    get: "proposalThreshold",
  },
  {
    id: "votingPeriod",
    title: "Length of a vote",
    unit: "seconds",
    contract: "governor",
    set: "setVotingPeriod",
    get: "votingPeriod",
  },
  {
    id: "committeeQuorum",
    title: "Quorum of the DV committee",
    unit: "percent",
    contract: "committee",
    set: "setQuorum",
    get: "rules",
    at: 0,
    max: BPS_MAX,
  },
  {
    id: "certificateFee",
    title: "Platform's share of certificate fees",
    unit: "percent",
    contract: "certificates",
    set: "setProtocolFee",
    get: "protocolFee",
    at: 0,
    keep: 1,
    max: 2_000n,
  },
  {
    id: "marketFee",
    title: "Platform's share of sales",
    unit: "percent",
    contract: "market",
    set: "setProtocolFee",
    get: "protocolFee",
    at: 0,
    keep: 1,
    max: 2_000n,
  },
];

export const abis: Readonly<Record<ContractName, Abi>> = {
  token: platformTokenAbi,
  staking: dvStakingAbi,
  committee: dvCommitteeAbi,
  governor: platformGovernorAbi,
  timelock: [],
  certificates: certificateRegistryAbi,
  market: serviceMarketAbi,
};

export interface RuleNow {
  readonly rule: Rule;
  readonly address: Address;
  readonly value: bigint;
  readonly max: bigint | undefined;
  readonly kept: unknown;
}

const toBig = (value: unknown): bigint => BigInt(value as bigint | number);

/** Every rule as the contracts hold it now; those of contracts that this network lacks are left out. */
export async function readRules(client: PublicClient, contracts: Contracts): Promise<readonly RuleNow[]> {
  const found = await Promise.all(
    rules.map(async (rule): Promise<RuleNow | undefined> => {
      const address = contracts[rule.contract];
      if (address === undefined) return undefined;
      const read = (functionName: string): Promise<unknown> =>
        client.readContract({ address, abi: abis[rule.contract], functionName });
      const result = await read(rule.get);
      const values = Array.isArray(result) ? (result as readonly unknown[]) : [result];
      const max = typeof rule.max === "string" ? toBig(await read(rule.max)) : rule.max;
      const kept = rule.keep === undefined ? undefined : values[rule.keep];
      return { rule, address, value: toBig(values[rule.at ?? 0]), max, kept };
    }),
  );
  return found.filter((row) => row !== undefined);
}

export function valueText(unit: Unit, value: bigint): string {
  switch (unit) {
    case "percent":
      return percentOfBps(value);
    case "seconds":
      return span(Number(value));
    case "tokens":
      return `${tokens(value)} tokens`;
  }
}

/** What a form shows to begin with. */
export function valueTyped(unit: Unit, value: bigint): string {
  switch (unit) {
    case "percent":
      return String(Number(value) / 100);
    case "seconds":
      return value.toString();
    case "tokens":
      return exactTokens(value);
  }
}

/** The value that somebody typed; undefined where it is none. */
export function readValue(unit: Unit, text: string): bigint | undefined {
  const trimmed = text.trim();
  switch (unit) {
    case "percent":
      return /^\d{1,3}(\.\d{1,2})?$/.test(trimmed) ? BigInt(Math.round(Number(trimmed) * 100)) : undefined;
    case "seconds":
      return /^\d{1,9}$/.test(trimmed) ? BigInt(trimmed) : undefined;
    case "tokens":
      return trimmed === "0" ? 0n : readTokens(trimmed);
  }
}

export const UNIT_HINTS: Readonly<Record<Unit, string>> = {
  percent: "in percent",
  seconds: "in seconds",
  tokens: "in tokens",
};

/** The call that a proposal carries. */
export function callOf({ rule, kept }: RuleNow, value: bigint): Hex {
  // Small unsigned types are numbers for the encoder, and it takes a bigint for all of them alike.
  const args = rule.keep === undefined ? [value] : [value, kept];
  return encodeFunctionData({ abi: abis[rule.contract], functionName: rule.set, args });
}
