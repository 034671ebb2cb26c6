import type { ContractFuture, Future, IgnitionModuleBuilder } from "@nomicfoundation/ignition-core";
import { toFunctionSelector } from "viem";

import type { Permission } from "./roles.ts";

/** Names the functions that a role other than ADMIN may call, contract by contract. */
export function permit(
  m: IgnitionModuleBuilder,
  manager: ContractFuture<string>,
  contracts: Readonly<Record<string, ContractFuture<string>>>,
  wiring: { permissions: readonly Permission[]; after: Future[] },
): Future[] {
  return wiring.permissions.map(({ contract, functions, role }) => {
    const target = contracts[contract];
    if (target === undefined) throw new Error(`a permission names ${contract}, which this module does not deploy`);
    const selectors = functions.map((signature) => toFunctionSelector(signature));
    const options = { id: `permit_${contract}`, after: wiring.after };
    return m.call(manager as never, "setTargetFunctionRole", [target, selectors, role], options);
  });
}
