import { decodeFunctionData, type Address, type Hex } from "viem";
import type { Contracts } from "../net/useContracts.ts";
import { abis, rules, valueText, type ContractName } from "./rules.ts";

const NAMES: Readonly<Record<ContractName, string>> = {
  token: "PlatformToken",
  staking: "DVStaking",
  committee: "DVCommittee",
  governor: "PlatformGovernor",
  timelock: "TimelockController",
  certificates: "CertificateRegistry",
  market: "ServiceMarket",
};

export interface ActionWords {
  readonly words: string;
  /** The call as a programmer writes it; the bare target where it cannot be read. */
  readonly call: string;
  readonly target: Address;
  readonly calldata: Hex;
}

/** One action of a proposal, in words where it sets a known rule. */
export function actionWords(contracts: Contracts, target: Address, calldata: Hex): ActionWords {
  const names = Object.keys(NAMES) as ContractName[];
  const name = names.find((candidate) => contracts[candidate]?.toLowerCase() === target.toLowerCase());
  if (name === undefined)
    return { words: "A call of a contract that this page does not know", call: target, target, calldata };
  try {
    const { functionName, args = [] } = decodeFunctionData({ abi: abis[name], data: calldata });
    const call = `${NAMES[name]}.${functionName}(${args.map(String).join(", ")})`;
    const rule = rules.find((row) => row.contract === name && row.set === functionName);
    const [value] = args;
    const words =
      rule === undefined
        ? `Call ${functionName} of ${NAMES[name]}`
        : `Set “${rule.title}” to ${valueText(rule.unit, BigInt(value as bigint | number))}`;
    return { words, call, target, calldata };
  } catch {
    return { words: `An unknown call of ${NAMES[name]}`, call: NAMES[name], target, calldata };
  }
}
