// a whole system on this machine that keeps running: chain, contracts, relayer, and a sample to look at
import { join } from "node:path";
import { Command } from "commander";
import { root } from "./local/run.ts";
import { runSample, SAMPLE_NAMES } from "./local/scenario.ts";
import { startStack } from "./local/stack.ts";
import { stopOnSignal } from "./local/stopOnSignal.ts";
import { freePort, isFree } from "./local/ports.ts";
import { refuse } from "./terminal/refuse.ts";

const WANTED = { rpc: 8545, http: 8080, metrics: 9464 } as const;

/** The usual ports where they are free, any others where they are not. */
async function choosePorts(): Promise<{ rpc: number; http: number; metrics: number }> {
  const choose = async (wanted: number): Promise<number> => ((await isFree(wanted)) ? wanted : freePort());
  return { rpc: await choose(WANTED.rpc), http: await choose(WANTED.http), metrics: await choose(WANTED.metrics) };
}

async function up(options: { readonly json?: true; readonly sample: boolean }): Promise<void> {
  const say = (line: string): void => {
    if (options.json !== true) console.log(line);
  };
  const stack = await startStack({
    dataDir: join(root, ".data/up"),
    names: SAMPLE_NAMES,
    ports: await choosePorts(),
    portal: true,
    onStep: (what) => {
      say(` ✔ ${what}`);
    },
  });
  stopOnSignal(stack.stop, say);
  const urls = {
    live: stack.url,
    api: `${stack.url}/v1`,
    docs: `${stack.url}/docs`,
    rpc: stack.rpcUrl,
    metrics: stack.metricsUrl,
    health: `${stack.url}/ready`,
  };
  say(
    `\n   Live view    ${urls.live}   the portal; a demo wallet is built in\n   Relayer API  ${urls.api}\n   API docs     ${urls.docs}\n   Chain RPC    ${urls.rpc}   funded wallets: .data/up/wallets.json (local keys, worth nothing)`,
  );
  say(`   Metrics      ${urls.metrics}\n   Ready        ${urls.health}\n`);
  if (options.sample) {
    const sample = await runSample(stack, (line) => {
      say(`   ${line}`);
    });
    say(
      `\n ${sample.notarized} transactions notarized, ${sample.gasPerNotarized.toLocaleString("en-US")} gas each. Ctrl-C stops everything.`,
    );
  }
  if (options.json === true) console.log(JSON.stringify({ event: "up", ...urls, wallets: ".data/up/wallets.json" }));
}

const program = new Command("./midchain up")
  .description(
    "starts a local chain, the contracts and a relayer, runs a sample, and keeps running until Ctrl-C;\neach start begins afresh",
  )
  .option("--no-sample", "do not run the sample")
  .option("--json", "one object once everything is up")
  .action(up);
try {
  await program.parseAsync();
} catch (error) {
  refuse(
    `could not start: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)}`,
    "stop what else runs on this machine, then ./midchain up again",
  );
}
