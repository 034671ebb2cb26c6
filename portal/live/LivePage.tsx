import { useEffect, useMemo, useState, type ReactNode } from "react";
import type { Partition, Transaction } from "../../sdk/index.ts";
import { navigate, useParameter } from "../route.ts";
import { kindText } from "../ui/format.ts";
import { Empty, Figure, Skeleton } from "../ui/parts.tsx";
import { GasChart } from "./GasChart.tsx";
import { Partitions } from "./Partitions.tsx";
import { TransactionDialog } from "./TransactionDialog.tsx";
import { useFinality } from "./useFinality.ts";
import { laneOf, minedOf, useTransactions, type Lane } from "./useTransactions.ts";

const LANES: readonly (readonly [Lane, string, string])[] = [
  ["pending", "Pending", "Lies on every party's chain; waits for its batch."],
  ["chain", "On the chain", "Sent, or mined and not final yet."],
  ["completed", "Completed", "Final, with a proof for every party."],
  ["failed", "Failed", "Final too: every party has the reason."],
];
const FIRST = 6;

/** What everybody can see of the network, while it happens. */
export function LivePage(): ReactNode {
  const { transactions, partitions, cluster } = useTransactions();
  const open = useParameter("tx");
  return (
    <>
      <div className="stack tight">
        <h1>Live</h1>
        <p className="lead">
          Every card is one transaction between people who stay private. It is laid on each party&apos;s own chain,
          notarized in a batch on the public chain, and ends with a proof or a reason for all of them.
        </p>
      </div>
      {transactions === undefined ? <Skeleton lines={8} /> : <Pipeline transactions={transactions} />}
      <div className="grid">
        <Stuck transactions={transactions ?? []} partitions={partitions ?? []} />
        <GasChart />
      </div>
      {partitions === undefined || cluster === undefined ? null : (
        <Partitions partitions={partitions} cluster={cluster} />
      )}
      {open === undefined ? null : (
        <TransactionDialog
          id={open as `0x${string}`}
          onClose={() => {
            navigate("/");
          }}
        />
      )}
    </>
  );
}

function Pipeline({ transactions }: { readonly transactions: readonly Transaction[] }): ReactNode {
  const depth = useFinality();
  const lanes = useMemo(() => Map.groupBy(transactions, laneOf), [transactions]);
  if (transactions.length === 0) {
    return (
      <Empty title="No transaction yet">
        <p>
          Send one from <b>My chain</b>, or run <code>./midchain up</code> with its sample and watch.
        </p>
      </Empty>
    );
  }
  return (
    <section aria-label="Pipeline" className="stack tight">
      <LaneNews lanes={lanes} />
      <div className="lanes">
        {LANES.map(([lane, name, about]) => (
          <LaneOf key={lane} name={name} about={about} cards={lanes.get(lane) ?? []} depth={depth} />
        ))}
      </div>
    </section>
  );
}

/** One sentence for screen readers, at most every few seconds: a card that moves would otherwise be silent. */
function LaneNews({ lanes }: { readonly lanes: ReadonlyMap<Lane, readonly Transaction[]> }): ReactNode {
  const count = (lane: Lane): number => lanes.get(lane)?.length ?? 0;
  const now = `${count("pending")} pending, ${count("chain")} on the chain, ${count("completed")} completed, ${count("failed")} failed`;
  const [said, setSaid] = useState(now);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSaid(now);
    }, 2_000);
    return () => {
      clearTimeout(timer);
    };
  }, [now]);
  return (
    <p className="hidden" aria-live="polite">
      {said}
    </p>
  );
}

interface LaneProps {
  readonly name: string;
  readonly about: string;
  readonly cards: readonly Transaction[];
  readonly depth: number;
}

function LaneOf({ name, about, cards, depth }: LaneProps): ReactNode {
  const [all, setAll] = useState(false);
  const shown = all ? cards : cards.slice(0, FIRST);
  return (
    <section className="lane" aria-label={name}>
      <h3>
        {name} <span className="tag number">{cards.length}</span>
      </h3>
      <p className="hint">{about}</p>
      <ul>
        {shown.map((transaction) => (
          <li key={`${transaction.id}${transaction.state}`}>
            <Ticket transaction={transaction} depth={depth} />
          </li>
        ))}
      </ul>
      {cards.length <= FIRST ? null : (
        <button
          type="button"
          className="button small plain"
          onClick={() => {
            setAll(!all);
          }}
        >
          {all ? "Show fewer" : `Show all ${cards.length}`}
        </button>
      )}
    </section>
  );
}

function stateText(transaction: Transaction, depth: number): string {
  switch (transaction.state) {
    case "pending":
      return "pending";
    case "batched":
      return `in batch ${transaction.batch?.seq ?? ""}`;
    case "broadcast":
      return "sent to the chain";
    case "mined":
      return `mined ${minedOf(transaction, depth)}`;
    case "completed":
      return "completed";
    case "failed":
      return `failed: ${transaction.reason ?? "see its proof"}`;
  }
}

function Ticket({ transaction, depth }: { readonly transaction: Transaction; readonly depth: number }): ReactNode {
  return (
    <button
      type="button"
      className={`ticket ${transaction.state}`}
      onClick={() => {
        navigate(`/?tx=${transaction.id}`);
      }}
    >
      <span className="row apart small">
        <b>{kindText(transaction)}</b>
        <span className="muted">{transaction.parties.length} parties</span>
      </span>
      <code>{transaction.id.slice(0, 12)}…</code>
      <span className="small number">{stateText(transaction, depth)}</span>
    </button>
  );
}

/** What waits, and why: nothing is stuck without an explanation. */
function Stuck(props: {
  readonly transactions: readonly Transaction[];
  readonly partitions: readonly Partition[];
}): ReactNode {
  const explained = props.transactions.filter(({ explanation }) => explanation !== undefined);
  const sum = (of: (partition: Partition) => number): number => props.partitions.reduce((all, one) => all + of(one), 0);
  return (
    <section className="card" aria-labelledby="queue">
      <h2 id="queue">Queue</h2>
      <div className="figures">
        <Figure label="waiting for a batch">{sum(({ unbatched }) => unbatched)}</Figure>
        <Figure label="batches not final yet">{sum(({ openBatches }) => openBatches.length)}</Figure>
        <Figure label="blocked">{explained.length}</Figure>
      </div>
      {explained.length === 0 ? (
        <p className="muted">Nothing is stuck.</p>
      ) : (
        <ul className="stack tight">
          {explained.slice(0, FIRST).map(({ id, explanation }) => (
            <li key={id} className="notice warn-notice">
              <span>
                <code>{id.slice(0, 12)}…</code> waits: <b>{explanation?.blockedBy}</b>
              </span>
              <span className="hint">
                {explanation?.lastError} Next attempt at{" "}
                {explanation === undefined ? "" : new Date(explanation.nextAttemptAt).toLocaleTimeString()}.
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
