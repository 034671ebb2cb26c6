// several nodes that keep one another's records: up, status, keys, faults
import { mkdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import { toHex } from "../protocol/bytes.ts";
import { openFileKeyring, writeClusterKeys, writeJoiningKeys } from "../relayer/adapters/file/keyring.ts";
import { makeNkeys } from "../relayer/adapters/jetstream/connect.ts";
import type { ClusterView } from "../relayer/cluster/view.ts";
import { runCampaign, runFailovers, runFaults, type FaultResult } from "./cluster/campaign.ts";
import { elsewhere, faults } from "./cluster/faults.ts";
import { CLUSTER_HOME, localUrls, RESTART_SIGNAL } from "./cluster/local.ts";
import { showCluster } from "./cluster/show.ts";
import { backup, members, restore, rotate, trim } from "./cluster/tend.ts";
import { NoNats, startCluster, type ClusterStack } from "./local/cluster.ts";
import { root } from "./local/run.ts";
import { runSample, SAMPLE_NAMES } from "./local/scenario.ts";
import { stopOnSignal } from "./local/stopOnSignal.ts";
import { refuse } from "./terminal/refuse.ts";

async function up(options: { readonly json?: true; readonly sample: boolean; readonly partitions: string }) {
  const say = (line: string): void => {
    if (options.json !== true) console.log(line);
  };
  const stack = await startCluster({
    dataDir: CLUSTER_HOME,
    names: SAMPLE_NAMES,
    partitions: Number(options.partitions),
    portal: true,
    onStep: (what) => {
      say(` ✔ ${what}`);
    },
  });
  stopOnSignal(stack.stop, say);
  restartOnSignal(stack, say);
  const urls = stack.relayers.map(({ url }) => `${url}/v1`);
  say(`\n   Any of the three takes any request:  ${urls.join("  ")}`);
  say(`   The portal, at each of them:          ${stack.relayers.map(({ url }) => url).join("  ")}`);
  say(`   Who leads, who works on what:         ./midchain cluster status   or ${urls[0] ?? ""}/cluster`);
  say(`   Funded wallets: ${relative(root, CLUSTER_HOME)}/wallets.json (local keys, worth nothing)\n`);
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
        wallets: join(relative(root, CLUSTER_HOME), "wallets.json"),
      }),
    );
}

/** A restored state is used from the next start on: whoever restores asks for it. */
function restartOnSignal({ relayers }: ClusterStack, say: (line: string) => void): void {
  const restart = async (): Promise<void> => {
    await Promise.all(relayers.map((relayer) => relayer.kill("SIGTERM")));
    await Promise.all(relayers.map((relayer) => relayer.start()));
    say(" ✔ relayers started again");
  };
  process.on(RESTART_SIGNAL, () => {
    restart().catch((error: unknown) => {
      say(` ✖ a relayer did not start again: ${String(error)}`);
    });
  });
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

interface FaultOptions {
  readonly seed: string;
  readonly json?: true;
}

function tellResult(result: FaultResult, options: FaultOptions): void {
  if (options.json === true) {
    console.log(JSON.stringify(result));
    return;
  }
  const { ok, fault, rows, elapsedMs, restMs, acknowledged } = result;
  const verdict = ok ? "history holds" : "HISTORY BROKEN";
  console.log(
    ` ${ok ? "✔" : "✖"} ${fault.padEnd(22)} ${rows.join(" ").padEnd(12)} ${(elapsedMs / 1000).toFixed(1).padStart(6)} s, at rest after ${(restMs / 1000).toFixed(1)} s, ${acknowledged} acknowledged: ${verdict}`,
  );
  for (const violation of result.violations) console.log(`     ${violation}`);
}

/** Rows of the matrix that were not run must not look as if they had been. */
function tellElsewhere(options: FaultOptions): void {
  if (options.json === true) return;
  console.log("\nNot done to real processes here:");
  for (const { row, why } of elsewhere()) console.log(`  ${row}: ${why}`);
}

const tellStep = (options: FaultOptions) => (what: string) => {
  if (options.json !== true) console.log(`   ${what}`);
};

async function fault(names: readonly string[], options: FaultOptions & { readonly quick?: true }): Promise<void> {
  const chosen = faults.filter(({ name, quick }) => names.includes(name) || (options.quick === true && quick));
  const unknown = names.find((name) => !faults.some((known) => known.name === name));
  if (unknown !== undefined || chosen.length === 0) {
    for (const { name, rows, about } of faults)
      console.log(`  ${name.padEnd(22)} ${rows.join(" ").padEnd(10)} ${about}`);
    tellElsewhere(options);
    if (unknown !== undefined) refuse(`there is no fault "${unknown}"`, "choose one of the list above", 2);
    return;
  }
  const results = await runFaults(chosen, {
    seed: Number(options.seed),
    onStep: tellStep(options),
    onResult: (result) => {
      tellResult(result, options);
    },
  });
  const skipped = chosen.filter(({ lacking }) => lacking?.() !== undefined);
  for (const { name, lacking } of skipped) console.error(` ! ${name} was NOT run: ${lacking?.() ?? ""}`);
  process.exit(results.length > 0 && results.every(({ ok }) => ok) ? 0 : 1);
}

async function campaign(options: FaultOptions & { readonly minutes: string }): Promise<void> {
  const results = await runCampaign({
    minutes: Number(options.minutes),
    seed: Number(options.seed),
    onStep: tellStep(options),
    onResult: (result) => {
      tellResult(result, options);
    },
  });
  tellElsewhere(options);
  process.exit(results.every(({ ok }) => ok) ? 0 : 1);
}

/** What a killed node may cost: effects of a relayer's partitions, appends to a server's. */
const FAILOVER_GOALS_MS = { relayer: 5_000, server: 10_000 } as const;

async function failover(options: FaultOptions & { readonly runs: string }): Promise<void> {
  const results = await runFailovers({
    runs: Number(options.runs),
    seed: Number(options.seed),
    onStep: tellStep(options),
    onResult: ({ kind, killed, tookMs, lost }) => {
      if (options.json !== true)
        console.log(` ${kind.padEnd(8)} ${killed} killed, went on after ${tookMs} ms, ${lost.length} promises broken`);
    },
  });
  const kinds = (["relayer", "server"] as const).map((kind) => {
    const of = results.filter((result) => result.kind === kind);
    const took = of.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const good = of.filter(({ tookMs, lost }) => tookMs <= FAILOVER_GOALS_MS[kind] && lost.length === 0).length;
    const [p50Ms, maxMs] = [took[Math.floor(took.length / 2)] ?? 0, took.at(-1) ?? 0];
    return { kind, runs: of.length, good, goalMs: FAILOVER_GOALS_MS[kind], p50Ms, maxMs };
  });
  if (options.json === true) console.log(JSON.stringify({ kinds, results }));
  else
    for (const { kind, runs, good, goalMs, p50Ms, maxMs } of kinds)
      console.log(
        `${kind.padEnd(8)} ${good} of ${runs} within ${goalMs} ms and nothing lost; median ${p50Ms}, longest ${maxMs} ms`,
      );
  process.exit(kinds.every(({ runs, good }) => runs === good) ? 0 : 1);
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
program
  .command("members [action] [publicKey]")
  .description("who is a member; add and remove make a node's key one, or no longer one, by a record in every log")
  .option("--at <url>", "operator address of any node; without it the cluster started on this machine")
  .option("--json", "one object")
  .action(members);
program
  .command("trim")
  .description("trims the logs now as far as is safe; by itself that happens every half minute")
  .option("--at <url>", "operator address of any node; without it the cluster started on this machine")
  .option("--json", "one object")
  .action(trim);
program
  .command("rotate")
  .description(
    "changes the vault key now, which makes what was erased unreadable for good; by itself that happens daily",
  )
  .option("--at <url>", "operator address of any node, alone or not; without it the cluster started on this machine")
  .option("--json", "one object")
  .action(rotate);
program
  .command("backup <folder>")
  .description("an audited, signed copy of everything the cluster holds, in a new folder; keys are not in it")
  .option("--at <url>", "operator address of any node; without it the cluster started on this machine")
  .option("--json", "one object")
  .action(backup);
program
  .command("restore <folder>")
  .description("gives the node of these settings, or those of the local cluster, a backup's state at its next start")
  .option("--without-log", "also where the logs do not go on from the backup: what came after it is gone")
  .option("--json", "one object")
  .action(restore);
program
  .command("fault [names...]")
  .description(
    "does faults of the matrix to a cluster of real processes under load, and judges the history; alone it lists them",
  )
  .option("--quick", "the few that every push runs")
  .option("--seed <n>", "what the load and the fault choose", "1")
  .option("--json", "one object per fault")
  .action(fault);
program
  .command("failover")
  .description(
    "kills the busiest relayer and the leading server in turn, and measures until everything they did goes on",
  )
  .option("--runs <n>", "how often each", "20")
  .option("--seed <n>", "what the load chooses", "1")
  .option("--json", "one object")
  .action(failover);
program
  .command("campaign")
  .description("a random sequence of faults under load, the same for the same seed; stops at the first broken history")
  .option("--minutes <n>", "about how long", "10")
  .option("--seed <n>", "which sequence", "1")
  .option("--json", "one object per fault")
  .action(campaign);
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof NoNats) refuse(error.message, error.fix);
  refuse(
    `the cluster stopped: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)}`,
    "stop what else runs on this machine, then try again; logs are in .data/cluster",
  );
}
