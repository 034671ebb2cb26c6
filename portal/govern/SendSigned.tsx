import { useState, type ReactNode } from "react";
import { isAddress, isHex } from "viem";
import { useConfig } from "wagmi";
import type { Contracts } from "../net/useContracts.ts";
import { Form } from "../ui/Form.tsx";
import { TextField } from "../ui/TextField.tsx";
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
      <Form
        label="Send a signed vote"
        onSubmit={() => {
          if (ballot !== undefined) start(sendSigned(config, contracts, ballot));
        }}
      >
        <TextField
          long
          label="Signed vote"
          hint="The voter has signed it on a page of their own and given you the text. Paste it here and send it: you pay the gas, the voter nothing."
          value={text}
          onChange={setText}
        />
        <div>
          <button type="submit" className="button" disabled={busy || ballot === undefined}>
            Send it
          </button>
        </div>
      </Form>
    </details>
  );
}
