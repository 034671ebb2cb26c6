import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { toHex } from "../../protocol/bytes.ts";
import { memoryLog } from "../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../relayer/adapters/memory/state.ts";
import { startReplica, type Replica } from "../../relayer/log/replica.ts";
import { sweepChain } from "../../relayer/flow/sweep.ts";
import { keys, partitionOf } from "../../relayer/midc/keys.ts";
import { decodeBatchHead } from "../../relayer/midc/rows.ts";
import { exportState } from "../../scripts/history/exportState.ts";
import type { Line } from "../../scripts/history/line.ts";
import { draft, enrolCommand, random, testClock, testIdentity } from "./relayer.ts";

const PARTITIONS = 2;
const SERVERS = ["s1", "s2", "s3"];

/** A short life of three nodes on one log, told by everybody who was there; nothing in it is wrong. */
export async function goodHistory(): Promise<Line[]> {
  const log = memoryLog(PARTITIONS);
  const identities = [testIdentity(), testIdentity(), testIdentity()];
  const genesisNodes = new Map(identities.map(({ nodeId, nodePublicKey }) => [toHex(nodeId), nodePublicKey]));
  const replicas = await Promise.all(
    identities.map((keyring) =>
      startReplica(
        {
          genesisNodes,
          onFault: (error) => {
            assert.ifError(error);
          },
        },
        { log, state: memoryState(), keyring, clock: testClock() },
      ),
    ),
  );
  const lines: Line[] = [{ k: "expect", nodes: ["n0", "n1", "n2"], servers: SERVERS }];
  let now = 0;
  const timed = async (work: () => Promise<unknown>): Promise<{ t0: number; t1: number }> => {
    const t0 = (now += 1);
    await work();
    return { t0, t1: (now += 1) };
  };
  const chains = Array.from({ length: 3 }, () => random(16));
  for (const [i, chainId] of chains.entries()) {
    const ownerTag = new Uint8Array([...chainId.slice(0, 2), ...random(14)]);
    const home = partitionOf(chainId, PARTITIONS);
    const time = await timed(() => replicas[i]!.submit(home, enrolCommand(chainId, ownerTag)));
    lines.push({ k: "op", proc: `p${i}`, ...time, f: "enrol", result: "ok", node: `n${i}`, chain: toHex(chainId) });
  }
  for (const [i, state] of (["completed", "failed", "completed", "completed"] as const).entries()) {
    const txId = random(32);
    const parties = i === 3 ? chains : chains.slice(0, 2);
    const replica = replicas[i % 3]!;
    const time = await timed(() => begin(txId, parties, replica));
    const legs = [{ from: accountOf(0), to: accountOf(1), amount: "10" }];
    const facts = { tx: toHex(txId), chains: parties.map(toHex), ...(i < 2 ? { legs } : {}) };
    lines.push({ k: "op", proc: `p${i % 3}`, ...time, f: "tx", result: "ok", node: `n${i % 3}`, ...facts });
    // One party of the last is erased before it has its outcome.
    if (i === 3) {
      const [chain, erased] = [toHex(chains[2]!), await timed(() => erase(chains[2]!, replica))];
      lines.push({ k: "op", proc: "p2", ...erased, f: "erase", result: "ok", node: `n${i % 3}`, chain });
    }
    await finish({ txId, parties, state }, replica);
  }
  for (const partition of [0, 1]) await replicas[0]!.barrier(partition);
  await sweepChain(chains[2]!, { replica: replicas[0]! });
  await Promise.all(replicas.flatMap((replica) => [replica.barrier(0), replica.barrier(1)]));
  const never = { tx: toHex(random(32)), chains: [toHex(chains[2]!)] };
  lines.push({ k: "op", proc: "p2", t0: now + 1, t1: now + 2, f: "tx", result: "fail", node: "n2", ...never });
  for (const [i, replica] of replicas.entries())
    lines.push(...exportState(replica.view, { node: `n${i}`, partitions: PARTITIONS }));
  for (const server of SERVERS)
    for (let partition = 0; partition < PARTITIONS; partition += 1)
      for (const { seq, bytes } of await log.read(partition, 1, 1_000)) {
        const sha256 = `0x${createHash("sha256").update(bytes).digest("hex")}`;
        lines.push({ k: "record", server, partition, seq, sha256 });
      }
  lines.push(...readsOf(lines, now + 3));
  lines.push({ k: "balance", account: accountOf(0), before: "100", after: "90" });
  lines.push({ k: "balance", account: accountOf(1), before: "0", after: "10" });
  for (const line of lines.filter((each) => each.k === "batch" && each.node === "n0"))
    if (line.k === "batch")
      lines.push({ k: "anchor", partition: line.partition, seq: line.seq, headerHash: line.headerHash });
  await Promise.all(replicas.map((replica) => replica.stop()));
  return lines;
}

const accountOf = (index: number): string => `0x${String(index + 1).padStart(40, "0")}`;

/** One strong read of each chain's head, after everything. */
function readsOf(lines: readonly Line[], from: number): Line[] {
  return lines.flatMap((line, i): Line[] =>
    line.k === "head" && line.node === "n1"
      ? [
          {
            k: "op",
            proc: "reader",
            t0: from + 2 * i,
            t1: from + 2 * i + 1,
            f: "read",
            result: "ok",
            node: "n1",
            chain: line.chain,
            strong: true,
            seen: [{ height: line.height, hash: line.hash, body: line.erased !== true }],
          },
        ]
      : [],
  );
}

async function begin(txId: Uint8Array, parties: readonly Uint8Array[], replica: Replica): Promise<void> {
  const blocks = parties.map((chainId) => draft(chainId, { txId }));
  await replica.submit(partitionOf(txId, PARTITIONS), {
    kind: "begin",
    txId,
    requestKind: 0,
    at: 0,
    legs: 0,
    commitment: random(32),
    blocks,
  });
  for (const block of blocks) await replica.submit(partitionOf(block.chainId, PARTITIONS), { kind: "block", block });
}

const erase = (chainId: Uint8Array, replica: Replica) =>
  replica.submit(partitionOf(chainId, PARTITIONS), {
    kind: "erase",
    block: draft(chainId, { kind: "tombstone", sealed: new Uint8Array(0) }),
  });

async function finish(
  tx: {
    readonly txId: Uint8Array;
    readonly parties: readonly Uint8Array[];
    readonly state: "completed" | "failed";
  },
  replica: Replica,
): Promise<void> {
  const { txId, state } = tx;
  const home = partitionOf(txId, PARTITIONS);
  await replica.barrier(home);
  const head = decodeBatchHead(replica.view.get(keys.batchHead(home)));
  await replica.submit(home, {
    kind: "close",
    batchSeq: head.next,
    prev: head.headerHash,
    root: random(32),
    itemsHash: random(32),
    headerHash: random(32),
    txIds: [txId],
  });
  const rest = { state, status: 0, reason: "" };
  const decision = { rest, named: [], blockNumber: 1, blockHash: random(32), txHash: random(32) };
  await replica.submit(home, { kind: "decide", batchSeq: head.next, decision });
  for (const chainId of tx.parties)
    await replica.submit(partitionOf(chainId, PARTITIONS), {
      kind: "block",
      block: draft(chainId, { txId, kind: state }),
    });
  await replica.submit(home, { kind: "end", batchSeq: head.next });
}
