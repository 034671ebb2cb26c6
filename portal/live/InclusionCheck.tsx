import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { verifyInclusion, type Inclusion, type Transaction, type VerifiedInclusion } from "../../sdk/index.ts";
import { useNetwork } from "../net/NetworkContext.ts";
import { relayer } from "../net/relayer.ts";
import { shortHash } from "../ui/format.ts";
import { Findings, Skeleton } from "../ui/parts.tsx";
import { inWords, type Trouble } from "../wallet/words.ts";

/** The path from the transaction's commitment to the root on chain, and the whole check done here. */
export function InclusionCheck({ transaction }: { readonly transaction: Transaction }): ReactNode {
  const network = useNetwork();
  const [result, setResult] = useState<VerifiedInclusion | Trouble>();
  const { data: inclusion } = useQuery({
    queryKey: ["inclusion", transaction.id],
    queryFn: () => relayer.inclusion(transaction.id),
  });
  if (inclusion === undefined) return <Skeleton />;
  const verified = result !== undefined && "findings" in result ? result : undefined;
  const trouble = result !== undefined && "what" in result ? result : undefined;
  return (
    <>
      <Path inclusion={inclusion} verified={verified} />
      <div className="row">
        <button
          type="button"
          className="button main"
          onClick={() => {
            void verifyInclusion(inclusion, network).then(setResult, (error: unknown) => {
              setResult(inWords(error));
            });
          }}
        >
          Verify in this browser
        </button>
        <span className="hint">
          Hashes the path here, then asks the ledger on chain itself. The relayer is not believed.
        </span>
      </div>
      <div role="status">
        {verified === undefined ? null : (
          <div className={verified.ok ? "notice good-notice" : "notice bad-notice"}>
            <strong>
              {!verified.ok
                ? "It does not verify"
                : verified.onChain
                  ? "Verified against the chain"
                  : "Verified as far as possible here"}
            </strong>
            <Findings findings={verified.findings} />
          </div>
        )}
        {trouble === undefined ? null : (
          <div className="notice bad-notice">
            <strong>{trouble.what}</strong> {trouble.next}
          </div>
        )}
      </div>
    </>
  );
}

/** Drawn from the root down to the leaf. Each row: what our side hashes to, and its sibling. */
function Path(props: { readonly inclusion: Inclusion; readonly verified: VerifiedInclusion | undefined }): ReactNode {
  const { inclusion, verified } = props;
  const rows = inclusion.path.map((sibling, level) => ({
    level,
    sibling,
    ours:
      level === 0
        ? (verified?.leaf ?? "leaf of its commitment")
        : (verified?.nodes[level - 1] ?? "hash of the two below"),
  }));
  return (
    <ol className="path">
      <li>
        <span className="muted">Root</span>
        <span className="node top" title={inclusion.root}>
          {shortHash(inclusion.root)}
        </span>
        <span className="muted">batch of {inclusion.count}</span>
      </li>
      {rows.toReversed().map(({ level, sibling, ours }) => (
        <li key={level}>
          <span className="muted">Level {level}</span>
          <span className="node ours" title={ours}>
            {ours.startsWith("0x") ? shortHash(ours) : ours}
          </span>
          <span className="node" title={sibling}>
            + {shortHash(sibling)}
          </span>
        </li>
      ))}
      <li>
        <span className="muted">Leaf</span>
        <span className="node ours" title={inclusion.commitment}>
          {shortHash(inclusion.commitment)}
        </span>
        <span className="muted">salted commitment</span>
      </li>
    </ol>
  );
}
