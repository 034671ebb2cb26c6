import { useState, type ReactNode } from "react";
import { bytesToHex, type Hex } from "viem";
import { MidchainError, type GrantInput, type SharedContent } from "../../sdk/index.ts";
import { Choice } from "../ui/Choice.tsx";
import { Form } from "../ui/Form.tsx";
import { dateOf, kindText, shortHash } from "../ui/format.ts";
import { signedAction } from "../wallet/action.ts";
import { ActionButton } from "../wallet/ActionButton.tsx";
import { useActions } from "../wallet/ActionProvider.tsx";
import { TroubleNotice } from "../wallet/TroubleNotice.tsx";
import { useAttempt } from "../wallet/useAttempt.ts";
import { Content } from "./Content.tsx";
import { PersonField, readAccounts } from "./PersonField.tsx";
import type { OwnChain } from "./session.ts";
import type { OwnBlock } from "./useBlocks.ts";

const PURPOSES = [
  "care",
  "audit",
  "legal",
  "insurance",
  "employment",
  "research",
  "personal",
  "other",
] as const satisfies readonly GrantInput["purpose"][];
const DAY_MS = 86_400_000;

/** Letting others read, ending it, and reading what others let one read. */
export function Sharing(props: {
  readonly chain: OwnChain;
  readonly blocks: readonly OwnBlock[] | undefined;
}): ReactNode {
  const blocks = props.blocks ?? [];
  return (
    <section className="card" aria-labelledby="sharing">
      <h2 id="sharing">Sharing</h2>
      <GrantForm chain={props.chain} blocks={blocks} />
      <Grants chain={props.chain} blocks={blocks} />
      <Shared chain={props.chain} />
    </section>
  );
}

interface Shareable {
  readonly txId: Hex;
  readonly label: string;
}

const shareable = (blocks: readonly OwnBlock[]): readonly Shareable[] =>
  blocks.flatMap(({ block, opened }) =>
    opened?.kind === "pending" && opened.content !== undefined
      ? [{ txId: block.txId, label: `Block ${block.height}: ${kindText(opened.request)} ${opened.request.reference}` }]
      : [],
  );

function GrantForm(props: { readonly chain: OwnChain; readonly blocks: readonly OwnBlock[] }): ReactNode {
  const { chain } = props;
  const choices = shareable(props.blocks);
  const [reader, setReader] = useState("");
  const [txId, setTxId] = useState("");
  const [purpose, setPurpose] = useState<GrantInput["purpose"]>("care");
  const [days, setDays] = useState("30");
  const { start, busy } = useActions();
  const [account] = readAccounts(reader) ?? [];
  const chosen = choices.find((choice) => choice.txId === txId) ?? choices.at(-1);
  if (choices.length === 0) return <p className="muted">There is no content on your chain yet that you could share.</p>;
  return (
    <Form
      label="Let somebody read"
      onSubmit={() => {
        if (account === undefined || chosen === undefined) return;
        const notAfter = new Date(Date.now() + Number(days) * DAY_MS);
        start(
          signedAction("Let somebody read", "It can be read until then, or until you end it.", async () =>
            chain.client.grant({ reader: account, txIds: [chosen.txId], notAfter, purpose }),
          ),
        );
      }}
    >
      <Choice
        label="What"
        value={chosen?.txId ?? ""}
        onChange={setTxId}
        options={choices.map((one) => [one.txId, one.label])}
      />
      <PersonField label="Reader" value={reader} onChange={setReader} />
      <Choice label="Purpose" value={purpose} onChange={setPurpose} options={PURPOSES.map((name) => [name, name])} />
      <Choice
        label="For"
        value={days}
        onChange={setDays}
        options={[
          ["1", "a day"],
          ["30", "30 days"],
          ["365", "a year"],
        ]}
      />
      <div>
        <button type="submit" className="button" disabled={busy || account === undefined}>
          Let them read
        </button>
      </div>
    </Form>
  );
}

/** The grants in force: the newest block about each reader decides. */
function Grants(props: { readonly chain: OwnChain; readonly blocks: readonly OwnBlock[] }): ReactNode {
  const newest = new Map<Hex, { readonly notAfter: number; readonly purpose: string }>();
  for (const { opened } of props.blocks) {
    if (opened?.kind !== "grant" && opened?.kind !== "revocation") continue;
    const reader = bytesToHex(opened.grant.reader);
    if (opened.kind === "revocation") newest.delete(reader);
    else newest.set(reader, opened.grant);
  }
  if (newest.size === 0) return null;
  return (
    <div className="stack tight">
      <h3>Who can read now</h3>
      <ul className="stack tight" aria-label="Readers">
        {[...newest].map(([reader, { notAfter, purpose }]) => (
          <li key={reader} className="row apart small">
            <span>
              {shortHash(reader)}, {purpose}, until {dateOf(notAfter)}
            </span>
            <ActionButton
              look="small"
              action={() =>
                signedAction("End the access", "It is served no more; what was read stays read.", () =>
                  props.chain.client.revoke(reader),
                )
              }
            >
              End
            </ActionButton>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A relayer does not say which of the two it is: that there is no such account, or nothing from it. */
function nothingShared(error: unknown): readonly SharedContent[] {
  if (error instanceof MidchainError && error.status === 404) return [];
  throw error;
}

function Shared({ chain }: { readonly chain: OwnChain }): ReactNode {
  const [owner, setOwner] = useState("");
  const { result, trouble, run } = useAttempt<readonly SharedContent[]>();
  const [account] = readAccounts(owner) ?? [];
  return (
    <details>
      <summary>Read what somebody shares with you</summary>
      <Form
        label="Read what is shared"
        onSubmit={() => {
          if (account === undefined) return;
          run(() => chain.client.shared(account).catch(nothingShared));
        }}
      >
        <PersonField label="Owner" value={owner} onChange={setOwner} />
        <div>
          <button type="submit" className="button small" disabled={account === undefined}>
            Read
          </button>
        </div>
        <div role="status" className="stack tight">
          {result?.length === 0 ? (
            <p className="bad">Nothing is shared with you by this account, or no longer.</p>
          ) : (
            result?.map(({ txId, content }) => <Content key={txId} bytes={content} />)
          )}
        </div>
        <TroubleNotice trouble={trouble} />
      </Form>
    </details>
  );
}
