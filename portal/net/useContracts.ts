import type { Address } from "viem";
import { useNetwork } from "./NetworkContext.ts";

export interface Contracts {
  readonly token: Address;
  readonly staking: Address;
  readonly committee: Address;
  readonly governor: Address;
  readonly timelock: Address;
  readonly certificates: Address | undefined;
  readonly market: Address | undefined;
}

/** The platform's contracts as the relayer names them; undefined where it names too few to stake and vote. */
export function useContracts(): Contracts | undefined {
  const { contracts } = useNetwork();
  const { token, staking, committee, governor, timelock, certificates, market } = contracts;
  if (token === undefined || staking === undefined || committee === undefined) return undefined;
  if (governor === undefined || timelock === undefined) return undefined;
  return { token, staking, committee, governor, timelock, certificates, market };
}
