// a whole sample on this machine: real multi-party transactions from request to proof, then everything stops
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Command } from "commander";
import { root } from "./local/run.ts";
import { runSample, SAMPLE_NAMES, type Sample } from "./local/scenario.ts";
import { startStack } from "./local/stack.ts";
import { refuse } from "./terminal/refuse.ts";

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly reason?: string;
  readonly rule?: string;
  readonly blocks: Sample["transactions"][number]["blocks"];
  readonly proof?: string;
  readonly pendingProof?: string;
}

/** Saves the proofs as files and says where they are. */
function show(sample: Sample, folder: string): readonly Shown[] {
  mkdirSync(folder, { recursive: true });
  return sample.transactions.map(({ proofs, ...transaction }) => {
    const files = Object.entries(proofs).map(([state, text]) => {
      const file = join(folder, `${transaction.name.replaceAll(/[^a-z]+/g, "-")}.${state}.json`);
      writeFileSync(file, text);
      return [state, relative(root, file)] as const;
    });
    const final = files.find(([state]) => state === transaction.state)?.[1];
    const pending = files.find(([state]) => state === "pending")?.[1];
    return {
      ...transaction,
      ...(final === undefined ? {} : { proof: final }),
      ...(pending === undefined ? {} : { pendingProof: pending }),
    };
  });
}

async function demo(options: { readonly json?: true }): Promise<void> {
  const started = performance.now();
  const say = (line: string): void => {
    if (options.json !== true) console.log(line);
  };
  const folder = join(root, ".data/demo");
  const stack = await startStack({
    dataDir: folder,
    names: SAMPLE_NAMES,
    onStep: (what) => {
      say(` ✔ ${what}`);
    },
  });
  say("");
  const sample = await runSample(stack, (line) => {
    say(`   ${line}`);
  });
  await stack.stop();
  const transactions = show(sample, join(folder, "proofs"));
  const { gasPerNotarized, partitions, notarized, batches } = sample;
  const elapsedMs = Math.round(performance.now() - started);
  if (options.json === true) {
    console.log(JSON.stringify({ transactions, gasPerNotarized, notarized, batches, partitions, elapsedMs }));
    return;
  }
  const proof = transactions.find(({ proof: file }) => file !== undefined)?.proof ?? "";
  say(
    `\n ${notarized} transactions notarized in ${batches} batches over ${partitions} partitions: ${gasPerNotarized.toLocaleString("en-US")} gas each.`,
  );
  say(
    ` Proofs are in ${relative(root, join(folder, "proofs"))}. Check one yourself:\n\n   ./midchain verify ${proof}\n`,
  );
  say(
    ` ${(elapsedMs / 1000).toFixed(1)} s. Next: ./midchain up (keeps running) · ./midchain test · docs/ARCHITECTURE.md`,
  );
}

const program = new Command("./midchain demo")
  .description(
    "runs a sample on a local chain: a lab result delivered and paid, a delivery versus payment, a three-party agreement,\na payment that fails on chain, a request that the guard refuses; saves the proofs as files",
  )
  .option("--json", "one object for machines")
  .action(demo);
try {
  await program.parseAsync();
  process.exit(0);
} catch (error) {
  refuse(
    `the sample stopped: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)}`,
    "run ./midchain demo again; if it stays, open an issue with the output of ./midchain check",
  );
}
