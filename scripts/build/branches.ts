// Runs the contracts' tests on a copy whose branches leave marks, and lists the ways no test goes
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

import { Command } from "commander";
import { z } from "zod";

import { root, run } from "../local/run.ts";
import { branchPoints, type BranchPoint } from "./branches/branchPoints.ts";
import { branchesOf, exceptions, judgeBranches, type Branch, type Verdict } from "./branches/branchVerdict.ts";
import { copyContracts } from "./contractsCopy.ts";
import { MARK_LIBRARY, markBranches } from "./branches/markBranches.ts";

const EXCEPTIONS = join(root, "test/contracts/branches.json");
/** Our marks are all there is to collect: Hardhat's own, one a statement, would only make calls dearer. */
const NO_STATEMENTS = `config.coverage = { skipFiles: ["contracts/**"] };\nexport default config;\n`;

interface Marked {
  readonly file: string;
  readonly points: readonly BranchPoint[];
  readonly firstId: number;
}

async function openCopy(): Promise<string> {
  const copy = await copyContracts("branches");
  const config = join(copy, "hardhat.config.ts");
  const text = await readFile(config, "utf8");
  await writeFile(config, text.replace("export default defineConfig(", "const config = defineConfig("));
  await appendFile(config, NO_STATEMENTS);
  return copy;
}

async function markContracts(copy: string): Promise<Marked[]> {
  const contracts = join(copy, "contracts");
  const files = (await readdir(contracts, { recursive: true })).filter((file) => file.endsWith(".sol")).toSorted();
  const marked: Marked[] = [];
  let firstId = 1;
  for (const file of files) {
    const source = await readFile(join(contracts, file), "utf8");
    const points = branchPoints(source);
    const library = join(relative(dirname(file), "."), "BranchMark.sol");
    const text = markBranches(source, points, { firstId, library });
    await writeFile(join(contracts, file), text);
    marked.push({ file, points, firstId });
    firstId += 2 * points.length;
  }
  await writeFile(join(contracts, "BranchMark.sol"), MARK_LIBRARY);
  return marked;
}

/** The marks of the stories and of the Solidity tests together. */
async function readHits(copy: string): Promise<Set<number>> {
  const data = join(copy, "coverage/data");
  const files = (await readdir(data, { recursive: true })).filter((file) => file.endsWith(".json"));
  const hits = new Set<number>();
  for (const file of files) {
    const marks = z.record(z.string(), z.number()).parse(JSON.parse(await readFile(join(data, file), "utf8")));
    for (const tag of Object.keys(marks)) hits.add(Number(BigInt(`0x${tag}`)));
  }
  return hits;
}

function table(branches: readonly Branch[]): string {
  const files = [...new Set(branches.map(({ file }) => file))];
  const rows = [...files, "all"].map((name) => {
    const own = name === "all" ? branches : branches.filter(({ file }) => file === name);
    const hit = own.filter((branch) => branch.hit).length;
    return `${name.padEnd(44)} ${String(own.length).padStart(8)} ${String(hit).padStart(6)} ${String(own.length - hit).padStart(6)}`;
  });
  return [`${"contract".padEnd(44)} branches    hit missed`, ...rows].join("\n");
}

function lines({ unexplained, explained, wrong }: Verdict): string[] {
  const say = ({ file, line, within, text, way }: Branch) => `contracts/${file}:${line} ${within}: ${text} [${way}]`;
  return [
    ...explained.map((branch) => `- excepted  ${say(branch)}\n            ${branch.why}`),
    ...unexplained.map((branch) => `✖ missed    ${say(branch)}`),
    ...wrong.map(({ file, within, text, way, fault }) => `✖ exception ${file} ${within}: ${text} [${way}] ${fault}`),
  ];
}

async function main(tests: readonly string[], options: { json?: true; keep?: true }): Promise<void> {
  const excepted = exceptions.parse(JSON.parse(await readFile(EXCEPTIONS, "utf8")));
  const copy = await openCopy();
  try {
    const marked = await markContracts(copy);
    await mkdir(join(copy, "coverage/data"), { recursive: true });
    const show = options.json !== true;
    const command = ["hardhat", "--build-profile", "coverage", "test", ...tests, "--coverage"];
    const ran = await run(command, { cwd: copy, show });
    const hits = await readHits(copy);
    const branches = marked.flatMap((one) => branchesOf(one, hits));
    const verdict = judgeBranches(branches, excepted);
    const isGreen = ran.code === 0 && verdict.unexplained.length === 0 && verdict.wrong.length === 0;
    if (!show) process.stdout.write(`${JSON.stringify({ ok: isGreen, ...verdict, branches })}\n`);
    else process.stdout.write(`\n${[table(branches), ...lines(verdict)].join("\n")}\n`);
    if (ran.code !== 0) process.stderr.write(`${show ? "" : ran.output}✖ the tests themselves failed\n`);
    process.exitCode = isGreen ? 0 : 1;
  } finally {
    if (options.keep === true) process.stderr.write(`the copy is in ${copy}\n`);
    else await rm(copy, { recursive: true });
  }
}

await new Command("node scripts/build/branches.ts")
  .description("lists the ways of each branch in contracts/ that no test goes, and no exception explains")
  .argument("[tests...]", "only these test files")
  .option("--json", "one JSON object instead of text")
  .option("--keep", "leave the marked copy, and say where it is")
  .action(main)
  .parseAsync();
