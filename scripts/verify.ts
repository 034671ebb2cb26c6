// checks a proof file offline, and asks the chain for its part when told where it is
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { checkAgainstChain, checkProof, type Finding } from "../protocol/proof.ts";
import { readProof } from "../protocol/proofFile.ts";
import { fromHex, type Hex } from "../protocol/bytes.ts";
import { verify } from "../sdk/index.ts";
import { refuse } from "./terminal/refuse.ts";

interface Options {
  readonly rpc?: string;
  readonly header?: string;
  readonly outcomeRoot?: string;
  readonly json?: true;
}

interface Report {
  readonly ok: boolean;
  readonly onChain: boolean;
  readonly state?: string;
  readonly findings: readonly Finding[];
}

const isHash = (text: string): text is Hex => fromHex(text)?.length === 32;

/** With a header that the caller has from a source of his own, no network is needed at all. */
function checkWithHeader(text: string, header: Hex, outcomeRoot: Hex): Report {
  const read = readProof(text);
  if (read.kind === "unreadable")
    return { ok: false, onChain: false, findings: [{ what: read.reason, verdict: "broken" }] };
  const report = checkProof(read.file);
  const { state } = read.file;
  if (report.ask === undefined) return { ok: report.ok, onChain: false, state, findings: report.findings };
  const finding = checkAgainstChain(report.ask, { headerHash: header, outcomeRoot });
  const ok = report.ok && finding.verdict === "holds";
  return { ok, onChain: ok, state, findings: [...report.findings, finding] };
}

async function check(text: string, options: Options): Promise<Report> {
  if (options.header !== undefined) {
    const outcomeRoot = options.outcomeRoot ?? `0x${"0".repeat(64)}`;
    if (!isHash(options.header) || !isHash(outcomeRoot))
      refuse(
        "a header hash and an outcome root are 0x and 64 hex digits",
        "copy them from the ledger's BatchNotarized event",
        2,
      );
    return checkWithHeader(text, options.header, outcomeRoot);
  }
  const { ok, onChain, findings, file } = await verify(text, options.rpc === undefined ? {} : { rpcUrl: options.rpc });
  return { ok, onChain, findings, ...(file === undefined ? {} : { state: file.state }) };
}

/** What the reader may conclude, in one sentence. */
function conclusion(report: Report): string {
  if (!report.ok) return "This is NOT a valid proof.";
  if (report.state === "pending")
    return "Proved: the parties agreed and the relayer has taken it. Not yet: an outcome on the chain.";
  const what =
    report.state === "completed"
      ? "it was notarized and completed"
      : "it was notarized, and it failed on chain without moving anything";
  return report.onChain
    ? `Proved: the parties agreed, and ${what}.`
    : `Proved as far as the file goes: the parties agreed, and ${what}. Not yet: that the chain holds this batch; give --rpc <url> or --header <hash>.`;
}

async function main(path: string, options: Options): Promise<void> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    refuse(
      `cannot read ${path}`,
      "name a proof file, such as those that ./midchain demo writes to .data/demo/proofs",
      2,
    );
  }
  const report = await check(text, options);
  if (options.json === true) console.log(JSON.stringify({ ...report, conclusion: conclusion(report) }));
  else {
    const marks = { holds: "✔", broken: "✖", open: "·" } as const;
    for (const { what, verdict } of report.findings)
      console.log(` ${marks[verdict]} ${what}${verdict === "open" ? "  (cannot be told from the file alone)" : ""}`);
    console.log(`\n${conclusion(report)}`);
  }
  process.exitCode = report.ok ? 0 : 1;
}

const program = new Command("./midchain verify")
  .description("checks a proof file: offline, but for the one question that only the chain can answer")
  .argument("<proof file>")
  .option("--rpc <url>", "ask this endpoint for the batch's header")
  .option("--header <hash>", "the header hash the ledger holds, from a source of your own; nothing is asked")
  .option("--outcome-root <hash>", "with --header: the outcome root the ledger holds")
  .option("--json", "one object for machines")
  .action(main);
try {
  await program.parseAsync();
} catch (error) {
  refuse(
    `the check could not be finished: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)}`,
    "check the endpoint given with --rpc; without it everything but the chain's part is checked",
  );
}
