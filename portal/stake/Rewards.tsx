import type { ReactNode } from "react";
import { useConfig } from "wagmi";
import type { Contracts } from "../net/useContracts.ts";
import { tokens } from "../ui/format.ts";
import { useActions } from "../wallet/ActionProvider.tsx";
import { claim } from "./actions.ts";
import type { Mine } from "./readStakes.ts";

export function Rewards({ contracts, mine }: { readonly contracts: Contracts; readonly mine: Mine }): ReactNode {
  const config = useConfig();
  const { start, busy } = useActions();
  return (
    <section className="card" aria-labelledby="rewards">
      <h2 id="rewards">Rewards</h2>
      <p className="number">
        About <b>{tokens(mine.rewards, 6)}</b> tokens can be claimed now. They grow every second.
      </p>
      <div>
        <button
          type="button"
          className="button main"
          disabled={busy || mine.rewards === 0n}
          onClick={() => {
            start(claim(config, contracts));
          }}
        >
          Claim rewards
        </button>
      </div>
    </section>
  );
}
