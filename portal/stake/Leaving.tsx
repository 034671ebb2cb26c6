import { useState, type ReactNode } from "react";
import { useConfig } from "wagmi";
import { useChainTime } from "../net/useChainTime.ts";
import type { Contracts } from "../net/useContracts.ts";
import { dateOf, readTokens, span, tokens } from "../ui/format.ts";
import { Form } from "../ui/Form.tsx";
import { TextField } from "../ui/TextField.tsx";
import { ActionButton } from "../wallet/ActionButton.tsx";
import { useActions } from "../wallet/ActionProvider.tsx";
import { cancelUnstake, requestUnstake, withdraw } from "./actions.ts";
import type { Mine } from "./readStakes.ts";

/** The way out: ask, wait, withdraw. */
export function Leaving(props: {
  readonly contracts: Contracts;
  readonly mine: Mine;
  readonly unbondDelay: number;
}): ReactNode {
  const { contracts, mine, unbondDelay } = props;
  const [text, setText] = useState("");
  const config = useConfig();
  const { start, busy } = useActions();
  const amount = readTokens(text);
  const tooMuch = amount !== undefined && amount > mine.staked;
  return (
    <section className="card" aria-labelledby="unstake">
      <h2 id="unstake">Unstake</h2>
      {mine.unbonding === 0n ? null : <Countdown contracts={contracts} mine={mine} />}
      <Form
        label="Unstake tokens"
        onSubmit={() => {
          if (amount === undefined) return;
          start(requestUnstake(config, contracts, amount));
          setText("");
        }}
      >
        <TextField
          decimal
          label="Amount to unstake"
          wrong={tooMuch}
          value={text}
          onChange={setText}
          hint={
            tooMuch
              ? `Only ${tokens(mine.staked)} are staked.`
              : `Leaves after ${span(unbondDelay)}. Asking again starts the wait anew for all that is leaving.`
          }
        />
        <div>
          <button type="submit" className="button" disabled={busy || amount === undefined || tooMuch}>
            Unstake
          </button>
        </div>
      </Form>
    </section>
  );
}

function Countdown({ contracts, mine }: { readonly contracts: Contracts; readonly mine: Mine }): ReactNode {
  const now = useChainTime();
  const left = now === undefined ? undefined : mine.unlockAt - now;
  const free = left !== undefined && left <= 0;
  return (
    <div className="notice">
      <strong className="number">{tokens(mine.unbonding)} tokens are leaving</strong>
      <span className="number">
        {free
          ? "They can be withdrawn now."
          : `Free in ${left === undefined ? "…" : span(left)}, ${dateOf(mine.unlockAt)}.`}
      </span>
      <div className="row">
        <ActionButton look="main small" disabled={!free} action={(config) => withdraw(config, contracts)}>
          Withdraw
        </ActionButton>
        <ActionButton look="small" action={(config) => cancelUnstake(config, contracts, mine.unbonding)}>
          Keep staked
        </ActionButton>
      </div>
    </div>
  );
}
