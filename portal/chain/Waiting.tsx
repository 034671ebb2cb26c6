import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { bytesToHex } from "viem";
import { useConfig } from "wagmi";
import type { Draft } from "../../sdk/index.ts";
import { useActions } from "../wallet/ActionProvider.tsx";
import { kindText } from "../ui/format.ts";
import { TroubleNotice } from "../wallet/TroubleNotice.tsx";
import { useAttempt } from "../wallet/useAttempt.ts";
import { agreement } from "./agree.ts";
import { Content } from "./Content.tsx";
import { movementsOf, movementText, personOf } from "./describe.ts";
import type { OwnChain } from "./session.ts";

const LOOK_MS = 3_000;

interface Proposal {
  readonly draft: Draft;
  readonly content: Uint8Array | undefined;
}

/** What others have proposed and this account has not signed yet, with its content opened: read before you sign. */
export function Waiting({ chain }: { readonly chain: OwnChain }): ReactNode {
  const { client, account } = chain;
  const { data } = useQuery({
    queryKey: ["chain", account, "waiting"],
    refetchInterval: LOOK_MS,
    queryFn: async (): Promise<readonly Proposal[]> => {
      const drafts = await client.waiting();
      return Promise.all(
        drafts.map(async (draft) => ({ draft, content: await client.inspect(draft).catch(() => undefined) })),
      );
    },
  });
  return (
    <section className="card" aria-labelledby="waiting">
      <h2 id="waiting">Waiting for you</h2>
      <div className="stack" aria-live="polite">
        {data === undefined || data.length === 0 ? (
          <p className="muted">Nothing waits for your signature.</p>
        ) : (
          data.map((proposal) => <ProposalCard key={proposal.draft.id} chain={chain} proposal={proposal} />)
        )}
      </div>
    </section>
  );
}

function ProposalCard({ chain, proposal }: { readonly chain: OwnChain; readonly proposal: Proposal }): ReactNode {
  const { draft, content } = proposal;
  const { body } = draft;
  const movements = movementsOf(body);
  const { trouble, run } = useAttempt();
  const coSign = useCoSign(chain);
  return (
    <article className="notice" aria-label={`${kindText(body)} that waits`}>
      <strong>
        {kindText(body)}
        {body.reference === "" ? "" : ` “${body.reference}”`}
      </strong>
      <span className="small">
        {body.parties
          .map((party) => `${personOf(bytesToHex(party.account), chain.account)} (${party.role})`)
          .join(", ")}
      </span>
      {movements.map((movement) => (
        <span key={`${movement.from}${movement.to}${movement.amount}`} className="number">
          {movementText(movement, chain.account)}
        </span>
      ))}
      {content === undefined ? null : <Content bytes={content} />}
      <TroubleNotice trouble={trouble} />
      <div>
        <button
          type="button"
          className="button main small"
          onClick={() => {
            run(() => coSign(draft));
          }}
        >
          Co-sign
        </button>
      </div>
    </article>
  );
}

function useCoSign({ client }: OwnChain): (draft: Draft) => Promise<void> {
  const config = useConfig();
  const { start } = useActions();
  return async (draft) => {
    const action = await agreement(
      { config, client, draft },
      {
        title: "Co-sign",
        done: "Signed. Once everybody has, it lies on every party's chain.",
        sign: () => client.coSign(draft),
      },
    );
    start(action);
  };
}
