// every test, with its own set-up; name suites to run only those
import { existsSync, globSync } from "node:fs";
import { parseArgs } from "node:util";
import { bringNats, bringNatsOf, NATS_FIX } from "./local/nats.ts";
import { bringRedis, type BroughtServer } from "./local/redis.ts";
import { root, run, type Ran } from "./local/run.ts";
import { countHardhat, countNode, failuresOf, type Counts } from "./terminal/verdict.ts";

interface Suite {
  readonly name: string;
  readonly about: string;
  readonly command: readonly string[];
  readonly count: (ran: Ran) => Counts;
  /** Undefined when the suite cannot run here, which it has said loudly. */
  readonly setUp?: () => Promise<Readonly<Record<string, string>> | undefined>;
}

const nodeSuite = (name: string, about: string, pattern: string, setUp?: Suite["setUp"]): Suite => ({
  name,
  about,
  // One file at a time: several of them start chains and servers, and two cores are all we count on.
  command: ["node", "--test", "--test-concurrency=1", "--test-reporter=spec", pattern],
  count: countNode,
  ...(setUp === undefined ? {} : { setUp }),
});

/** Says loudly what could not be tested; on CI that is a failure, never a silent skip. */
function sayMissing(what: string, fix: string): void {
  const message = `${what}\n  fix: ${fix}`;
  if (process.env["CI"] !== undefined) throw new Error(message);
  console.log(`\n${"!".repeat(100)}\n${message}\n${"!".repeat(100)}\n`);
}

async function redisEnvironment(): Promise<Readonly<Record<string, string>>> {
  const redis = await bringRedis();
  if (redis.kind === "found") return { MIDCHAIN_REDIS_SERVER: redis.path };
  sayMissing(`NO REDIS: the tests of the BullMQ adapter did NOT run (${redis.why}).`, "put redis-server on PATH");
  return {};
}

/** The cluster's tests want two servers: one that is safe, and an old one that a relayer must refuse. */
async function natsEnvironment(): Promise<Readonly<Record<string, string>> | undefined> {
  const missing = (server: BroughtServer): readonly string[] => (server.kind === "missing" ? [server.why] : []);
  const why = [...missing(await bringNats()), ...missing(await bringNatsOf("trixie"))];
  if (why.length === 0) return {};
  sayMissing(`NO NATS SERVER: the cluster tests did NOT run (${why.join("; ")}).`, NATS_FIX);
  return undefined;
}

const suites: readonly Suite[] = [
  nodeSuite("protocol", "bytes both ends agree on, official vectors", "test/protocol/**/*.test.ts"),
  nodeSuite("relayer", "the five stages, ports on every adapter", "test/relayer/**/*.test.ts", redisEnvironment),
  nodeSuite("sdk", "the client library", "test/sdk/**/*.test.ts"),
  {
    name: "contracts",
    about: "stories, fuzzing, invariants",
    command: ["hardhat", "test"],
    count: countHardhat,
  },
  nodeSuite("e2e", "whole flows against a real chain process", "test/e2e/**/*.test.ts"),
  nodeSuite("cluster", "several nodes on real servers, faults, repair", "test/cluster/**/*.test.ts", natsEnvironment),
  nodeSuite("sim", "the core under simulated faults, and planted mistakes found", "test/sim/**/*.test.ts"),
  nodeSuite("portal", "the portal in a real browser", "test/portal/**/*.test.ts"),
  nodeSuite("house", "the wrapper, and the checks themselves", "test/house/**/*.test.ts"),
];

const isThere = (suite: Suite): boolean => {
  const pattern = suite.command.at(-1) ?? "";
  return pattern.includes("*") ? globSync(pattern, { cwd: root }).length > 0 : existsSync(`${root}/test/contracts`);
};

interface SuiteResult extends Counts {
  readonly name: string;
  readonly elapsedMs: number;
  readonly failures?: string;
}

async function runSuite(suite: Suite, show: boolean): Promise<SuiteResult> {
  if (show) console.log(`\n── ${suite.name}: ${suite.about}`);
  const env = suite.setUp === undefined ? {} : await suite.setUp();
  if (env === undefined) return { name: `${suite.name} (NOT RUN)`, passed: 0, failed: 0, elapsedMs: 0 };
  const ran = await run(suite.command, { show, env });
  const counted = suite.count(ran);
  // A runner that died without counting, or counted nothing, has failed.
  const failed = counted.failed === 0 && (ran.code !== 0 || counted.passed === 0) ? 1 : counted.failed;
  const result = { name: suite.name, passed: counted.passed, failed, elapsedMs: ran.elapsedMs };
  return failed === 0 ? result : { ...result, failures: failuresOf(ran) };
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  const there = suites.filter(isThere);
  if (values.help === true) {
    console.log("usage: ./midchain test [suite …] [--json]\n");
    for (const suite of there) console.log(`  ${suite.name.padEnd(10)} ${suite.about}`);
    return 0;
  }
  const unknown = positionals.find((name) => !there.some((suite) => suite.name === name));
  if (unknown !== undefined) {
    console.error(
      `midchain test: there is no suite "${unknown}"\n  fix: one of ${there.map((suite) => suite.name).join(" ")}`,
    );
    return 2;
  }
  const chosen = positionals.length === 0 ? there : there.filter((suite) => positionals.includes(suite.name));
  const results = [];
  for (const suite of chosen) results.push(await runSuite(suite, values.json !== true));
  const passed = results.reduce((total, result) => total + result.passed, 0);
  const failed = results.reduce((total, result) => total + result.failed, 0);
  if (values.json === true) console.log(JSON.stringify({ passed, failed, suites: results }));
  else {
    for (const { name, failures } of results) if (failures !== undefined) console.log(`\n── ${name}: ${failures}`);
    console.log("");
    for (const result of results) {
      const mark = result.failed === 0 ? "✔" : "✖";
      console.log(
        `${mark} ${result.name.padEnd(10)} ${String(result.passed).padStart(5)} passed ${String(result.failed).padStart(3)} failed ${(result.elapsedMs / 1000).toFixed(1).padStart(7)}s`,
      );
    }
    console.log(`\n${passed} passed, ${failed} failed`);
  }
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
