import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { verifyInclusion, type Inclusion, type Transaction, type VerifiedInclusion } from "../../sdk/index.ts";
import { useNetwork } from "../net/NetworkContext.ts";
import { relayer } from "../net/relayer.ts";
import { shortHash } from "../ui/format.ts";
import { Skeleton } from "../ui/parts.tsx";
import { Verdict } from "../ui/Verdict.tsx";
import { TroubleNotice } from "../wallet/TroubleNotice.tsx";
import { useAttempt } from "../wallet/useAttempt.ts";

/** The path from the transaction's commitment to the root on chain, and the whole check done here. */
export function InclusionCheck({ transaction }: { readonly transaction: Transaction }): ReactNode {
  const network = useNetwork();
  const { result: verified, trouble, run } = useAttempt<VerifiedInclusion>();
  const { data: inclusion } = useQuery({
    queryKey: ["inclusion", transaction.id],
    queryFn: () => relayer.inclusion(transaction.id),
  });
  if (inclusion === undefined) return <Skeleton />;
  return (
    <>
      <Path inclusion={inclusion} verified={verified} />
      <div className="row">
        <button
          type="button"
          className="button main"
          onClick={() => {
            run(() => verifyInclusion(inclusion, network));
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
          <Verdict ok={verified.ok} title={titleOf(verified)} findings={verified.findings} />
        )}
      </div>
      <TroubleNotice trouble={trouble} />
    </>
  );
}

function titleOf({ ok, onChain }: VerifiedInclusion): string {
  if (!ok) return "It does not verify";
  return onChain ? "Verified against the chain" : "Verified as far as possible here";
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
