import { readFileSync } from "node:fs";
import { toHex } from "../../protocol/bytes.ts";
import { readConfig } from "../../relayer/config.ts";
import { accept } from "../../relayer/flow/flow.ts";
import { readTransaction } from "../../relayer/flow/read.ts";
import { startNode } from "../../relayer/node.ts";
import { createLogger } from "../../relayer/ops/logger.ts";
import type { Stores } from "../../relayer/stores.ts";
import { bytesOf } from "./actors.ts";
import { countSteps, say } from "./crashing.ts";

/**
 * A relayer in a process of its own that kills itself (kill -9) at a numbered step: before or after a write of any
 * store. It takes the submissions it is given, prints what it accepted, and stops when every named transaction has its
 * outcome. Lines on stdout: `step <n> <name>`, `accepted <id>`, `done <states>`.
 *
 * argv: JSON {env, submissions: [file], ids: [hex], crashAt?: number}
 */
interface Order {
  readonly env: Record<string, string>;
  readonly submissions: readonly string[];
  readonly ids: readonly string[];
  readonly crashAt?: number;
}

const order = JSON.parse(process.argv[2] ?? "{}") as Order;
const { around } = countSteps(order.crashAt);

const wrap = (stores: Stores): Stores => ({
  ...stores,
  partitionLog: {
    ...stores.partitionLog,
    append: (partition, record) => around("append", () => stores.partitionLog.append(partition, record)),
  },
  state: { ...stores.state, commit: (writes) => around("apply", () => stores.state.commit(writes)) },
  journal: { ...stores.journal, put: (changes) => around("journal", () => stores.journal.put(changes)) },
});

const read = readConfig(order.env);
if (read.kind === "invalid") throw new Error(read.problems.join("; "));
const node = await startNode(read.config, createLogger("silent"), wrap);
await Promise.all(
  order.submissions.map(async (file) => {
    const accepted = await accept(new Uint8Array(readFileSync(file)), node.stages);
    say(accepted.kind === "accepted" ? `accepted ${toHex(accepted.id)}` : `refused ${accepted.rule}`);
  }),
);
const isOver = (state: string | undefined): boolean => state === "completed" || state === "failed";
for (;;) {
  const views = await Promise.all(order.ids.map((id) => readTransaction(bytesOf(id), node.read)));
  if (
    views.every((view) => isOver(view?.state)) &&
    order.ids.every((id) => node.executor.notaryOf(bytesOf(id)).backlog.openBatches.length === 0)
  ) {
    say(`done ${views.map((view) => view?.state).join(" ")}`);
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}
await node.stop();
process.exit(0);
