import { decodeErrorResult, type Hex } from "viem";
import { dvStakingAbi } from "../../protocol/abi/DVStaking.ts";
import { platformGovernorAbi } from "../../protocol/abi/PlatformGovernor.ts";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { revertInWords, type Trouble } from "./words.ts";

const errors = [...dvStakingAbi, ...platformGovernorAbi, ...platformTokenAbi].filter(({ type }) => type === "error");

/** Revert data in words; loaded only when something has reverted. */
export function revertOf(data: Hex | undefined): Trouble {
  if (data === undefined || data === "0x") return revertInWords(undefined);
  try {
    const { errorName, args } = decodeErrorResult({ abi: errors, data });
    return revertInWords(errorName, args);
  } catch {
    return revertInWords(undefined);
  }
}
