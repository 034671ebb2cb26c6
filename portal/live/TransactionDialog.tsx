import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Hex } from "viem";
import { MidchainError, type Transaction } from "../../sdk/index.ts";
import { useExplorer } from "../net/NetworkContext.ts";
import { relayer } from "../net/relayer.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { timeOf } from "../ui/format.ts";
import { Hash, Skeleton } from "../ui/parts.tsx";
import { InclusionCheck } from "./InclusionCheck.tsx";
import { ProofCheck } from "./ProofCheck.tsx";
import { useFinality } from "./useFinality.ts";
import { minedOf } from "./useTransactions.ts";

/** One transaction as anybody may see it. */
export function TransactionDialog(props: { readonly id: Hex; readonly onClose: () => void }): ReactNode {
  const { data, error } = useQuery({
    queryKey: ["live", "one", props.id],
    queryFn: () => relayer.transaction(props.id),
  });
  const missing = error instanceof MidchainError && error.status === 404;
  return (
    <Dialog title="Transaction" onClose={props.onClose}>
      {missing ? (
        <p role="alert">The relayer knows no such transaction.</p>
      ) : data === undefined ? (
        <Skeleton lines={6} />
      ) : (
        <Shown transaction={data} />
      )}
    </Dialog>
  );
}

function Shown({ transaction }: { readonly transaction: Transaction }): ReactNode {
  const { id, kind, batch, chain, parties } = transaction;
  const explorer = useExplorer();
  return (
    <>
      <dl className="facts">
        <dt>Identifier</dt>
        <dd>
          <Hash value={id} label="identifier" />
        </dd>
        <dt>Kind</dt>
        <dd>
          {kind}
          {transaction.legs === 0 ? ", nothing moves on chain" : `, ${transaction.legs} movements of tokens on chain`}
        </dd>
        {batch === undefined ? null : (
          <>
            <dt>Batch</dt>
            <dd className="number">
              {batch.seq} of partition {batch.partition}, place {batch.index + 1}
            </dd>
          </>
        )}
        {chain === undefined ? null : (
          <>
            <dt>On chain</dt>
            <dd>
              <Hash value={chain.txHash} label="chain transaction" href={explorer("tx", chain.txHash)} /> in block{" "}
              {chain.blockNumber}
            </dd>
          </>
        )}
      </dl>
      <section className="stack tight">
        <h3>Timeline</h3>
        <Timeline transaction={transaction} />
      </section>
      <Parties parties={parties} />
      <WhoCanOpen transaction={transaction} />
      <section className="stack tight">
        <h3>Merkle path</h3>
        {batch === undefined ? (
          <p className="muted">No batch holds it yet.</p>
        ) : (
          <InclusionCheck transaction={transaction} />
        )}
      </section>
      <ProofCheck />
    </>
  );
}

const STEPS = ["pending", "batched", "broadcast", "mined", "completed"] as const;

function Timeline({ transaction }: { readonly transaction: Transaction }): ReactNode {
  const { state, acceptedAt, batch, chain, reason } = transaction;
  const depth = useFinality();
  const failed = state === "failed";
  const at = STEPS.indexOf(failed ? "completed" : state);
  const texts = [
    `Pending on every party's chain, ${timeOf(new Date(acceptedAt))}`,
    batch === undefined ? "Put into a batch" : `Put into batch ${batch.seq}, signed by the DV committee`,
    "Sent to the chain",
    chain === undefined
      ? "Mined"
      : `Mined in block ${chain.blockNumber}${chain.final ? ", final" : ` ${minedOf(transaction, depth)}`}`,
    failed
      ? `Failed on every party's chain: ${reason ?? "see its proof"}`
      : "Completed on every party's chain, with a proof",
  ];
  const classOf = (step: number): string => {
    if (step < at) return "done";
    if (step > at) return "";
    return failed ? "broken" : state === "completed" ? "done" : "now";
  };
  return (
    <ol className="stages" aria-live="polite">
      {texts.map((text, step) => (
        <li key={STEPS[step]} className={classOf(step)}>
          <span className={step > at ? "muted" : ""}>{text}</span>
        </li>
      ))}
    </ol>
  );
}

function Parties({ parties }: { readonly parties: readonly Hex[] }): ReactNode {
  return (
    <section className="stack tight">
      <h3>Parties</h3>
      <ul className="stack tight">
        {parties.map((party, index) => (
          <li key={party} className="row small">
            Party {index + 1} <Hash value={party} label="coded identifier" />
          </li>
        ))}
      </ul>
      <p className="hint">
        Coded identifiers: made for this one transaction. Without a party&apos;s key nobody can tell whose they are, or
        that two of them are the same person&apos;s.
      </p>
    </section>
  );
}

function WhoCanOpen({ transaction }: { readonly transaction: Transaction }): ReactNode {
  const { legs, parties } = transaction;
  return (
    <section className="stack tight">
      <h3>Who can open what</h3>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">Sees</th>
              <th scope="col">Never sees</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <td>The {parties.length} parties</td>
              <td>Terms, signatures, and the content that was sealed for them</td>
              <td>Content that was sealed for another party only</td>
            </tr>
            <tr>
              <td>Relayer</td>
              <td>
                {legs === 0 ? "Typed terms, labels and sizes" : `Typed terms with ${legs} movements, labels and sizes`}
              </td>
              <td>Any content</td>
            </tr>
            <tr>
              <td>Public</td>
              <td>
                {legs === 0
                  ? "A salted commitment, these coded identifiers"
                  : "A salted commitment, these coded identifiers; on chain the tokens that moved"}
              </td>
              <td>Terms, content, who the coded identifiers are</td>
            </tr>
          </tbody>
        </table>
      </div>
    </section>
  );
}
