import type { ReactNode } from "react";
import { share, tokens } from "../ui/format.ts";
import type { ProposalNow } from "./readGovern.ts";

const PERCENT = 100;

/** How the vote stands against the quorum; abstentions count for it. */
export function Tally({ proposal }: { readonly proposal: ProposalNow }): ReactNode {
  const { votes, quorum } = proposal;
  const cast = votes.for + votes.against + votes.abstain;
  const reached = votes.for + votes.abstain;
  const missing = quorum === undefined || reached >= quorum ? 0n : quorum - reached;
  const scale = cast > (quorum ?? 0n) ? cast : (quorum ?? 1n);
  const width = (part: bigint): string => `${scale === 0n ? 0 : Number((part * 10_000n) / scale) / PERCENT}%`;
  return (
    <div className="stack tight">
      <div className="row small number">
        <span className="good">For {tokens(votes.for)}</span>
        <span className="bad">Against {tokens(votes.against)}</span>
        <span className="muted">Abstain {tokens(votes.abstain)}</span>
      </div>
      <div className="meter" aria-hidden="true">
        <span className="for" style={{ width: width(votes.for) }} />
        <span className="against" style={{ width: width(votes.against) }} />
        <span className="abstain" style={{ width: width(votes.abstain) }} />
      </div>
      <p className="hint number">
        {quorum === undefined
          ? "The quorum is known once the vote has begun."
          : missing === 0n
            ? `The quorum of ${tokens(quorum)} is reached.`
            : `Quorum: ${tokens(reached)} of ${tokens(quorum)} votes for or abstaining (${share(reached, quorum)}); ${tokens(missing)} are missing.`}
      </p>
    </div>
  );
}
