import { clusterGauges, type MeasuredCluster } from "./clusterMetrics.ts";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Happened } from "../midc/apply.ts";
import type { OnTimed } from "../log/timings.ts";
import { wholeTable } from "../midc/keys.ts";
import { outcomeAt } from "../midc/rows.ts";
import type { VaultKeys } from "../ports.ts";

/** What operators watch: the process, and the flow of transactions from the request to the last block. */
export interface Metrics {
  readonly registry: Registry;
  readonly submitted: (result: { readonly rule?: string; readonly elapsedMs: number }) => void;
  readonly stop: () => void;
}

export interface Measured extends MeasuredCluster {
  readonly replica: MeasuredCluster["replica"] & {
    readonly onHappened: (listener: (happened: Happened) => void) => () => void;
    readonly onTimed: (listener: OnTimed) => () => void;
  };
  readonly ledger: {
    readonly gasUsed: (txHash: Uint8Array) => number | undefined;
    readonly outbox: { readonly list: () => readonly unknown[] };
    readonly watch: { readonly head: number; readonly finalized: number };
  };
  readonly signatures: { readonly cpuSeconds: () => number };
  readonly keyring: { readonly vaultKeys: Pick<VaultKeys, "list"> };
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
  clusterGauges(node, registers);
  const onBatch = gasMetrics(node, registers);
  const stops = [
    node.replica.onTimed(logTimings(registers)),
    node.replica.onHappened((happened) => {
      for (const [state, count] of stepsOf(happened)) transactions.inc({ state }, count);
      if (happened.kind === "ended") onBatch(happened);
    }),
  ];
  return {
    registry,
    stop() {
      for (const stop of stops) stop();
    },
    submitted({ rule, elapsedMs }) {
      if (rule !== undefined) refusals.inc({ rule });
      else accepting.observe(elapsedMs / 1000);
    },
  };
}

/** From a fraction of an fsync to a quorum that answers at the second try. */
const LOG_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Where a slow acceptance comes from: the log, or this node's own state. */
function logTimings(registers: Registry[]): OnTimed {
  const histogram = (name: string, help: string) => new Histogram({ name, help, buckets: LOG_SECONDS, registers });
  const seconds = {
    append: histogram("midchain_append_seconds", "One record from this node to durable in its partition's log"),
    apply: histogram("midchain_apply_seconds", "One round of applying records, with its durable commit"),
  };
  return (step, elapsedMs) => {
    seconds[step].observe(elapsedMs / 1000);
  };
}

/** How many transactions took which step. */
function stepsOf(happened: Happened): readonly (readonly [state: string, count: number])[] {
  switch (happened.kind) {
    case "void":
      return [["void_record", 1]];
    case "begun":
      return [["pending", 1]];
    case "closed":
      return [["batched", happened.txIds.length]];
    case "ended": {
      const failed = happened.txIds.filter((_, i) => outcomeAt(happened.decision, i).state === "failed").length;
      return [
        ["failed", failed],
        ["completed", happened.txIds.length - failed],
      ];
    }
    case "erased":
      return [["erased", 1]];
    case "block":
      return [];
  }
}

function mainCpuSeconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
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
  gauge("midchain_main_cpu_seconds", "Processor time of the main thread so far", mainCpuSeconds);
  gauge("midchain_signature_cpu_seconds", "Processor time of the signature threads so far", node.signatures.cpuSeconds);
  const { notaries } = node.executor;
  const sum = (of: (backlog: (typeof notaries)[number]["backlog"]) => number): number =>
    notaries.reduce((total, notary) => total + of(notary.backlog), 0);
  gauge("midchain_unbatched_transactions", "Pending transactions in no batch yet", () => sum((b) => b.unbatched));
  gauge("midchain_open_batches", "Batches that are closed and not final", () => sum((b) => b.openBatches.length));
  gauge("midchain_sends_in_flight", "Chain transactions that are not final", () => node.ledger.outbox.list().length);
  gauge("midchain_chain_head", "Newest block of the chain seen", () => node.ledger.watch.head);
  gauge("midchain_chain_finalized", "Newest final block seen", () => node.ledger.watch.finalized);
  gauge("midchain_erasures_open", "Erased chains of which not everything is gone", () => openErasures(node));
  const { vaultKeys } = node.keyring;
  gauge(
    "midchain_vault_keys",
    "Vault keys that this node holds; above 1 while they are changed",
    () => vaultKeys.list().length,
  );
  gauge("midchain_vault_key_epoch", "Epoch of the newest vault key", () => vaultKeys.list().at(-1)?.epoch ?? 0);
}

const ERASURES_COUNTED_MAX = 1_000;
const openErasures = ({ replica }: Measured): number =>
  replica.view.range({ ...wholeTable("x"), limit: ERASURES_COUNTED_MAX }).length;

/** Gas per notarized transaction: what a batch's chain transaction used, shared by the transactions in it. */
function gasMetrics(node: Measured, registers: Registry[]): (ended: Happened & { readonly kind: "ended" }) => void {
  const used = new Counter({ name: "midchain_gas_used_total", help: "Gas used by final batches", registers });
  const notarized = new Counter({ name: "midchain_batches_total", help: "Final batches", registers });
  const perTransaction = new Histogram({
    name: "midchain_gas_per_transaction",
    help: "Gas per notarized transaction, one observation per batch",
    buckets: [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000],
    registers,
  });
  return ({ decision, txIds }) => {
    notarized.inc();
    const gasUsed = node.ledger.gasUsed(decision.txHash);
    if (gasUsed === undefined) return;
    used.inc(gasUsed);
    perTransaction.observe(gasUsed / txIds.length);
  };
}
