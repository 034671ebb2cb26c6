import { useState, type ReactNode } from "react";
import { useConfig } from "wagmi";
import { useChainQuery } from "../net/useChainQuery.ts";
import type { Contracts } from "../net/useContracts.ts";
import { tokens } from "../ui/format.ts";
import { Choice } from "../ui/Choice.tsx";
import { Form } from "../ui/Form.tsx";
import { Skeleton } from "../ui/parts.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useActions } from "../wallet/ActionProvider.tsx";
import { takesBatches } from "../wallet/batch.ts";
import { propose } from "./actions.ts";
import { actionWords } from "./decode.ts";
import type { Power } from "./readGovern.ts";
import { callOf, readRules, readValue, UNIT_HINTS, valueText, valueTyped, type RuleNow } from "./rules.ts";

/** A proposal for one rule: now, then, and the exact call, before anything is signed. */
export function ProposeForm({ contracts, power }: { readonly contracts: Contracts; readonly power: Power }): ReactNode {
  const { data: rules } = useChainQuery({
    key: ["govern", "rules"],
    read: (client) => readRules(client, contracts),
  });
  return (
    <section className="card" aria-labelledby="propose">
      <h2 id="propose">Propose</h2>
      {rules === undefined ? <Skeleton lines={4} /> : <RuleForm contracts={contracts} power={power} rules={rules} />}
    </section>
  );
}

function RuleForm(props: {
  readonly contracts: Contracts;
  readonly power: Power;
  readonly rules: readonly RuleNow[];
}): ReactNode {
  const { contracts, power, rules } = props;
  const [id, setId] = useState("inflation");
  const [text, setText] = useState("");
  const [reason, setReason] = useState("");
  const config = useConfig();
  const { start, busy } = useActions();
  const now = rules.find(({ rule }) => rule.id === id) ?? rules[0];
  if (now === undefined) return <p>There are no rules to change here.</p>;
  const value = readValue(now.rule.unit, text);
  const wrong = faultOf(now, value, text);
  const able = power.votes >= power.threshold && power.balance >= power.deposit;
  const submit = async (): Promise<void> => {
    if (value === undefined) return;
    const description = `# ${now.rule.title}: ${valueText(now.rule.unit, value)}\n\n${reason.trim()}`;
    const proposal = { target: now.address, calldata: callOf(now, value), description };
    start(propose(config, contracts, { proposal, power, batches: await takesBatches(config) }));
  };
  return (
    <Form
      label="Propose a rule"
      onSubmit={() => {
        void submit();
      }}
    >
      <Choice
        label="Rule"
        value={now.rule.id}
        onChange={setId}
        options={rules.map(({ rule }) => [rule.id, rule.title])}
      />
      <ValueField now={now} text={text} wrong={wrong} onChange={setText} />
      <TextField long prose label="Why" hint="Public, and kept on chain." value={reason} onChange={setReason} />
      {value === undefined || wrong !== undefined ? null : <Preview contracts={contracts} now={now} value={value} />}
      <p className="small">{depositText(power)}</p>
      <div>
        <button
          type="submit"
          className="button main"
          disabled={busy || !able || value === undefined || wrong !== undefined}
        >
          Propose
        </button>
      </div>
    </Form>
  );
}

function depositText({ deposit, votes, threshold, balance }: Power): string {
  if (votes < threshold) return `Proposing takes ${tokens(threshold)} votes; you have ${tokens(votes)}.`;
  if (balance < deposit) return `The deposit is ${tokens(deposit)} tokens; your account holds ${tokens(balance)}.`;
  return `A deposit of ${tokens(deposit)} tokens comes back if the vote succeeds, and is lost if it does not.`;
}

function faultOf({ max, value: before }: RuleNow, value: bigint | undefined, text: string): string | undefined {
  if (text === "") return undefined;
  if (value === undefined) return "This is not a value.";
  if (value === before) return "This is what it is now.";
  return max !== undefined && value > max ? "This is above what the contract allows." : undefined;
}

function ValueField(props: {
  readonly now: RuleNow;
  readonly text: string;
  readonly wrong: string | undefined;
  readonly onChange: (text: string) => void;
}): ReactNode {
  const { rule, value, max } = props.now;
  const bound = max === undefined ? "" : `, at most ${valueText(rule.unit, max)}`;
  return (
    <TextField
      decimal
      label="New value"
      hint={props.wrong ?? `Now ${valueText(rule.unit, value)}${bound}. Type it ${UNIT_HINTS[rule.unit]}.`}
      placeholder={valueTyped(rule.unit, value)}
      wrong={props.wrong !== undefined}
      value={props.text}
      onChange={props.onChange}
    />
  );
}

function Preview(props: { readonly contracts: Contracts; readonly now: RuleNow; readonly value: bigint }): ReactNode {
  const { words, call, calldata } = actionWords(props.contracts, props.now.address, callOf(props.now, props.value));
  return (
    <div className="notice">
      <strong>{words}</strong>
      <code className="raw">
        {call}
        {"\n"}
        {calldata}
      </code>
    </div>
  );
}
