import type { Facts, Held, HeldBlock, Violation } from "./gather.ts";
import type { LineOf } from "./line.ts";

/**
 * C6: a transaction has one pending block and one outcome on each of its chains, the same outcome on all, and the one
 * its home record says; after quiescence none is open (C12). And nodes agree on all of it.
 */
export function* checkTransactions(facts: Facts): Generator<Violation> {
  const decided = new Map<string, string>();
  for (const [node, held] of facts.nodes) {
    const blocks = blocksByTx(held);
    for (const [tx, row] of held.txs) {
      const about = `${node} ${tx}`;
      yield* checkOne(about, row, blocks.get(tx) ?? []);
      const summary = `${row.state} ${row.parties.toSorted().join()} ${row.batch?.partition ?? ""}:${row.batch?.seq ?? ""}`;
      const other = decided.get(tx);
      if (other === undefined) decided.set(tx, summary);
      else if (other !== summary) yield { rule: "C6 nodes disagree", about };
    }
    for (const [tx, found] of blocks) {
      const isTransaction = found.some(({ block }) => block.kind === "pending" || isOutcome(block));
      if (isTransaction && !held.txs.has(tx)) yield { rule: "C6 no record", about: `${node} ${tx}` };
    }
  }
  for (const tx of decided.keys())
    for (const [node, { txs }] of facts.nodes)
      if (!txs.has(tx)) yield { rule: "C6 record missing", about: `${node} ${tx}` };
}

interface Found {
  readonly chain: string;
  readonly block: HeldBlock;
}

const isOutcome = ({ kind }: HeldBlock): boolean => kind === "completed" || kind === "failed";

function blocksByTx({ chains }: Held): Map<string, Found[]> {
  const found = new Map<string, Found[]>();
  for (const [chain, blocks] of chains) {
    for (const block of blocks) {
      const list = found.get(block.tx);
      if (list === undefined) found.set(block.tx, [{ chain, block }]);
      else list.push({ chain, block });
    }
  }
  return found;
}

function* checkOne(about: string, row: LineOf<"tx">, found: readonly Found[]): Generator<Violation> {
  if (!row.ended || row.state === "pending") yield { rule: "C12 still open", about };
  for (const chain of row.parties) {
    const here = found.filter((each) => each.chain === chain).map(({ block }) => block);
    const pending = here.filter(({ kind }) => kind === "pending");
    const outcomes = here.filter(isOutcome);
    if (pending.length === 0) yield { rule: "C6 no pending block", about: `${about} on ${chain}` };
    if (pending.length > 1) yield { rule: "C1 twice", about: `${about} on ${chain}` };
    if (outcomes.length === 0) yield { rule: "C6 no outcome", about: `${about} on ${chain}` };
    if (outcomes.length > 1) yield { rule: "C6 two outcomes", about: `${about} on ${chain}` };
    if (outcomes.some(({ kind }) => kind !== row.state))
      yield { rule: "C6 other outcome", about: `${about} on ${chain}` };
    if (outcomes.some((outcome) => pending.some(({ height }) => height > outcome.height)))
      yield { rule: "C6 outcome first", about: `${about} on ${chain}` };
  }
  for (const { chain } of found)
    if (!row.parties.includes(chain)) yield { rule: "C6 foreign chain", about: `${about} on ${chain}` };
}
