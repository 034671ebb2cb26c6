import { useState, type ReactNode } from "react";
import type { Verified } from "../../sdk/index.ts";
import { useNetwork } from "../net/NetworkContext.ts";
import { Field, Findings } from "../ui/parts.tsx";

/** Checks a proof file that somebody was given; the file is read here and sent nowhere. */
export function ProofCheck(): ReactNode {
  const { rpcUrl } = useNetwork();
  const [verified, setVerified] = useState<Verified>();
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
                void file
                  .text()
                  .then(async (text) => {
                    const { verifyProof } = await import("./verifyProof.ts");
                    return verifyProof(text, rpcUrl);
                  })
                  .then(setVerified);
              }}
            />
          )}
        </Field>
        <div role="status">
          {verified === undefined ? null : (
            <div className={verified.ok ? "notice good-notice" : "notice bad-notice"}>
              <strong>
                {!verified.ok
                  ? "The proof is broken"
                  : verified.onChain
                    ? "The proof holds, on chain too"
                    : "The proof holds offline"}
              </strong>
              <Findings findings={verified.findings} />
            </div>
          )}
        </div>
      </div>
    </details>
  );
}
