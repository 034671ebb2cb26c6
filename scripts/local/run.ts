import { spawn, type ChildProcess } from "node:child_process";

/** Repository root; every command of the workshop runs from here. */
export const root = new URL("../..", import.meta.url).pathname.replace(/%20/g, " ").replace(/\/$/, "");

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly elapsedMs: number;
}

const living = new Set<ChildProcess>();

// Whatever ends this process ends its children: each child leads a process group of its own, so that the group of a
// tool that starts helpers of its own goes with it.
function endChildren(signal: NodeJS.Signals): void {
  for (const child of living) {
    if (child.pid !== undefined) {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // It is gone already.
      }
    }
  }
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    endChildren("SIGTERM");
    process.exit(signal === "SIGINT" ? 130 : 143);
  });
}
process.once("exit", () => {
  endChildren("SIGKILL");
});

/** Runs a command to its end. `show` also passes its output through as it comes. Never throws for a non-zero exit. */
export function run(
  command: readonly string[],
  options: { readonly show?: boolean; readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<Ran> {
  const [file, ...args] = command;
  if (file === undefined) throw new Error("an empty command");
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: options.cwd ?? root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: "true", ...options.env },
    });
    living.add(child);
    let output = "";
    const keep = (chunk: Buffer): void => {
      if (output.length < OUTPUT_BYTES_MAX) output += chunk.toString("utf8");
      if (options.show === true) process.stdout.write(chunk);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const end = (code: number): void => {
      living.delete(child);
      resolve({ code, output, elapsedMs: Math.round(performance.now() - startedAt) });
    };
    child.on("error", (error) => {
      output += `${file}: ${error.message}\n`;
      end(127);
    });
    child.on("close", (code) => {
      end(code ?? 1);
    });
  });
}
