import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { join } from "node:path";

/** Steps of a process that kills itself (kill -9) at one of them, and how a test runs such a process. */

/** On standard output, at once: whatever was said is there when the process is gone. */
export const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

export interface Steps {
  readonly step: (name: string) => void;
  /** Runs `act` between two steps. */
  readonly around: <Result>(name: string, act: () => Promise<Result>) => Promise<Result>;
  /** The same for what does not wait. */
  readonly between: <Result>(name: string, act: () => Result) => Result;
}

/** Says of every step `step <n> <name>`, counted from 1. */
export function countSteps(crashAt: number | undefined): Steps {
  let steps = 0;
  const step = (name: string): void => {
    steps += 1;
    say(`step ${steps} ${name}`);
    if (steps === crashAt) process.kill(process.pid, "SIGKILL");
  };
  return {
    step,
    async around(name, act) {
      step(`before ${name}`);
      const result = await act();
      step(`after ${name}`);
      return result;
    },
    between(name, act) {
      step(`before ${name}`);
      const result = act();
      step(`after ${name}`);
      return result;
    },
  };
}

export interface Ran {
  readonly lines: readonly string[];
  readonly killed: boolean;
}

const CHILD_MS_MAX = 30_000;

/** Runs a script of this folder with its order as JSON, to its end; `onSpawn` gets a way to kill it from outside. */
export function runCrashing(script: string, order: object, onSpawn?: (kill: () => void) => void): Promise<Ran> {
  const path = join(import.meta.dirname, script);
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", path, JSON.stringify(order)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onSpawn?.(() => child.kill("SIGKILL"));
  const limit = setTimeout(() => child.kill("SIGTERM"), CHILD_MS_MAX);
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve) =>
    child.once("close", (_code, signal) => {
      clearTimeout(limit);
      resolve({ lines: text.split("\n"), killed: signal === "SIGKILL" });
    }),
  );
}
