import { useState, type ReactNode } from "react";
import type { Address } from "viem";
import { useConfig } from "wagmi";
import type { Contracts } from "../net/useContracts.ts";
import { dateOf, tokens } from "../ui/format.ts";
import { Form } from "../ui/Form.tsx";
import { Segments } from "../ui/Segments.tsx";
import { TextField } from "../ui/TextField.tsx";
import { ActionButton } from "../wallet/ActionButton.tsx";
import { useActions } from "../wallet/ActionProvider.tsx";
import { signBallot, SUPPORTS, vote, type SignedBallot } from "./actions.ts";
import type { ProposalNow } from "./readGovern.ts";
import { usePower } from "./usePower.ts";

type Support = "1" | "0" | "2";
const CHOICES = [
  ["1", "For"],
  ["0", "Against"],
  ["2", "Abstain"],
] as const satisfies readonly (readonly [Support, string])[];

interface VoteProps {
  readonly contracts: Contracts;
  readonly account: Address;
  readonly proposal: ProposalNow;
}

export function VoteForm({ contracts, account, proposal }: VoteProps): ReactNode {
  const { mine } = proposal;
  const [support, setSupport] = useState<Support>("1");
  const [reason, setReason] = useState("");
  const [signed, setSigned] = useState<SignedBallot>();
  const config = useConfig();
  const { start, busy } = useActions();
  if (mine === undefined) return null;
  if (mine.voted) return <p className="good">You have voted.</p>;
  const powerless = mine.power === 0n || mine.power === undefined;
  const ballot = { id: proposal.id, support: Number(support), reason };
  return (
    <Form
      label="Vote"
      onSubmit={() => {
        start(vote(config, contracts, ballot));
      }}
    >
      <WhyDifferent contracts={contracts} account={account} proposal={proposal} />
      <Segments legend="Your vote" value={support} options={CHOICES} onChange={setSupport} />
      <TextField
        prose
        label="Reason, if you like"
        hint="Public, and kept on chain."
        value={reason}
        onChange={setReason}
      />
      <div className="row">
        <button type="submit" className="button main" disabled={busy || powerless}>
          Vote
        </button>
        <ActionButton
          disabled={powerless}
          action={(config) => signBallot(config, contracts, { ...ballot, voter: account }, setSigned)}
        >
          Sign without gas
        </ActionButton>
      </div>
      {signed === undefined ? null : <Signed ballot={signed} />}
    </Form>
  );
}

function Signed({ ballot }: { readonly ballot: SignedBallot }): ReactNode {
  return (
    <div className="notice">
      <strong>Signed: {SUPPORTS[ballot.support]}</strong>
      <span className="small">
        It is not sent yet. Give this text to somebody else: they paste it under “Send a vote that somebody has signed”
        on this page, send it and pay the gas. It cannot be changed on the way.
      </span>
      <code className="raw" aria-label="Signed vote">
        {JSON.stringify(ballot)}
      </code>
    </div>
  );
}

/** Votes are those of the snapshot: what came after it counts for later proposals. */
function WhyDifferent({ contracts, account, proposal }: VoteProps): ReactNode {
  const now = usePower(contracts, account);
  const then = proposal.mine?.power;
  if (then === undefined || now === undefined) return null;
  return (
    <p className="small number">
      You vote with <b>{tokens(then)}</b>: your votes at {dateOf(proposal.snapshot)}, when this vote began.
      {then === now.votes
        ? ""
        : ` You have ${tokens(now.votes)} now; what was staked, unstaked or delegated since then counts for later proposals only.`}
    </p>
  );
}
