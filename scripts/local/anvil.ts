import { spawn, type ChildProcess } from "node:child_process";
import { Socket } from "node:net";
import { join } from "node:path";
import { arch, platform } from "node:process";
import { freePort } from "./ports.ts";
import { root } from "./run.ts";

const START_MS_MAX = 20_000;
const POLL_MS = 25;

export interface LocalChainProcess {
  readonly rpcUrl: string;
  readonly process: ChildProcess;
  readonly stop: () => Promise<void>;
}

/** The program itself rather than its npm launcher: one process, so that stopping it stops it. */
function anvilPath(): string {
  const os = platform === "win32" ? "win32" : platform;
  const cpu = arch === "x64" ? "amd64" : arch;
  return join(root, `node_modules/@foundry-rs/anvil-${os}-${cpu}/bin/anvil${platform === "win32" ? ".exe" : ""}`);
}

/**
 * Starts a local EVM chain (31337) that mines every `blockSeconds` and calls a block final two blocks later.
 * `statePath` keeps the chain over restarts.
 */
export async function startAnvil(
  options: { readonly port?: number; readonly blockSeconds?: number; readonly statePath?: string } = {},
): Promise<LocalChainProcess> {
  const port = options.port ?? (await freePort());
  const args = [
    "--host",
    "127.0.0.1",
    "--port",
    String(port),
    "--silent",
    "--slots-in-an-epoch",
    "1",
    "--hardfork",
    "prague",
  ];
  if (options.blockSeconds !== undefined) args.push("--block-time", String(options.blockSeconds), "--mixed-mining");
  if (options.statePath !== undefined) args.push("--state", options.statePath);
  const child = spawn(anvilPath(), args, { stdio: ["ignore", "ignore", "pipe"] });
  const end = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", end);
  const rpcUrl = `http://127.0.0.1:${port}`;
  await untilAnswering(rpcUrl, child);
  // A chain that nobody stops must not keep its starter alive; whoever waits for its end takes it back first.
  child.unref();
  if (child.stderr instanceof Socket) child.stderr.unref();
  return {
    rpcUrl,
    process: child,
    stop: () =>
      new Promise((resolve) => {
        process.off("exit", end);
        if (child.exitCode !== null) {
          resolve();
          return;
        }
        child.once("exit", () => {
          resolve();
        });
        child.ref();
        // Gently first: it writes its state when it is asked to stop.
        child.kill("SIGTERM");
      }),
  };
}

async function untilAnswering(rpcUrl: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS_MAX;
  let complaint = "";
  child.stderr?.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the local chain stopped at once: ${complaint.split("\n")[0] ?? ""}`);
    const answers = await fetch(rpcUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}',
    }).then(
      (response) => response.ok,
      () => false,
    );
    if (answers) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error("the local chain did not answer in time");
}
