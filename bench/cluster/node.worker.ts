import { readConfig } from "../../relayer/config.ts";
import { layGround } from "../../relayer/ground.ts";
import { partitionOf } from "../../relayer/midc/keys.ts";
import { freshBytes, sealBody, shredKeyOf } from "../../relayer/privacy/shred.ts";
import { loadSigner } from "../pipeline/keys.ts";
import { loadChainId } from "../pipeline/requests.ts";
import { labels, random, seededUser } from "../pipeline/user.ts";
import type { Answer, Order } from "./nodes.ts";

/**
 * A node of a cluster without its doors: the stores, the logs and the replica that the relayer stands on. It enrols
 * users and appends blocks to their chains as told, so that the log's own path is measured without HTTP and signatures.
 */
const ENROLLED_AT_ONCE = 500;
const BODY_BYTES = 300;
const PARTIES = 2;

const read = readConfig(process.env);
if (read.kind === "invalid") throw new Error(read.problems.join("; "));
const ground = await layGround(read.config, { wrap: (stores) => stores, onFault: console.error });
const { replica, stores } = ground;
const { keyring } = stores;
const signer = await loadSigner();
const chainOf = (index: number): Uint8Array =>
  loadChainId(keyring.ownerTag(signer.account(signer.privateKey(index))), index);

async function enrol(index: number): Promise<void> {
  const { chainId, command } = seededUser(index, { keyring, signer });
  await replica.submit(partitionOf(chainId, replica.partitions), command);
}

/**
 * Appends the blocks that transactions of two leave behind: pending on both chains, then the outcome on both. So many at
 * a time, for so long; a block counts once it is in the log and applied here.
 */
async function append({ inFlight, ms, users }: Order & { kind: "blocks" }): Promise<Answer> {
  const chains = Array.from({ length: users }, (_, index) => chainOf(index));
  // Sealing is the door's work, not the log's: every block carries the same sealed body.
  const body = sealBody(shredKeyOf(random(32)), random(BODY_BYTES), new Uint8Array(0));
  const latenciesMs: number[] = [];
  let next = Math.floor(Math.random() * users);
  const startedAt = performance.now();
  const lay = async (chainId: Uint8Array, kind: "pending" | "completed", txId: Uint8Array): Promise<void> => {
    const at = performance.now();
    const block = { chainId, kind, txId, ...labels, ...body };
    const result = await replica.submit(partitionOf(chainId, replica.partitions), { kind: "block", block });
    if (result.kind === "done") latenciesMs.push(performance.now() - at);
  };
  const one = async (): Promise<void> => {
    const parties = Array.from({ length: PARTIES }, () => chains[(next += 1) % users] ?? random(16));
    const txId = freshBytes(32);
    await Promise.all(parties.map((chainId) => lay(chainId, "pending", txId)));
    await Promise.all(parties.map((chainId) => lay(chainId, "completed", txId)));
  };
  await Promise.all(
    Array.from({ length: inFlight / PARTIES }, async () => {
      while (performance.now() - startedAt < ms) await one();
    }),
  );
  return { kind: "blocks", latenciesMs, elapsedMs: performance.now() - startedAt };
}

async function stop(): Promise<void> {
  await ground.cluster?.stop();
  await replica.stop();
  await Promise.all([stores.partitionLog.close(), stores.state.close(), stores.journal.close()]);
  process.exit(0);
}

async function obey(order: Order): Promise<Answer> {
  switch (order.kind) {
    case "enrol":
      for (let from = order.from; from < order.to; from += ENROLLED_AT_ONCE)
        await Promise.all(
          Array.from({ length: Math.min(ENROLLED_AT_ONCE, order.to - from) }, (_, i) => enrol(from + i)),
        );
      return { kind: "enrolled" };
    case "blocks":
      return append(order);
    case "stop":
      return stop().then(() => ({ kind: "enrolled" }));
  }
}

process.on("message", (order: Order) => {
  void obey(order).then((answer) => process.send?.(answer));
});
process.send?.({ kind: "enrolled" } satisfies Answer);
