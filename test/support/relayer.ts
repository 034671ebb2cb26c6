import { createPrivateKey, createPublicKey, randomBytes, sign } from "node:crypto";
import { toHex } from "../../protocol/bytes.ts";
import { memoryLog } from "../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../relayer/adapters/memory/state.ts";
import { startReplica, type Replica } from "../../relayer/log/replica.ts";
import type { BlockDraft, Command } from "../../relayer/midc/command.ts";
import { nodeIdOf } from "../../relayer/midc/record.ts";
import type { Clock, Keyring } from "../../relayer/ports.ts";

export const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size));

/** A node's signing identity, made on the spot. */
export function testIdentity(): Pick<Keyring, "nodeId" | "nodePublicKey" | "sign"> {
  const seed = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), randomBytes(32)]);
  const key = createPrivateKey({ key: seed, format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const nodePublicKey = new Uint8Array(spki.subarray(spki.length - 32));
  return {
    nodeId: nodeIdOf(nodePublicKey),
    nodePublicKey,
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

/** A clock that only moves when it is slept on. */
export function testClock(): Clock & { advance: (ms: number) => void } {
  let now = 1_800_000_000_000;
  return {
    now: () => now,
    sleep(ms) {
      now += ms;
      return new Promise((resolve) => setImmediate(resolve));
    },
    advance(ms) {
      now += ms;
    },
  };
}

export interface TestReplica {
  readonly replica: Replica;
  readonly log: ReturnType<typeof memoryLog>;
  readonly state: ReturnType<typeof memoryState>;
  readonly identity: ReturnType<typeof testIdentity>;
  readonly faults: unknown[];
}

export async function testReplica(partitions = 4): Promise<TestReplica> {
  const identity = testIdentity();
  const log = memoryLog(partitions);
  const state = memoryState();
  const faults: unknown[] = [];
  const replica = await startReplica(
    {
      genesisNodes: new Map([[toHex(identity.nodeId), identity.nodePublicKey]]),
      onFault: (error) => faults.push(error),
    },
    { log, state, keyring: identity, clock: testClock() },
  );
  return { replica, log, state, identity, faults };
}

/** An id whose home is `partition`, out of `partitions`. */
export function idAt(partition: number, size: number): Uint8Array {
  const id = random(size);
  id[0] = 0;
  id[1] = partition;
  return id;
}

export const draft = (chainId: Uint8Array, change: Partial<BlockDraft> = {}): BlockDraft => ({
  chainId,
  kind: "pending",
  txId: random(32),
  codedId: random(32),
  category: 0,
  jurisdiction: 0,
  retentionClass: 0,
  day: 20_000,
  bodyCommitment: random(32),
  sealed: random(40),
  ...change,
});

export const enrolCommand = (chainId: Uint8Array, ownerTag: Uint8Array): Command & { kind: "enrol" } => ({
  kind: "enrol",
  ownerTag,
  shredKey: random(60),
  pepper: random(60),
  slots: random(20),
  readerKeyId: random(16),
  binding: random(50),
  genesis: draft(chainId, { kind: "genesis" }),
});
