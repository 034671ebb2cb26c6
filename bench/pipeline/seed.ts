import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { concat } from "../../protocol/bytes.ts";
import { openFileKeyring } from "../../relayer/adapters/file/keyring.ts";
import { openLmdbLog } from "../../relayer/adapters/lmdb/log.ts";
import { openLmdbState } from "../../relayer/adapters/lmdb/state.ts";
import { toHex } from "../../protocol/bytes.ts";
import { startReplica } from "../../relayer/log/replica.ts";
import { partitionOf } from "../../relayer/midc/keys.ts";
import { systemClock } from "../../relayer/ops/clock.ts";
import { sealBody } from "../../relayer/privacy/shred.ts";
import { loadSigner } from "./keys.ts";
import { labels, random, seededUser } from "./user.ts";

/** Of one chain. */
const BLOCKS_AT_ONCE = 50;
const AT_ONCE = 2_000;

/**
 * Fills a data folder with enrolled users (and, for the first of them, long chains) through the same replica that the
 * relayer runs, so that what it opens afterwards is what it would have written itself.
 */
export async function seedUsers(
  dataDir: string,
  plan: {
    readonly users: number;
    readonly partitions: number;
    readonly longChains?: { readonly users: number; readonly blocks: number };
  },
): Promise<void> {
  const keyring = openFileKeyring(join(dataDir, "keys.json"));
  const log = openLmdbLog({ path: join(dataDir, "log"), partitions: plan.partitions });
  const state = openLmdbState(join(dataDir, "state"));
  const replica = await startReplica(
    { genesisNodes: new Map([[toHex(keyring.nodeId), keyring.nodePublicKey]]), onFault: console.error },
    { log, state, keyring, clock: systemClock },
  );
  const signer = await loadSigner();
  const enrol = async (index: number): Promise<void> => {
    const { chainId, shredKey, command } = seededUser(index, { keyring, signer });
    await replica.submit(partitionOf(chainId, plan.partitions), command);
    const blocks = index < (plan.longChains?.users ?? 0) ? (plan.longChains?.blocks ?? 0) : 0;
    const lay = (): Promise<unknown> => {
      const blockId = random(32);
      const sealed = sealBody(shredKey, random(300), concat(chainId, blockId));
      const block = { chainId, kind: "personal" as const, txId: blockId, ...labels, ...sealed };
      return replica.submit(partitionOf(chainId, plan.partitions), { kind: "block", block });
    };
    // A few of each chain at a time: the queues of a node are short.
    for (let laid = 0; laid < blocks; laid += BLOCKS_AT_ONCE)
      await Promise.all(Array.from({ length: Math.min(BLOCKS_AT_ONCE, blocks - laid) }, lay));
  };
  for (let from = 0; from < plan.users; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, plan.users - from) }, (_, i) => enrol(from + i)));
  }
  await replica.stop();
  await log.close();
  await state.close();
  await Promise.all(["log", "state"].map((name) => leaveMemory(join(dataDir, name, "data.mdb"))));
}

/**
 * Of what was seeded nothing stays in the system's page cache, as after a start of the machine. A file that was just written in
 * long runs lies there in large pieces, and every page that is written into one costs a walk through all of it: a cost of
 * the seeding, which no node has that has written its state over weeks.
 */
async function leaveMemory(file: string): Promise<void> {
  try {
    await promisify(execFile)("dd", [`if=${file}`, "iflag=nocache", "count=0"]);
  } catch {
    console.error("the page cache was left as it is (no GNU dd here): a large state costs more than it should");
  }
}
