import { useState, type ReactNode } from "react";
import { isAddress, isHex } from "viem";
import { useConfig } from "wagmi";
import type { Contracts } from "../net/useContracts.ts";
import { Field } from "../ui/parts.tsx";
import { useActions } from "../wallet/ActionProvider.tsx";
import { sendSigned, type SignedBallot } from "./actions.ts";

/** Takes a signed vote apart; undefined where it is none. */
function readBallot(text: string): SignedBallot | undefined {
  try {
    const ballot = JSON.parse(text) as Partial<Record<keyof SignedBallot, unknown>>;
    const { id, support, voter, reason, signature } = ballot;
    if (typeof id !== "string" || !/^\d{1,78}$/.test(id) || typeof reason !== "string") return undefined;
    if (support !== 0 && support !== 1 && support !== 2) return undefined;
    if (typeof voter !== "string" || !isAddress(voter) || !isHex(signature)) return undefined;
    return { id, support, voter, reason, signature };
  } catch {
    return undefined;
  }
}

/** Sends a vote that somebody else has signed, and pays its gas. */
export function SendSigned({ contracts }: { readonly contracts: Contracts }): ReactNode {
  const [text, setText] = useState("");
  const config = useConfig();
  const { start, busy } = useActions();
  const ballot = readBallot(text);
  return (
    <details className="card">
      <summary>Send a vote that somebody has signed</summary>
      <form
        className="stack tight"
        aria-label="Send a signed vote"
        onSubmit={(event) => {
          event.preventDefault();
          if (ballot !== undefined) start(sendSigned(config, contracts, ballot));
        }}
      >
        <Field label="Signed vote" hint="The text that the voter's page shows. You pay the gas, the voter nothing.">
          {(ids) => (
            <textarea
              {...ids}
              spellCheck={false}
              value={text}
              onChange={(event) => {
                setText(event.currentTarget.value);
              }}
            />
          )}
        </Field>
        <div>
          <button type="submit" className="button" disabled={busy || ballot === undefined}>
            Send it
          </button>
        </div>
      </form>
    </details>
  );
}
