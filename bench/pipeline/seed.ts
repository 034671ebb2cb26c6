import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { concat } from "../../protocol/bytes.ts";
import { openFileKeyring } from "../../relayer/adapters/file/keyring.ts";
import { openLmdbLog } from "../../relayer/adapters/lmdb/log.ts";
import { openLmdbState } from "../../relayer/adapters/lmdb/state.ts";
import { toHex } from "../../protocol/bytes.ts";
import { startReplica } from "../../relayer/log/replica.ts";
import { partitionOf } from "../../relayer/midc/keys.ts";
import { systemClock } from "../../relayer/ops/clock.ts";
import { sealBody, sealUnder, shredKeyOf } from "../../relayer/privacy/shred.ts";
import { loadSigner } from "./keys.ts";
import { loadChainId } from "./requests.ts";

/** Of one chain. */
const BLOCKS_AT_ONCE = 50;
const AT_ONCE = 2_000;
const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size));

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
    const ownerTag = keyring.ownerTag(signer.account(signer.privateKey(index)));
    const chainId = loadChainId(ownerTag, index);
    const shredBytes = random(32);
    const shredKey = shredKeyOf(shredBytes);
    const txId = random(32);
    const labels = { category: 0, jurisdiction: 0, retentionClass: 0, day: 20_000, codedId: new Uint8Array(32) };
    await replica.submit(partitionOf(chainId, plan.partitions), {
      kind: "enrol",
      ownerTag,
      shredKey: keyring.wrap(shredBytes, chainId),
      pepper: keyring.wrap(random(32), concat(chainId, Uint8Array.of(1))),
      slots: sealUnder(shredKey, random(120), chainId),
      readerKeyId: random(16),
      binding: sealUnder(shredKey, random(200), chainId),
      genesis: { chainId, kind: "genesis", txId, ...labels, ...sealBody(shredKey, random(200), concat(chainId, txId)) },
    });
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
}
