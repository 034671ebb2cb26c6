import type { ReactNode } from "react";
import { useConnection } from "wagmi";
import { useChainQuery } from "../net/useChainQuery.ts";
import { useChainTime } from "../net/useChainTime.ts";
import type { Contracts } from "../net/useContracts.ts";
import { dateOf, shortHash, span, tokens } from "../ui/format.ts";
import { Facts, Skeleton } from "../ui/parts.tsx";
import { ActionButton } from "../wallet/ActionButton.tsx";
import { execute, queue, settleDeposit } from "./actions.ts";
import { actionWords } from "./decode.ts";
import { readProposal, type Proposal, type ProposalNow, type ProposalState } from "./readGovern.ts";
import { Tally } from "./Tally.tsx";
import { VoteForm } from "./VoteForm.tsx";

const LOOK_MS = 1_500;
const TONES: Readonly<Partial<Record<ProposalState, string>>> = {
  active: "accent-tag",
  succeeded: "good-tag",
  queued: "warn-tag",
  executed: "good-tag",
  defeated: "bad-tag",
  canceled: "bad-tag",
  expired: "bad-tag",
};

/** One proposal: what it does, how the vote stands, and what can be done about it now. */
export function ProposalCard(props: { readonly contracts: Contracts; readonly proposal: Proposal }): ReactNode {
  const { contracts, proposal } = props;
  const { address } = useConnection();
  const [title = "Proposal", ...reason] = proposal.description.split("\n");
  const { data: now } = useChainQuery({
    key: ["govern", "proposal", proposal.id.toString(), address],
    everyMs: LOOK_MS,
    read: (client) => readProposal(client, contracts, { proposal, account: address }),
  });
  const name = title.replace(/^#\s*/, "");
  return (
    <article className="card" aria-label={name}>
      <div className="row apart">
        <h3>{name}</h3>
        {now === undefined ? null : <span className={`tag ${TONES[now.state] ?? ""}`}>{now.state}</span>}
      </div>
      {reason.join("\n").trim() === "" ? null : <p>{reason.join("\n").trim()}</p>}
      <ActionList contracts={contracts} proposal={proposal} />
      {now === undefined ? <Skeleton /> : <Standing contracts={contracts} now={now} />}
    </article>
  );
}

function ActionList({
  contracts,
  proposal,
}: {
  readonly contracts: Contracts;
  readonly proposal: Proposal;
}): ReactNode {
  const actions = proposal.targets.map((target, index) =>
    actionWords(contracts, target, proposal.calldatas[index] ?? "0x"),
  );
  return (
    <ul className="stack tight">
      {actions.map(({ words, call, target, calldata }) => (
        <li key={`${target}${calldata}`} className="stack tight">
          <b>{words}</b>
          <details>
            <summary>The call itself</summary>
            <code className="raw">
              {call}
              {"\n"}to {target}
              {"\n"}
              {calldata}
            </code>
          </details>
        </li>
      ))}
    </ul>
  );
}

function Standing({ contracts, now }: { readonly contracts: Contracts; readonly now: ProposalNow }): ReactNode {
  const { address } = useConnection();
  return (
    <>
      <Tally proposal={now} />
      <Timeline proposal={now} />
      <Facts
        rows={[
          ["Proposed by", shortHash(now.proposer)],
          ["Deposit", now.deposit === 0n ? "paid out, or none was needed" : `${tokens(now.deposit)} tokens, held`],
        ]}
      />
      {address === undefined ? null : (
        <>
          {now.state === "active" ? <VoteForm contracts={contracts} account={address} proposal={now} /> : null}
          <NextStep contracts={contracts} proposal={now} />
        </>
      )}
    </>
  );
}

function Timeline({ proposal }: { readonly proposal: ProposalNow }): ReactNode {
  const time = useChainTime();
  const { state, snapshot, deadline, eta } = proposal;
  const left = (at: number): string =>
    time === undefined || time >= at ? dateOf(at) : `in ${span(at - time)}, ${dateOf(at)}`;
  const passed = state === "succeeded" || state === "queued" || state === "executed";
  const over = state !== "pending" && state !== "active";
  const rows: readonly (readonly [string, "done" | "now" | "broken" | ""])[] = [
    ["Proposed", "done"],
    [`Votes are counted as of ${left(snapshot)}`, state === "pending" ? "now" : "done"],
    [`The vote ends ${left(deadline)}`, state === "active" ? "now" : over ? (passed ? "done" : "broken") : ""],
    [
      eta === 0 ? "In the timelock" : `In the timelock; can be executed ${left(eta)}`,
      state === "queued" ? "now" : state === "executed" ? "done" : "",
    ],
    ["Executed", state === "executed" ? "done" : ""],
  ];
  return (
    <ol className="stages" aria-label="Timeline">
      {rows.map(([text, mark]) => (
        <li key={text} className={mark}>
          <span className={`number ${mark === "" ? "muted" : ""}`}>{text}</span>
        </li>
      ))}
    </ol>
  );
}

/** Queueing, executing and settling the deposit are open to everybody. */
function NextStep({
  contracts,
  proposal,
}: {
  readonly contracts: Contracts;
  readonly proposal: ProposalNow;
}): ReactNode {
  const time = useChainTime();
  const { state, eta, deposit, deadline } = proposal;
  const waits = time === undefined || time < eta;
  const voteOver = time !== undefined && time > deadline;
  return (
    <div className="row">
      {state !== "succeeded" ? null : (
        <ActionButton action={(config) => queue(config, contracts, proposal)}>Queue</ActionButton>
      )}
      {state !== "queued" ? null : (
        <ActionButton disabled={waits} action={(config) => execute(config, contracts, proposal)}>
          {waits ? "Execute when the timelock is over" : "Execute"}
        </ActionButton>
      )}
      {deposit === 0n || !voteOver ? null : (
        <ActionButton action={(config) => settleDeposit(config, contracts, proposal)}>Settle the deposit</ActionButton>
      )}
    </div>
  );
}
