// Changes one thing in a contract at a time and sees whether the tests notice (test/contracts/mutants/*.json)
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { Command } from "commander";
import { z } from "zod";

import { root, run } from "../local/run.ts";
import { refuse } from "../terminal/refuse.ts";
import { copyContracts } from "./contractsCopy.ts";

const MUTANTS_DIR = join(root, "test/contracts/mutants");
const KILL_RATIO_MIN = 0.95;

const mutant = z.strictObject({
  /** Path below contracts/. */
  file: z.string(),
  /** Text that occurs exactly once in the file. */
  find: z.string(),
  replace: z.string(),
  /** The mistake this stands for. */
  why: z.string(),
  /** Only for a mutant nothing can notice: why that is so. */
  equivalent: z.string().optional(),
});
type Mutant = z.infer<typeof mutant>;

type Verdict = "killed" | "survived" | "did not apply" | "did not compile";

interface Result extends Mutant {
  readonly verdict: Verdict;
  readonly seconds: number;
}

async function readMutants(only: string | undefined): Promise<Mutant[]> {
  const files = (await readdir(MUTANTS_DIR)).filter((file) => file.endsWith(".json")).toSorted();
  const lists = await Promise.all(
    files.map(async (file) => z.array(mutant).parse(JSON.parse(await readFile(join(MUTANTS_DIR, file), "utf8")))),
  );
  return lists.flat().filter(({ file, why }) => only === undefined || new RegExp(only).test(`${file}: ${why}`));
}

/** The tests of the room a contract is in; stories first, they are quick, then the properties. */
async function testsOf(copy: string, file: string): Promise<{ stories: string[]; properties: string[] }> {
  const dir = join("test/contracts", dirname(file));
  const names = await readdir(join(copy, dir)).catch(() => [] as string[]);
  const ending = (end: string) => names.filter((name) => name.endsWith(end)).map((name) => join(dir, name));
  return { stories: ending(".test.ts"), properties: ending(".t.sol") };
}

async function hardhat(copy: string, args: readonly string[]): Promise<boolean> {
  return (await run(["hardhat", "--no-typechain", ...args], { cwd: copy })).code === 0;
}

/** Contracts (not tests) that have to be compiled again because they are, or import, the broken file. */
async function rootsOf(copy: string, file: string): Promise<string[]> {
  const paths = (await readdir(join(copy, "contracts"), { recursive: true })).filter((path) => path.endsWith(".sol"));
  const imports = new Map<string, string[]>();
  for (const path of paths) {
    const source = await readFile(join(copy, "contracts", path), "utf8");
    const names = [...source.matchAll(/from "(\.[^"]+)"/g)].map(([, name = ""]) => join(dirname(path), name));
    imports.set(path, names);
  }
  const reach = new Set([file]);
  for (let grown = true; grown;) {
    grown = false;
    for (const [path, names] of imports) {
      if (reach.has(path) || !names.some((name) => reach.has(name))) continue;
      reach.add(path);
      grown = true;
    }
  }
  return [...reach].map((path) => join("contracts", path));
}

/** `broken` names what the mutant before left compiled; it is compiled whole again together with this one. */
async function judge(copy: string, { file, find, replace }: Mutant, broken: Set<string>): Promise<Verdict> {
  const path = join(copy, "contracts", file);
  const source = await readFile(path, "utf8");
  if (source.split(find).length !== 2) return "did not apply";
  await writeFile(
    path,
    source.replace(find, () => replace),
  );
  const roots = await rootsOf(copy, file);
  try {
    if (!(await hardhat(copy, ["build", "--quiet", ...new Set([...broken, ...roots])]))) return "did not compile";
    broken.clear();
    for (const one of roots) broken.add(one);
    const { stories, properties } = await testsOf(copy, file);
    if (!(await hardhat(copy, ["test", "mocha", "--no-compile", "--bail", ...stories]))) return "killed";
    if (properties.length === 0) return "survived";
    return (await hardhat(copy, ["test", "solidity", ...properties])) ? "survived" : "killed";
  } finally {
    await writeFile(path, source);
  }
}

function report(results: readonly Result[], json: boolean): number {
  const counted = results.filter(({ equivalent }) => equivalent === undefined);
  const killed = counted.filter(({ verdict }) => verdict === "killed").length;
  const ratio = counted.length === 0 ? 0 : killed / counted.length;
  if (json) process.stdout.write(`${JSON.stringify({ killed, of: counted.length, ratio, results })}\n`);
  else process.stdout.write(`killed ${killed} of ${counted.length} (${(ratio * 100).toFixed(1)} %)\n`);
  return ratio >= KILL_RATIO_MIN ? 0 : 1;
}

async function main(options: { only?: string; json?: true }): Promise<void> {
  const mutants = await readMutants(options.only);
  if (mutants.length === 0)
    refuse("there is no such mutant", "match a path below contracts/, or a reason, as the list shows them", 2);
  const copy = await copyContracts("mutants");
  const results: Result[] = [];
  try {
    if (!(await hardhat(copy, ["build", "--quiet"])))
      refuse("the contracts do not compile as they are", "npx hardhat build");
    const broken = new Set<string>();
    for (const one of mutants) {
      const startedAt = performance.now();
      const verdict = await judge(copy, one, broken);
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      results.push({ ...one, verdict, seconds });
      const mark = verdict === "killed" ? "✔" : "✖";
      const excuse = one.equivalent === undefined ? "" : ` (nothing can notice: ${one.equivalent})`;
      const line = `${mark} ${verdict.padEnd(15)} ${String(seconds).padStart(4)}s  ${one.file}: ${one.why}${excuse}\n`;
      if (options.json !== true) process.stdout.write(line);
    }
  } finally {
    await rm(copy, { recursive: true });
  }
  process.exitCode = report(results, options.json === true);
}

await new Command("node scripts/build/mutants.ts")
  .description("breaks the contracts one change at a time, in a copy, and lists what the tests did not notice")
  .option("--only <pattern>", 'only mutants whose "path: reason" matches this regular expression')
  .option("--json", "one JSON object instead of text")
  .action(main)
  .parseAsync();
