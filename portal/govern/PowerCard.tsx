import { useState, type ReactNode } from "react";
import { isAddress, zeroAddress, type Address } from "viem";
import { useConfig } from "wagmi";
import type { Contracts } from "../net/useContracts.ts";
import { shortHash, tokens } from "../ui/format.ts";
import { Form } from "../ui/Form.tsx";
import { Figure } from "../ui/parts.tsx";
import { TextField } from "../ui/TextField.tsx";
import { delegate } from "../stake/actions.ts";
import { DelegateToSelf } from "../stake/DelegateToSelf.tsx";
import { useActions } from "../wallet/ActionProvider.tsx";
import type { Power } from "./readGovern.ts";

/** What the account can vote with now, and who votes with its stake. */
export function PowerCard(props: {
  readonly contracts: Contracts;
  readonly account: Address;
  readonly power: Power;
}): ReactNode {
  const { contracts, account, power } = props;
  return (
    <section className="card" aria-labelledby="power">
      <h2 id="power">Your voting power</h2>
      <div className="figures">
        <Figure label="votes now">{tokens(power.votes)}</Figure>
        <Figure label="your stake">{tokens(power.staked)}</Figure>
        <Figure label="needed to propose">{tokens(power.threshold)}</Figure>
      </div>
      <p className="small">{whoVotes(power, account)}</p>
      {power.staked === 0n || power.delegate === account ? null : (
        <DelegateToSelf contracts={contracts} account={account} />
      )}
      <DelegateOther contracts={contracts} />
    </section>
  );
}

function whoVotes({ staked, delegate: to }: Power, account: Address): string {
  if (staked === 0n) return "Votes come from stake: stake on the page before, or have somebody delegate to you.";
  if (to === zeroAddress) return "Your stake votes for nobody until you delegate it, to yourself for instance.";
  return to === account ? "Your stake votes for you." : `Your stake votes for ${shortHash(to)}.`;
}

function DelegateOther({ contracts }: { readonly contracts: Contracts }): ReactNode {
  const [to, setTo] = useState("");
  const config = useConfig();
  const { start, busy } = useActions();
  return (
    <details>
      <summary>Delegate to somebody else</summary>
      <Form
        label="Delegate to somebody else"
        onSubmit={() => {
          if (isAddress(to)) start(delegate(config, contracts, to));
        }}
      >
        <TextField
          label="Account"
          hint="It votes with your stake; it cannot move it. You can take it back at any time."
          placeholder="0x…"
          value={to}
          onChange={(text) => {
            setTo(text.trim());
          }}
        />
        <div>
          <button type="submit" className="button small" disabled={busy || !isAddress(to)}>
            Delegate
          </button>
        </div>
      </Form>
    </details>
  );
}
