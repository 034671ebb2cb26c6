import { useState, type ReactNode } from "react";
import { hasPasskeys } from "../../sdk/index.ts";
import { Form } from "../ui/Form.tsx";
import { TextField } from "../ui/TextField.tsx";
import { TroubleNotice } from "../wallet/TroubleNotice.tsx";
import type { OwnChain } from "./session.ts";

/** Between the wallet and the open chain: opening it, beginning one, or the recovery words. */
export function Gate({ chain }: { readonly chain: OwnChain }): ReactNode {
  switch (chain.state) {
    case "words":
      return <Words chain={chain} />;
    case "unknown":
      return <Enrol chain={chain} />;
    case "recovery":
      return <Recover chain={chain} />;
    case "closed":
    case "opening":
    case "open":
      return <Unlock chain={chain} />;
  }
}

function Unlock({ chain }: { readonly chain: OwnChain }): ReactNode {
  const busy = chain.state === "opening";
  return (
    <section className="card" aria-labelledby="open">
      <h2 id="open">Open your chain</h2>
      <p>
        Your wallet signs twice: once to sign in, once to make your keys again. Neither signature moves anything, and
        the keys never leave this page.
      </p>
      <TroubleNotice trouble={chain.trouble} />
      <div className="row">
        <button type="button" className="button main" disabled={busy} onClick={chain.unlock}>
          {busy ? "Confirm in your wallet…" : "Open my chain"}
        </button>
        <button type="button" className="button plain" disabled={busy} onClick={chain.useWords}>
          Use recovery words
        </button>
        {hasPasskeys() ? (
          <button type="button" className="button plain" disabled={busy} onClick={chain.usePasskey}>
            Use a passkey
          </button>
        ) : null}
      </div>
    </section>
  );
}

function Enrol({ chain }: { readonly chain: OwnChain }): ReactNode {
  return (
    <section className="card" aria-labelledby="enrol">
      <h2 id="enrol">This account has no chain yet</h2>
      <p>Enrolling begins one. Your wallet is asked for three signatures; no gas is paid.</p>
      <ol className="stages">
        <li className="now">
          <span>
            <b>Key signature, twice.</b> Your keys are made from it and from a secret that the relayer keeps for you. It
            is asked for twice to see that your wallet always signs alike; otherwise the keys are random, and only the
            recovery words open them.
          </span>
        </li>
        <li>
          <span>
            <b>Key binding.</b> Your wallet signs your public key, so that nobody can hand out another one in your name.
          </span>
        </li>
        <li>
          <span>
            <b>Recovery words.</b> A second slot for the same keys, shown once: 24 words for the day on which the wallet
            is gone.
          </span>
        </li>
      </ol>
      <TroubleNotice trouble={chain.trouble} />
      <div className="row">
        <button type="button" className="button main" onClick={chain.enrol}>
          Enrol
        </button>
      </div>
    </section>
  );
}

function Words({ chain }: { readonly chain: OwnChain }): ReactNode {
  const [kept, setKept] = useState(false);
  return (
    <section className="card" aria-labelledby="words">
      <h2 id="words">Write these words down</h2>
      <p>They are shown this once and kept nowhere. Whoever has them can read your chain.</p>
      <ol className="words" aria-label="Recovery words">
        {(chain.recoveryWords ?? "").split(" ").map((word, index) => (
          <li key={`${index}-${word}`}>
            <span className="muted number">{index + 1}</span> {word}
          </li>
        ))}
      </ol>
      <label className="row">
        <input
          type="checkbox"
          checked={kept}
          onChange={(event) => {
            setKept(event.currentTarget.checked);
          }}
        />
        I have written them down
      </label>
      <div>
        <button type="button" className="button main" disabled={!kept} onClick={chain.keepWords}>
          Go to my chain
        </button>
      </div>
    </section>
  );
}

function Recover({ chain }: { readonly chain: OwnChain }): ReactNode {
  const [words, setWords] = useState("");
  return (
    <Form
      look="card"
      label="Open with recovery words"
      onSubmit={() => {
        chain.recover(words.trim().replaceAll(/\s+/g, " "));
      }}
    >
      <h2>Open with your recovery words</h2>
      <TroubleNotice trouble={chain.trouble} />
      <TextField long label="Recovery words" hint="24 words, in their order." value={words} onChange={setWords} />
      <div>
        <button type="submit" className="button main" disabled={words.trim() === ""}>
          Open
        </button>
      </div>
    </Form>
  );
}
