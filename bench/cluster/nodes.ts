import { fork } from "node:child_process";
import { once } from "node:events";
import { NODE_FLAGS } from "../../scripts/local/stack.ts";

export type Order =
  | { readonly kind: "enrol"; readonly from: number; readonly to: number }
  | { readonly kind: "blocks"; readonly inFlight: number; readonly ms: number; readonly users: number }
  | { readonly kind: "stop" };
export type Answer =
  | { readonly kind: "enrolled" }
  | { readonly kind: "blocks"; readonly latenciesMs: readonly number[]; readonly elapsedMs: number };

/** A bench node in a process of its own, with the settings of the relayer whose place it takes. */
export interface BenchNode {
  readonly pid: number;
  readonly tell: (order: Order) => Promise<Answer>;
  readonly stop: () => Promise<void>;
}

export async function startBenchNode(env: Readonly<Record<string, string>>): Promise<BenchNode> {
  const child = fork(new URL("node.worker.ts", import.meta.url), {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    execArgv: [...NODE_FLAGS],
    serialization: "advanced",
  });
  const end = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", end);
  const gone = once(child, "exit").then(() => process.off("exit", end));
  const answer = async (): Promise<Answer> => {
    const [said] = (await Promise.race([
      once(child, "message"),
      gone.then(() => Promise.reject(new Error("a bench node ended"))),
    ])) as [Answer];
    return said;
  };
  await answer();
  return {
    pid: child.pid ?? 0,
    tell(order) {
      const said = answer();
      child.send(order);
      return said;
    },
    async stop() {
      child.send({ kind: "stop" } satisfies Order);
      await gone;
    },
  };
}
