// measure: gas, pipeline, cluster (each as a ratio to a limit of the same run)
import { Command } from "commander";
import { isMissed, measureGas } from "../bench/gas.ts";

const show = (value: number): string => Math.round(value).toLocaleString("en-US");

async function gas(options: { json?: true }): Promise<void> {
  const measures = await measureGas();
  const ok = !measures.some(isMissed);
  if (options.json === true) {
    console.log(JSON.stringify({ bench: "gas", ok, measures }));
  } else {
    const width = Math.max(...measures.map((measure) => measure.name.length));
    console.log(`${"".padEnd(width)}  ${"measured".padStart(12)}  ${"goal".padStart(12)}`);
    for (const measure of measures) {
      const goal = measure.goal === undefined ? "" : `<= ${show(measure.goal)}`;
      const verdict = measure.goal === undefined ? "" : isMissed(measure) ? "✖ missed" : "✔";
      console.log(
        `${measure.name.padEnd(width)}  ${show(measure.value).padStart(12)}  ${goal.padStart(12)}  ${verdict}`,
      );
    }
  }
  process.exitCode = ok ? 0 : 1;
}

const bench = new Command("./midchain bench").description("measures this machine and the contracts");
bench
  .command("gas")
  .description("what transactions cost, contracts as released, from whole receipts of a local chain")
  .option("--json", "one object")
  .action(gas);
await bench.parseAsync();
