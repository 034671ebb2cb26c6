import type { ReactNode } from "react";
import { useContracts, type Contracts } from "../net/useContracts.ts";
import { Empty } from "./parts.tsx";

/** What a page shows when its relayer does not say where the contracts are. */
export function NeedsContracts({ children }: { readonly children: (contracts: Contracts) => ReactNode }): ReactNode {
  const contracts = useContracts();
  if (contracts !== undefined) return children(contracts);
  return (
    <Empty title="This relayer does not name the platform's contracts">
      <p>
        Its operator has to set <code>MIDCHAIN_CONTRACTS</code>.
      </p>
    </Empty>
  );
}
