import { readConfig } from "../../relayer/config.ts";
import { eraseAccount } from "../../relayer/flow/erase.ts";
import { startNode } from "../../relayer/node.ts";
import { createLogger } from "../../relayer/ops/logger.ts";
import type { Stores } from "../../relayer/stores.ts";
import { bytesOf } from "./actors.ts";
import { countSteps, say } from "./crashing.ts";

/**
 * A relayer in a process of its own that erases somebody, changes the vault key, and kills itself (kill -9) at a numbered
 * step: before or after a write of any store or of the key file. Lines on stdout: `step <n> <name>`, `erased <how>`,
 * `done <epoch>`.
 *
 * argv: JSON {env, account: hex, signedAt, signature: hex, crashAt?: number}
 */
interface Order {
  readonly env: Record<string, string>;
  readonly account: string;
  readonly signedAt: number;
  readonly signature: string;
  readonly crashAt?: number;
}

const order = JSON.parse(process.argv[2] ?? "{}") as Order;
const { around, between } = countSteps(order.crashAt);

const wrap = (stores: Stores): Stores => {
  const { keyring, partitionLog, state } = stores;
  const { vaultKeys } = keyring;
  return {
    ...stores,
    partitionLog: {
      ...partitionLog,
      append: (partition, record) => around("append", () => partitionLog.append(partition, record)),
    },
    state: { ...state, commit: (writes) => around("apply", () => state.commit(writes)) },
    keyring: {
      ...keyring,
      vaultKeys: {
        ...vaultKeys,
        make: (epoch, since) => between("key made", () => vaultKeys.make(epoch, since)),
        destroyBelow(epoch) {
          between("key destroyed", () => {
            vaultKeys.destroyBelow(epoch);
          });
        },
      },
    },
  };
};

const read = readConfig(order.env);
if (read.kind === "invalid") throw new Error(read.problems.join("; "));
const node = await startNode(read.config, createLogger("silent"), wrap);
const signed = { signedAt: order.signedAt, signature: bytesOf(order.signature) };
const erased = await eraseAccount(bytesOf(order.account), signed, node.enrolment);
say(`erased ${erased.kind === "erased" ? "now" : erased.rule}`);
const { epoch, waitsFor } = await node.rotation.rotate();
say(waitsFor === undefined ? `done ${epoch}` : `waits for ${waitsFor}`);
await node.stop();
process.exit(0);
