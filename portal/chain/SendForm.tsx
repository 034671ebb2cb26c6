import { useState, type ReactNode } from "react";
import { useConfig } from "wagmi";
import { useNetwork } from "../net/NetworkContext.ts";
import { Form } from "../ui/Form.tsx";
import { readTokens } from "../ui/format.ts";
import { Field } from "../ui/parts.tsx";
import { Segments } from "../ui/Segments.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useActions } from "../wallet/ActionProvider.tsx";
import { TroubleNotice } from "../wallet/TroubleNotice.tsx";
import { useAttempt } from "../wallet/useAttempt.ts";
import { agreement } from "./agree.ts";
import { PersonField, readAccounts } from "./PersonField.tsx";
import { inputOf, type RequestForm } from "./requests.ts";
import type { OwnChain } from "./session.ts";

const FORMS = [
  ["payment", "Payment"],
  ["document", "Document"],
  ["several", "Several parties"],
] as const satisfies readonly (readonly [RequestForm, string])[];

const REFERENCE_CHARS_MAX = 64;
const EMPTY = { others: "", amount: "", text: "", reference: "" };

/** A new request: it is sealed and signed here, and waits at the relayer until the others have signed too. */
export function SendForm({ chain }: { readonly chain: OwnChain }): ReactNode {
  const [form, setForm] = useState<RequestForm>("payment");
  const [fields, setFields] = useState(EMPTY);
  const [file, setFile] = useState<File>();
  const { trouble, run } = useAttempt();
  const set = (name: keyof typeof EMPTY) => (text: string) => {
    setFields((before) => ({ ...before, [name]: text }));
  };
  const send = useSend(chain);
  return (
    <Form
      look="card"
      label="New request"
      onSubmit={() => {
        run(async () => {
          await send({ form, ...fields, file });
          setFields(EMPTY);
          setFile(undefined);
        });
      }}
    >
      <h2>New request</h2>
      <Segments legend="Kind of request" value={form} options={FORMS} onChange={setForm} />
      <Fields form={form} fields={fields} set={set} onFile={setFile} />
      <TroubleNotice trouble={trouble} />
      <div>
        <button type="submit" className="button main">
          Seal and sign
        </button>
      </div>
    </Form>
  );
}

function Fields(props: {
  readonly form: RequestForm;
  readonly fields: typeof EMPTY;
  readonly set: (name: keyof typeof EMPTY) => (text: string) => void;
  readonly onFile: (file: File | undefined) => void;
}): ReactNode {
  const { form, fields, set, onFile } = props;
  const wrong = fields.amount !== "" && readTokens(fields.amount) === undefined;
  const several = form === "several";
  return (
    <>
      <PersonField
        label={several ? "Other parties" : "To"}
        several={several}
        value={fields.others}
        onChange={set("others")}
      />
      {form !== "payment" ? null : (
        <TextField
          decimal
          label="Amount"
          hint={wrong ? "This is not an amount." : "Tokens of the platform; they move when the chain settles."}
          wrong={wrong}
          value={fields.amount}
          onChange={set("amount")}
        />
      )}
      <TextField
        long
        prose
        label={form === "payment" ? "Message, if any" : "Text"}
        hint="Sealed in this browser for the parties alone."
        value={fields.text}
        onChange={set("text")}
      />
      {form !== "document" ? null : (
        <Field label="Or a file" hint="At most 1 MiB.">
          {(ids) => (
            <input
              {...ids}
              type="file"
              onChange={(event) => {
                onFile(event.currentTarget.files?.[0]);
              }}
            />
          )}
        </Field>
      )}
      <TextField
        label="Reference, if any"
        maxLength={REFERENCE_CHARS_MAX}
        hint="In clear for the relayer: a file number, never a name."
        value={fields.reference}
        onChange={set("reference")}
      />
    </>
  );
}

type FilledForm = { readonly form: RequestForm; readonly file: File | undefined } & typeof EMPTY;

const missing = (): Error => new Error("Something is missing: the parties, the amount or the text.");

/** Drafts what the form says and opens the window in which it is signed. */
function useSend({ client, account }: OwnChain): (filled: FilledForm) => Promise<void> {
  const config = useConfig();
  const network = useNetwork();
  const { start } = useActions();
  return async ({ form, others, amount, text, reference, file }) => {
    const [token] = network.tokens;
    const accounts = readAccounts(others);
    if (token === undefined || accounts === undefined) throw missing();
    const typed = text === "" ? undefined : new TextEncoder().encode(text);
    const content = file === undefined ? typed : new Uint8Array(await file.arrayBuffer());
    const input = inputOf({
      form,
      me: account,
      others: accounts,
      token,
      amount: readTokens(amount),
      content,
      reference,
    });
    if (input === undefined) throw missing();
    const draft = await client.draft(input);
    const action = await agreement(
      { config, client, draft },
      {
        title: form === "payment" ? "Send a payment" : "Send a request",
        done: "It waits for the other parties. When all have signed, it appears on everybody's chain.",
        sign: async () => client.propose(draft, await client.sign(draft)),
      },
    );
    start(action);
  };
}
