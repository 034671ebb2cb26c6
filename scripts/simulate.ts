// the core under simulated faults: seeds, or one scenario file; a failure is shrunk to a scenario file
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { root } from "./local/run.ts";
import { simulate, type Simulated } from "./sim/run.ts";
import { scenarioOf, type Scenario } from "./sim/scenario.ts";
import { shrink } from "./sim/shrink.ts";
import { refuse } from "./terminal/refuse.ts";

const SHOWN = 6;
const OUT = join(root, ".cache/simulations");

interface Options {
  readonly seeds: string;
  readonly from: string;
  readonly scenario?: string;
  readonly shrink: boolean;
  readonly json?: true;
}

interface Failure {
  readonly seed: number;
  readonly rules: readonly string[];
  readonly file: string;
}

const rulesOf = ({ verdict }: Simulated): readonly string[] => [...new Set(verdict.violations.map(({ rule }) => rule))];

async function fileOf(scenario: Scenario, isShrunk: boolean): Promise<string> {
  const fails = async (smaller: Scenario): Promise<boolean> => !(await simulate(smaller)).verdict.ok;
  const kept = isShrunk ? await shrink(scenario, fails) : scenario;
  mkdirSync(OUT, { recursive: true });
  const file = join(OUT, `seed-${scenario.seed}.json`);
  writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`);
  return file;
}

function show(scenario: Scenario, { verdict, told }: Simulated): void {
  for (const action of scenario.actions) console.log(`  ${JSON.stringify(action)}`);
  for (const line of told) console.log(`  ${line}`);
  for (const { rule, about } of verdict.violations.slice(0, SHOWN)) console.log(`  ✖ ${rule}: ${about}`);
}

async function one(path: string, options: Options): Promise<number> {
  let scenario: Scenario;
  try {
    scenario = JSON.parse(readFileSync(path, "utf8")) as Scenario;
  } catch {
    refuse(`${path} is no scenario`, "give a file that this command wrote");
  }
  const done = await simulate(scenario);
  if (options.json === true) console.log(JSON.stringify({ ok: done.verdict.ok, violations: done.verdict.violations }));
  else show(scenario, done);
  return done.verdict.ok ? 0 : 1;
}

async function many(options: Options): Promise<number> {
  const [from, seeds] = [Number(options.from), Number(options.seeds)];
  if (!Number.isInteger(from) || !Number.isInteger(seeds) || seeds < 1)
    refuse("--seeds and --from are whole numbers", "npm run simulate -- --seeds 500");
  const startedAt = performance.now();
  const failures: Failure[] = [];
  let events = 0;
  let operations = 0;
  for (let seed = from; seed < from + seeds; seed += 1) {
    const scenario = scenarioOf(seed);
    const done = await simulate(scenario);
    events += done.events;
    operations += done.verdict.operations;
    if (done.verdict.ok) continue;
    const file = await fileOf(scenario, options.shrink);
    failures.push({ seed, rules: rulesOf(done), file });
    if (options.json !== true) console.log(`✖ seed ${seed}: ${rulesOf(done).join(", ")}\n  ${file}`);
  }
  const elapsedMs = Math.round(performance.now() - startedAt);
  const report = { ok: failures.length === 0, seeds, from, operations, events, elapsedMs, failures };
  if (options.json === true) console.log(JSON.stringify(report));
  else
    console.log(
      `${seeds} seeds, ${failures.length} failed, ${operations} operations, ${(elapsedMs / 1000).toFixed(1)} s`,
    );
  return failures.length === 0 ? 0 : 1;
}

const program = new Command("npm run simulate --")
  .description("lives through seeded faults in virtual time with the real core, and judges what everybody then has")
  .option("--seeds <n>", "how many seeds", "500")
  .option("--from <seed>", "the first one", "0")
  .option("--scenario <file>", "one scenario file instead")
  .option("--no-shrink", "keep failing scenarios as they are")
  .option("--json", "one object")
  .action(async (options: Options) => {
    process.exitCode = options.scenario === undefined ? await many(options) : await one(options.scenario, options);
  });
await program.parseAsync();
