// measure: gas, pipeline, cluster (each as a ratio to a limit of the same run)
import { Command } from "commander";
import { isMissed, measureGas, type Measure } from "../bench/gas.ts";
import { driftOf, keepSnapshot, type Drift } from "../bench/gas/snapshot.ts";
import { measureCluster, type ClusterBench } from "../bench/cluster.ts";
import { measurePipeline } from "../bench/pipeline.ts";
import { NoNats } from "./local/cluster.ts";
import { refuse } from "./terminal/refuse.ts";

const show = (value: number | undefined): string =>
  value === undefined ? "nothing" : Math.round(value).toLocaleString("en-US");

function printTable(measures: readonly Measure[]): void {
  const width = Math.max(...measures.map((measure) => measure.name.length));
  console.log(`${"".padEnd(width)}  ${"measured".padStart(12)}  ${"goal".padStart(13)}`);
  for (const measure of measures) {
    const goal = measure.goal === undefined ? "" : `<= ${show(measure.goal)}`;
    const verdict = measure.goal === undefined ? "" : isMissed(measure) ? "✖ missed" : "✔";
    console.log(`${measure.name.padEnd(width)}  ${show(measure.value).padStart(12)}  ${goal.padStart(13)}  ${verdict}`);
  }
}

function printDrift(drift: readonly Drift[]): void {
  for (const { name, was, is } of drift) console.log(`✖ ${name}: the snapshot says ${show(was)}, now ${show(is)}`);
  if (drift.length > 0) console.log("  fix: if that is meant, run ./midchain bench gas --keep and commit the snapshot");
}

async function gas(options: { json?: true; keep?: true }): Promise<void> {
  const measures = await measureGas();
  if (options.keep === true) await keepSnapshot(measures);
  const drift = await driftOf(measures);
  const ok = drift.length === 0 && !measures.some(isMissed);
  if (options.json === true) {
    console.log(JSON.stringify({ bench: "gas", ok, measures, drift }));
  } else {
    printTable(measures);
    printDrift(drift);
  }
  process.exitCode = ok ? 0 : 1;
}

const GOALS = {
  ratio: 0.5,
  perSecond: 2_000,
  halfLoadP99Ms: 100,
  settledPerSecond: 800,
  privateMb: 1_024,
  costGrowth: 1.1,
} as const;

async function pipeline(options: { json?: true; requests: string; full?: true }): Promise<void> {
  const tell = (line: string): void => {
    if (options.json !== true) console.log(`  ${line}`);
  };
  const result = await measurePipeline({ requests: Number(options.requests), full: options.full === true, tell });
  const first = result.rows[0];
  const ok =
    result.ratio >= GOALS.ratio &&
    (first?.perSecond ?? 0) >= GOALS.perSecond &&
    result.halfLoadP99Ms < GOALS.halfLoadP99Ms &&
    result.settledPerSecond >= GOALS.settledPerSecond &&
    result.rows.every(({ privateMb }) => privateMb < GOALS.privateMb) &&
    result.costGrowth <= GOALS.costGrowth;
  if (options.json === true) console.log(JSON.stringify({ bench: "pipeline", ok, goals: GOALS, ...result }));
  else {
    console.log(`\n${"".padEnd(24)} tx/s   p50 ms   p99 ms   relayer CPU us/tx   memory MB   mapped MB`);
    for (const row of result.rows) {
      console.log(
        `${row.name.padEnd(24)} ${show(row.perSecond).padStart(5)} ${row.p50Ms.toFixed(1).padStart(8)} ${row.p99Ms.toFixed(1).padStart(8)} ${show(row.cpuUs).padStart(19)} ${show(row.privateMb).padStart(11)} ${show(row.mappedMb).padStart(11)}`,
      );
    }
    const parts = first?.cpuUsByPart;
    if (parts !== undefined)
      console.log(
        `\nCPU of one, by part   main thread ${show(parts.main)} + signature threads ${show(parts.signatures)} + store and runtime ${show(parts.rest)} us`,
      );
    const { signaturesUs, storeUs, httpUs, perSecond } = result.ceiling;
    console.log(
      `\nceiling of one core  ${show(perSecond)} tx/s = signatures ${show(signaturesUs)} + store ${show(storeUs)} + HTTP ${show(httpUs)} us`,
    );
    console.log(`ratio                ${result.ratio.toFixed(2)} (goal >= ${GOALS.ratio})`);
    console.log(`p99 at half load     ${result.halfLoadP99Ms.toFixed(1)} ms (goal < ${GOALS.halfLoadP99Ms})`);
    console.log(`settled payments     ${show(result.settledPerSecond)}/s (goal >= ${GOALS.settledPerSecond})`);
    if (result.rows.length > 1)
      console.log(`growth of the cost   ${result.costGrowth.toFixed(2)} (goal <= ${GOALS.costGrowth})`);
  }
  process.exitCode = ok ? 0 : 1;
}

const CLUSTER_GOALS = { ratio: 0.5, idleServer: 0.1 } as const;

const LOADS = [16, 64, 256] as const;

async function cluster(options: { json?: true; requests: string; inFlight?: string }): Promise<void> {
  const tell = (line: string): void => {
    if (options.json !== true) console.log(`  ${line}`);
  };
  const loads = options.inFlight === undefined ? LOADS : [Number(options.inFlight)];
  const plan = { requests: Number(options.requests), loads, tell };
  const result = await measureCluster(plan).catch((error: unknown) => {
    if (error instanceof NoNats) refuse(error.message, error.fix);
    throw error;
  });
  const ok = result.ratio >= CLUSTER_GOALS.ratio && result.idle.server < CLUSTER_GOALS.idleServer;
  if (options.json === true) console.log(JSON.stringify({ bench: "cluster", ok, goals: CLUSTER_GOALS, ...result }));
  else showCluster(result);
  process.exitCode = ok ? 0 : 1;
}

function showCluster({ blocks, transactions, ratio, idle }: ClusterBench): void {
  console.log(`\n${"".padEnd(24)}   per s   p50 ms   p99 ms`);
  for (const row of [...blocks, transactions])
    console.log(
      `${row.name.padEnd(24)} ${show(row.perSecond).padStart(7)} ${row.p50Ms.toFixed(1).padStart(8)} ${row.p99Ms.toFixed(1).padStart(8)}`,
    );
  const failures = Object.entries(transactions.failures).map(([status, times]) => `${times} times ${status}`);
  if (failures.length > 0) console.log(`answers other than 202: ${failures.join(", ")}`);
  showEngine(blocks);
  const perCent = (share: number): string => `${(share * 100).toFixed(1)} % of a core`;
  console.log(
    `\nratio                  ${ratio.toFixed(2)} (goal >= ${CLUSTER_GOALS.ratio}), of the load that moves the most`,
  );
  console.log(
    `idle, ${idle.partitions} partitions    server ${perCent(idle.server)} (goal < ${perCent(CLUSTER_GOALS.idleServer)}), relayer ${perCent(idle.relayer)}`,
  );
}

/** What the nodes wrote, beside what the servers alone take in records of the same size. */
function showEngine(blocks: ClusterBench["blocks"]): void {
  console.log(
    "\nrecords per second      blocks each   bytes   of the nodes   servers alone   ratio   with readers   ratio   few under way   ratio",
  );
  for (const row of blocks) {
    const { appended, delivered, few } = row.engine;
    console.log(
      [
        row.name.padEnd(24),
        row.blocksPerRecord.toFixed(1).padStart(10),
        show(row.recordBytes).padStart(7),
        show(row.recordsPerSecond).padStart(14),
        show(appended).padStart(15),
        row.ratio.toFixed(2).padStart(7),
        show(delivered).padStart(14),
        row.ratioDelivered.toFixed(2).padStart(7),
        show(few).padStart(15),
        row.ratioFew.toFixed(2).padStart(7),
      ].join(" "),
    );
  }
}

const bench = new Command("./midchain bench").description("measures this machine and the contracts");
bench
  .command("gas")
  .description("what transactions cost, contracts as released, from whole receipts of a local chain")
  .option("--json", "one object")
  .option("--keep", "write the snapshot that later runs are compared with")
  .action(gas);
bench
  .command("pipeline")
  .description("two-party requests over HTTP, accepted only when durable, and payments settled end to end")
  .option("--requests <n>", "requests of the measured run", "20000")
  .option("--full", "also 200,000 users and chains of 2,000 blocks (minutes)")
  .option("--json", "one object")
  .action(pipeline);
bench
  .command("cluster")
  .description(
    "blocks and transactions through three nodes on three servers that sync every append, beside the servers alone",
  )
  .option("--requests <n>", "transactions of the measured run", "9000")
  .option("--in-flight <n>", `what each node has under way, instead of ${LOADS.join(", ")} in turn`)
  .option("--json", "one object")
  .action(cluster);
await bench.parseAsync();
