import { useState, type ReactNode } from "react";
import type { Address } from "viem";
import { useConfig } from "wagmi";
import type { Contracts } from "../net/useContracts.ts";
import { exactTokens, readTokens, tokens } from "../ui/format.ts";
import { Form } from "../ui/Form.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useActions } from "../wallet/ActionProvider.tsx";
import { stake } from "./actions.ts";
import { DelegateToSelf } from "./DelegateToSelf.tsx";
import type { Mine } from "./readStakes.ts";

export function StakeForm(props: {
  readonly contracts: Contracts;
  readonly account: Address;
  readonly mine: Mine;
}): ReactNode {
  const { contracts, account, mine } = props;
  const [text, setText] = useState("");
  const config = useConfig();
  const { start, busy } = useActions();
  const amount = readTokens(text);
  const tooMuch = amount !== undefined && amount > mine.balance;
  return (
    <Form
      look="card"
      label="Stake tokens"
      onSubmit={() => {
        if (amount === undefined) return;
        start(stake(config, contracts, account, amount));
        setText("");
      }}
    >
      <h2>Stake</h2>
      <TextField
        decimal
        label="Amount to stake"
        wrong={tooMuch}
        value={text}
        onChange={setText}
        hint={
          tooMuch
            ? `Your account holds ${tokens(mine.balance)}.`
            : "One signature, one transaction: no separate approval."
        }
      />
      <div className="row">
        <button type="submit" className="button main" disabled={busy || amount === undefined || tooMuch}>
          Stake
        </button>
        <button
          type="button"
          className="button plain"
          disabled={mine.balance === 0n}
          onClick={() => {
            setText(exactTokens(mine.balance));
          }}
        >
          Everything
        </button>
      </div>
      <Power contracts={contracts} account={account} mine={mine} />
    </Form>
  );
}

/** Staked tokens vote only once they are delegated: the classic trap, told before it hurts. */
function Power(props: { readonly contracts: Contracts; readonly account: Address; readonly mine: Mine }): ReactNode {
  const { contracts, account, mine } = props;
  if (mine.staked === 0n) return null;
  if (mine.delegate === account) return <p className="small">Your stake votes for you: {tokens(mine.votes)} votes.</p>;
  return (
    <div className="notice warn-notice">
      <span>Your stake has no votes of yours yet. Delegate to yourself to vote and propose with it.</span>
      <DelegateToSelf contracts={contracts} account={account} />
    </div>
  );
}
