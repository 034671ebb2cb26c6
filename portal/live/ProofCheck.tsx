import type { ReactNode } from "react";
import type { Verified } from "../../sdk/index.ts";
import { useNetwork } from "../net/NetworkContext.ts";
import { Field } from "../ui/parts.tsx";
import { Verdict } from "../ui/Verdict.tsx";
import { TroubleNotice } from "../wallet/TroubleNotice.tsx";
import { useAttempt } from "../wallet/useAttempt.ts";

/** Checks a proof file that somebody was given; the file is read here and sent nowhere. */
export function ProofCheck(): ReactNode {
  const { rpcUrl } = useNetwork();
  const { result: verified, trouble, run } = useAttempt<Verified>();
  return (
    <details>
      <summary>Check a party&apos;s proof file</summary>
      <div className="stack tight">
        <Field
          label="Proof file"
          hint="A party gets it from My chain. It shows everything: terms, signatures, the outcome of the deal. It is read here and sent nowhere."
        >
          {(ids) => (
            <input
              {...ids}
              type="file"
              accept=".json,application/json"
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file === undefined) return;
                run(async () => {
                  const [text, { verifyProof }] = await Promise.all([file.text(), import("./verifyProof.ts")]);
                  return verifyProof(text, rpcUrl);
                });
              }}
            />
          )}
        </Field>
        <div role="status">
          {verified === undefined ? null : (
            <Verdict ok={verified.ok} title={titleOf(verified)} findings={verified.findings} />
          )}
        </div>
        <TroubleNotice trouble={trouble} />
      </div>
    </details>
  );
}

function titleOf({ ok, onChain }: Verified): string {
  if (!ok) return "The proof is broken";
  return onChain ? "The proof holds, on chain too" : "The proof holds offline";
}
