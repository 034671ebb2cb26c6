// transactions on their way to the chain: list them, raise the fee of one, cancel one
import { Command } from "commander";
import { refuse } from "./terminal/refuse.ts";

interface Sent {
  readonly key: string;
  readonly nonce: number;
  readonly state: string;
  readonly hashes: readonly string[];
  readonly lastError?: string;
}

interface Options {
  readonly at: string;
  readonly json?: true;
}

async function ask(options: Options, path: string, method: "GET" | "POST"): Promise<readonly Sent[]> {
  const response = await fetch(new URL(path, options.at), { method, headers: { "x-midchain-operator": "tx" } }).catch(
    () => undefined,
  );
  if (response === undefined)
    refuse(`no relayer answers at ${options.at}`, "start it (./midchain up), or give its operator address with --at");
  if (!response.ok) refuse(`the relayer answered ${response.status}`, "./midchain tx list shows the nonces there are");
  return ((await response.json()) as { readonly transactions: readonly Sent[] }).transactions;
}

function show(transactions: readonly Sent[], options: Options): void {
  if (options.json === true) {
    console.log(JSON.stringify({ transactions }));
    return;
  }
  if (transactions.length === 0) console.log("nothing is on its way");
  for (const { nonce, state, hashes, key, lastError } of transactions) {
    console.log(
      `${String(nonce).padStart(6)}  ${state.padEnd(9)}  ${hashes.length} signed  ${hashes.at(-1) ?? ""}  ${key}`,
    );
    if (lastError !== undefined) console.log(`        ${lastError}`);
  }
}

const act =
  (action: "bump" | "cancel") =>
  async (nonce: string, _: unknown, command: Command): Promise<void> => {
    if (!/^\d+$/.test(nonce)) refuse(`${nonce} is not a nonce`, "./midchain tx list shows the nonces there are", 2);
    const options = command.optsWithGlobals<Options>();
    show(await ask(options, `/outbox/${nonce}/${action}`, "POST"), options);
  };

const program = new Command("./midchain tx")
  .description("speaks to a running relayer's operator port")
  .option("--at <url>", "the relayer's operator address", "http://127.0.0.1:9464")
  .option("--json", "one object for machines");
program
  .command("list")
  .description("what has been signed and is not final yet, by nonce")
  .action(async (_: unknown, command: Command) => {
    const options = command.optsWithGlobals<Options>();
    show(await ask(options, "/outbox", "GET"), options);
  });
program
  .command("bump")
  .argument("<nonce>")
  .description("sign the same nonce again with higher fees")
  .action(act("bump"));
program
  .command("cancel")
  .argument("<nonce>")
  .description("replace it by a transfer of nothing; its batch is sent again under a new nonce")
  .action(act("cancel"));
await program.parseAsync();
