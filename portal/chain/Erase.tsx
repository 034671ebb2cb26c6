import { useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { signedAction } from "../wallet/action.ts";
import { ActionButton } from "../wallet/ActionButton.tsx";
import type { OwnChain } from "./session.ts";
import { forgetOpened } from "./useBlocks.ts";

/** The end of the own chain. Nothing undoes it, so it takes two decisions and a signature. */
export function Erase({ chain }: { readonly chain: OwnChain }): ReactNode {
  const [sure, setSure] = useState(false);
  const queries = useQueryClient();
  const erase = async (): Promise<void> => {
    await chain.client.eraseAccount();
    // What this page has opened goes too.
    forgetOpened();
    queries.removeQueries({ queryKey: ["chain", chain.account] });
    chain.leave();
  };
  return (
    <section className="card" aria-labelledby="erase">
      <h2 id="erase">Leave</h2>
      <p className="muted">
        Erases your keys, your grants and everything on your chain. What is under way is finished first. What others
        hold on their own chains is theirs.
      </p>
      <label className="row">
        <input
          type="checkbox"
          checked={sure}
          onChange={(event) => {
            setSure(event.currentTarget.checked);
          }}
        />
        Nothing brings it back, and I want it gone
      </label>
      <div className="row">
        <ActionButton
          look="small"
          disabled={!sure}
          action={() => signedAction("Erase everything", "Your chain is erased. You may begin another.", erase)}
        >
          Erase everything
        </ActionButton>
      </div>
    </section>
  );
}
