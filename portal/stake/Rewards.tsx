import type { ReactNode } from "react";
import type { Contracts } from "../net/useContracts.ts";
import { tokens } from "../ui/format.ts";
import { ActionButton } from "../wallet/ActionButton.tsx";
import { claim } from "./actions.ts";
import type { Mine } from "./readStakes.ts";

export function Rewards({ contracts, mine }: { readonly contracts: Contracts; readonly mine: Mine }): ReactNode {
  return (
    <section className="card" aria-labelledby="rewards">
      <h2 id="rewards">Rewards</h2>
      <p className="number">
        About <b>{tokens(mine.rewards, 6)}</b> tokens can be claimed now. They grow every second.
      </p>
      <div>
        <ActionButton look="main" disabled={mine.rewards === 0n} action={(config) => claim(config, contracts)}>
          Claim rewards
        </ActionButton>
      </div>
    </section>
  );
}
