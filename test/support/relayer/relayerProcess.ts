import { spawn } from "node:child_process";

export interface RelayerProcess {
  readonly url: string;
  readonly metricsUrl: string;
  /** Resolves with the exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

const READY_MS_MAX = 120_000;

/** `relayer/main.ts` as an operator starts it, on free ports; resolves when it says that it is ready. */
export async function startRelayer(env: Readonly<Record<string, string>>): Promise<RelayerProcess> {
  const child = spawn(process.execPath, ["relayer/main.ts"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      MIDCHAIN_PORT: "0",
      MIDCHAIN_METRICS_PORT: "0",
      MIDCHAIN_LOG_LEVEL: "error",
      ...env,
    },
  });
  const end = (): void => {
    child.kill("SIGKILL");
  };
  process.on("exit", end);
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      process.off("exit", end);
      resolve(code);
    });
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    const limit = setTimeout(end, READY_MS_MAX);
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const [first, rest] = text.split("\n");
      if (first === undefined || rest === undefined) return;
      clearTimeout(limit);
      resolve(first);
    });
    void exited.then((code) => {
      clearTimeout(limit);
      reject(new Error(`the relayer ended with ${code}: ${errors}`));
    });
  });
  const ready = JSON.parse(line) as { readonly url: string; readonly metrics: string };
  return {
    url: ready.url,
    metricsUrl: ready.metrics,
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return exited;
    },
  };
}
