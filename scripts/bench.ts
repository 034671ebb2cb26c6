// measure: gas, pipeline, cluster (each as a ratio to a limit of the same run)
import { Command } from "commander";
import { isMissed, measureGas, type Measure } from "../bench/gas.ts";
import { driftOf, keepSnapshot, type Drift } from "../bench/gas/snapshot.ts";

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

const bench = new Command("./midchain bench").description("measures this machine and the contracts");
bench
  .command("gas")
  .description("what transactions cost, contracts as released, from whole receipts of a local chain")
  .option("--json", "one object")
  .option("--keep", "write the snapshot that later runs are compared with")
  .action(gas);
await bench.parseAsync();
