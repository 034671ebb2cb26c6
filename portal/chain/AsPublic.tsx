import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { ChainBlock } from "../../sdk/index.ts";
import { relayer } from "../net/relayer.ts";
import { Skeleton } from "../ui/parts.tsx";

const OUTSIDE = new Set<ChainBlock["kind"]>(["pending", "completed", "failed"]);

/** What anybody gets who asks for the block's transaction; of all other blocks nobody knows that they are there. */
export function AsPublic({ block }: { readonly block: ChainBlock }): ReactNode {
  if (!OUTSIDE.has(block.kind))
    return <p className="muted">Nothing. This block leaves no trace outside of your chain.</p>;
  return <PublicAnswers block={block} />;
}

function PublicAnswers({ block }: { readonly block: ChainBlock }): ReactNode {
  const { data, isError } = useQuery({
    queryKey: ["public", block.txId, block.kind],
    queryFn: async () => {
      const transaction = await relayer.transaction(block.txId);
      const inclusion = transaction.batch === undefined ? undefined : await relayer.inclusion(block.txId);
      return { transaction, inclusion };
    },
  });
  if (isError) return <p className="warn">The relayer does not answer.</p>;
  if (data === undefined) return <Skeleton />;
  const { transaction, inclusion } = data;
  return (
    <>
      <dl className="facts">
        <dt>Transaction</dt>
        <dd>
          {transaction.kind}, {transaction.state}, {transaction.parties.length} parties
        </dd>
        <dt>Coded identifiers</dt>
        <dd>
          {transaction.parties.map((party) => (
            <code key={party}>{party} </code>
          ))}
        </dd>
        {inclusion === undefined ? null : (
          <>
            <dt>On the ledger</dt>
            <dd>
              the root <code>{inclusion.root}</code> of {inclusion.count} salted commitments, this one being{" "}
              <code>{inclusion.commitment}</code>
            </dd>
          </>
        )}
        {transaction.legs === 0 ? null : (
          <>
            <dt>Settlement</dt>
            <dd>
              {transaction.legs} movements of tokens on chain, with the accounts and amounts: people chose to settle
              there
            </dd>
          </>
        )}
      </dl>
      <details>
        <summary>The relayer&apos;s whole answer</summary>
        <code className="raw">{JSON.stringify(transaction, undefined, 2)}</code>
      </details>
    </>
  );
}
