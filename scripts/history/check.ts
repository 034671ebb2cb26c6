import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { checkChains } from "./chains.ts";
import { checkClients } from "./clients.ts";
import { checkErasures } from "./erasures.ts";
import { emptyFacts, gather, type Facts, type Violation } from "./gather.ts";
import { parseLine, type Line } from "./line.ts";
import { checkMoney } from "./money.ts";
import { checkReplicas } from "./replicas.ts";
import { checkTransactions } from "./transactions.ts";

export interface Verdict {
  readonly ok: boolean;
  readonly operations: number;
  readonly acknowledged: number;
  readonly nodes: number;
  readonly servers: number;
  readonly transactions: number;
  readonly violations: readonly Violation[];
}

/** What is worth printing; the rest of a broken history breaks the same rules. */
const VIOLATIONS_MAX = 200;

/** Judges a history from what everybody said after it had come to rest. */
export function judge(facts: Facts): Verdict {
  const violations = [...facts.violations];
  for (const check of [checkReplicas, checkChains, checkTransactions, checkClients, checkMoney, checkErasures]) {
    for (const violation of check(facts)) {
      if (violations.length >= VIOLATIONS_MAX) break;
      violations.push(violation);
    }
  }
  const [held] = facts.nodes.values();
  return {
    ok: violations.length === 0,
    operations: facts.ops.length,
    acknowledged: facts.ops.filter(({ result }) => result === "ok").length,
    nodes: facts.nodes.size,
    servers: facts.servers.size,
    transactions: held?.txs.size ?? 0,
    violations,
  };
}

export function judgeLines(lines: Iterable<Line>): Verdict {
  const facts = emptyFacts();
  for (const line of lines) gather(line, facts);
  return judge(facts);
}

/** The same from files of JSON lines. A file that is cut, or that holds anything else, is a violation of its own. */
export async function judgeFiles(paths: readonly string[]): Promise<Verdict> {
  const facts = emptyFacts();
  for (const path of paths) {
    let lines = 0;
    let promised: number | undefined;
    for await (const text of createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Infinity })) {
      if (text === "") continue;
      const line = parseLine(text);
      if (line === undefined) facts.violations.push({ rule: "C0 unreadable", about: `${path}:${lines + 1}` });
      else if (line.k === "end") promised = line.lines;
      else gather(line, facts);
      if (line?.k !== "end") lines += 1;
    }
    if (promised !== lines)
      facts.violations.push({ rule: "C0 cut short", about: `${path}: ${lines} lines of ${promised ?? "unknown"}` });
  }
  return judge(facts);
}
