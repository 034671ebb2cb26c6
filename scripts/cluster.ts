// several nodes on this machine: up, status, and the keys of a real cluster
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import { toHex } from "../protocol/bytes.ts";
import { openFileKeyring, writeClusterKeys, writeJoiningKeys } from "../relayer/adapters/file/keyring.ts";
import { makeNkeys } from "../relayer/adapters/jetstream/connect.ts";
import type { ClusterView } from "../relayer/cluster/view.ts";
import { showCluster } from "./cluster/show.ts";
import { NoNats, startCluster } from "./local/cluster.ts";
import { root } from "./local/run.ts";
import { runSample, SAMPLE_NAMES } from "./local/scenario.ts";
import { refuse } from "./terminal/refuse.ts";

const HOME = join(root, ".data/cluster");

async function up(options: { readonly json?: true; readonly sample: boolean; readonly partitions: string }) {
  const say = (line: string): void => {
    if (options.json !== true) console.log(line);
  };
  const stack = await startCluster({
    dataDir: HOME,
    names: SAMPLE_NAMES,
    partitions: Number(options.partitions),
    onStep: (what) => {
      say(` ✔ ${what}`);
    },
  });
  const stop = (): void => {
    say("\n stopping …");
    void stack.stop().then(() => process.exit(0));
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const urls = stack.relayers.map(({ url }) => `${url}/v1`);
  say(`\n   Any of the three takes any request:  ${urls.join("  ")}`);
  say(`   Who leads, who works on what:         ./midchain cluster status   or ${urls[0] ?? ""}/cluster`);
  say(`   Funded wallets: ${relative(root, HOME)}/wallets.json (local keys, worth nothing)\n`);
  if (options.sample) {
    const sample = await runSample(stack, (line) => {
      say(`   ${line}`);
    });
    say(`\n ${sample.notarized} transactions notarized over ${sample.partitions} partitions. Ctrl-C stops everything.`);
  }
  if (options.json === true)
    console.log(
      JSON.stringify({
        event: "up",
        relayers: stack.relayers.map(({ name, url, metricsUrl }) => ({ name, url, metrics: metricsUrl })),
        nats: stack.nats.urls,
        rpc: stack.rpcUrl,
        wallets: join(relative(root, HOME), "wallets.json"),
      }),
    );
}

/** The nodes of the cluster that was started last on this machine. */
function localUrls(): readonly string[] {
  const file = join(HOME, "cluster.json");
  if (!existsSync(file)) return [];
  const { relayers } = JSON.parse(readFileSync(file, "utf8")) as { readonly relayers: readonly { url: string }[] };
  return relayers.map(({ url }) => url);
}

async function status(options: { readonly at?: string; readonly json?: true }): Promise<void> {
  const asked = options.at === undefined ? localUrls() : [options.at];
  for (const url of asked) {
    const view = await fetch(new URL("/v1/cluster", url)).then(
      async (response) => (response.ok ? ((await response.json()) as ClusterView) : undefined),
      () => undefined,
    );
    if (view === undefined) continue;
    if (options.json === true) console.log(JSON.stringify(view));
    else for (const line of showCluster(view)) console.log(line);
    process.exitCode = view.partitions.every(({ state, leader }) => state === "ok" && leader !== null) ? 0 : 1;
    return;
  }
  refuse("no node of a cluster answers", "./midchain cluster up, or give a node's address with --at");
}

interface KeyOptions {
  readonly nodes: string;
  readonly from?: string;
  readonly json?: true;
}

function keys(folder: string, options: KeyOptions): void {
  const count = Number(options.nodes);
  if (!Number.isInteger(count) || count < 1 || count > 64)
    refuse("--nodes takes a number from 1 to 64", "--nodes 3", 2);
  const home = resolve(folder);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const files = Array.from({ length: count }, (_, i) => join(home, `node-${i + 1}.keys.json`));
  if (options.from === undefined) writeClusterKeys(files);
  else for (const file of files) writeJoiningKeys(file, resolve(options.from));
  const nodes = files.map((path) => toHex(openFileKeyring(path).nodePublicKey)).join(",");
  if (options.from !== undefined) {
    // Who is a member is said by records, so nothing of the running nodes' settings changes.
    console.log(
      options.json === true ? JSON.stringify({ files, nodes }) : `${files.join("\n")}\npublic keys: ${nodes}`,
    );
    return;
  }
  const nkeys = makeNkeys();
  if (options.json === true) {
    console.log(JSON.stringify({ files, nodes, nkeys }));
    return;
  }
  console.log(
    `Key files, one per node (copy to MIDCHAIN_DATA_DIR/keys.json, mode 0600; back them up apart from the data):`,
  );
  for (const file of files) console.log(`  ${file}`);
  console.log(`\nThe same on every node:\n  MIDCHAIN_NODES=${nodes}`);
  console.log(`\nFor the nats-servers' environment (samples/nats), and for the relayers as secrets:`);
  for (const [user, variable, secret] of [
    ["log", "MIDC_LOG_NKEY", "MIDCHAIN_NATS_SEED"],
    ["sys", "MIDC_SYS_NKEY", "MIDCHAIN_NATS_SYS_SEED"],
    ["keeper", "MIDC_KEEPER_NKEY", "MIDCHAIN_NATS_KEEPER_SEED"],
  ] as const)
    console.log(`  ${variable}=${nkeys[user].publicKey}\n  ${secret}=${nkeys[user].seed}`);
}

const program = new Command("./midchain cluster").description("several nodes that keep one another's records");
program
  .command("up")
  .description("three nats-servers, three relayers and a chain on this machine, with the sample of demo")
  .option("--no-sample", "do not run the sample")
  .option("--partitions <n>", "logs to spread the users over", "16")
  .option("--json", "one object once everything is up")
  .action(up);
program
  .command("status")
  .description("nodes, servers, and who leads and executes each partition; exit code 1 when one takes no appends")
  .option("--at <url>", "any node; without it the cluster started on this machine")
  .option("--json", "the answer of /v1/cluster")
  .action(status);
program
  .command("keys <folder>")
  .description("makes the key files of a new cluster's nodes and the users of its NATS servers")
  .option("--nodes <n>", "how many", "3")
  .option("--from <keys.json>", "further nodes of an existing cluster, with the shared keys of this file")
  .option("--json", "one object")
  .action(keys);
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof NoNats) refuse(error.message, error.fix);
  refuse(
    `the cluster stopped: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)}`,
    "stop what else runs on this machine, then try again; logs are in .data/cluster",
  );
}
