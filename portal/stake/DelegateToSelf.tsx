import type { ReactNode } from "react";
import type { Address } from "viem";
import type { Contracts } from "../net/useContracts.ts";
import { ActionButton } from "../wallet/ActionButton.tsx";
import { delegate } from "./actions.ts";

/** Stake votes only once it is delegated; the same way to do so wherever that is told. */
export function DelegateToSelf(props: { readonly contracts: Contracts; readonly account: Address }): ReactNode {
  return (
    <div>
      <ActionButton look="main" action={(config) => delegate(config, props.contracts, props.account)}>
        Delegate to yourself
      </ActionButton>
    </div>
  );
}
