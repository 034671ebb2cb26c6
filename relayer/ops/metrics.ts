import type { ClusterView } from "../cluster/view.ts";
import { clusterGauges } from "./clusterMetrics.ts";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { keys } from "../midc/keys.ts";
import { decodeBatch, decodeTx } from "../midc/rows.ts";
import type { Happened } from "../midc/apply.ts";
import type { Ledger, StateView } from "../ports.ts";

/** What operators watch: the process, and the flow of transactions from the request to the last block. */
export interface Metrics {
  readonly registry: Registry;
  readonly submitted: (result: { readonly rule?: string; readonly elapsedMs: number }) => void;
  readonly stop: () => void;
}

export interface Measured {
  readonly replica: {
    readonly view: StateView;
    readonly onHappened: (listener: (happened: Happened) => void) => () => void;
  };
  readonly ledger: Pick<Ledger, "outcomes"> & {
    readonly outbox: { readonly list: () => readonly unknown[] };
    readonly watch: { readonly head: number; readonly finalized: number };
  };
  readonly cluster: { readonly view: () => ClusterView } | undefined;
  readonly executor: {
    readonly notaries: readonly {
      readonly backlog: { readonly unbatched: number; readonly openBatches: readonly number[] };
    }[];
  };
}

export function createMetrics(node: Measured): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const transactions = new Counter({
    name: "midchain_transactions_total",
    help: "Steps that transactions have taken",
    labelNames: ["state"],
    registers,
  });
  const refusals = new Counter({
    name: "midchain_guard_refusals_total",
    help: "Requests refused by the guard, by rule",
    labelNames: ["rule"],
    registers,
  });
  const accepting = new Histogram({
    name: "midchain_accept_seconds",
    help: "From the request's bytes to durable and applied (log append, fsync and apply included)",
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
    registers,
  });
  backlogGauges(node, registers);
  clusterGauges(node.cluster, registers);
  const onBatch = gasMetrics(node, registers);
  const stop = node.replica.onHappened((happened) => {
    if (happened.kind === "void") transactions.inc({ state: "void_record" });
    if (happened.kind !== "tx") return;
    if (happened.step === "ended") onBatch(happened.txId);
    transactions.inc({ state: stateOf(happened, node.replica.view) });
  });
  return {
    registry,
    stop,
    submitted({ rule, elapsedMs }) {
      if (rule !== undefined) refusals.inc({ rule });
      else accepting.observe(elapsedMs / 1000);
    },
  };
}

function stateOf(happened: Happened & { readonly kind: "tx" }, view: StateView): string {
  if (happened.step !== "ended") return happened.step === "begun" ? "pending" : happened.step;
  const bytes = view.get(keys.tx(happened.txId));
  return (bytes === undefined ? undefined : decodeTx(bytes).outcome?.state) ?? "decided";
}

function backlogGauges(node: Measured, registers: Registry[]): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  const { notaries } = node.executor;
  const sum = (of: (backlog: (typeof notaries)[number]["backlog"]) => number): number =>
    notaries.reduce((total, notary) => total + of(notary.backlog), 0);
  gauge("midchain_unbatched_transactions", "Pending transactions in no batch yet", () => sum((b) => b.unbatched));
  gauge("midchain_open_batches", "Batches that are closed and not final", () => sum((b) => b.openBatches.length));
  gauge("midchain_sends_in_flight", "Chain transactions that are not final", () => node.ledger.outbox.list().length);
  gauge("midchain_chain_head", "Newest block of the chain seen", () => node.ledger.watch.head);
  gauge("midchain_chain_finalized", "Newest final block seen", () => node.ledger.watch.finalized);
}

const BATCHES_REMEMBERED_MAX = 1_000;

/** Gas per notarized transaction: what a batch's chain transaction used, shared by the transactions in it. */
function gasMetrics(node: Measured, registers: Registry[]): (txId: Uint8Array) => void {
  const used = new Counter({ name: "midchain_gas_used_total", help: "Gas used by final batches", registers });
  const notarized = new Counter({ name: "midchain_batches_total", help: "Final batches", registers });
  const perTransaction = new Histogram({
    name: "midchain_gas_per_transaction",
    help: "Gas per notarized transaction, one observation per batch",
    buckets: [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000],
    registers,
  });
  const seen = new Set<string>();
  return (txId) => {
    const bytes = node.replica.view.get(keys.tx(txId));
    const tx = bytes === undefined ? undefined : decodeTx(bytes);
    if (tx?.outcome === undefined || tx.batch === undefined) return;
    const name = `${tx.begun.partition}/${tx.batch.seq}`;
    const batch = node.replica.view.get(keys.batch(tx.begun.partition, tx.batch.seq));
    if (seen.has(name) || batch === undefined) return;
    seen.add(name);
    if (seen.size > BATCHES_REMEMBERED_MAX) for (const oldest of seen) if (seen.delete(oldest)) break;
    const { txIds } = decodeBatch(batch);
    notarized.inc();
    // A silent endpoint costs one observation, nothing else.
    void node.ledger.outcomes(tx.outcome.txHash).then(
      ({ gasUsed }) => {
        used.inc(gasUsed);
        perTransaction.observe(gasUsed / txIds.length);
      },
      () => undefined,
    );
  };
}
