import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../../protocol/bytes.ts";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { freezable } from "../../../relayer/log/freezable.ts";
import { startReplica } from "../../../relayer/log/replica.ts";
import { systemClock } from "../../../relayer/ops/clock.ts";
import type { PartitionLog } from "../../../relayer/ports.ts";
import { draft, enrolCommand, idAt, testClock, testIdentity } from "../../support/relayer.ts";
import { until } from "../../support/until.ts";

const partition = 1;

async function replicaOn(log: PartitionLog, clock = testClock()) {
  const identity = testIdentity();
  const genesisNodes = new Map([[toHex(identity.nodeId), identity.nodePublicKey]]);
  const options = { genesisNodes, onFault: () => undefined };
  return startReplica(options, { log, state: memoryState(), keyring: identity, clock });
}

describe("a log that can be frozen", () => {
  it("takes and gives nothing of a frozen partition, everything of the others, and goes on when it is thawed", async () => {
    const log = freezable(memoryLog(4));
    const replica = await replicaOn(log);
    const [chainId, other] = [idAt(partition, 16), idAt(2, 16)];
    await replica.submit(partition, enrolCommand(chainId, idAt(partition, 16)));
    log.freeze(partition);
    assert.deepEqual([log.isFrozen(partition), log.isFrozen(2)], [true, false]);
    await until(
      "stillness",
      () => log.isStill(partition),
      (still) => still,
    );
    await assert.rejects(replica.submit(partition, { kind: "block", block: draft(chainId) }), {
      code: "LOG_UNAVAILABLE",
    });
    assert.equal(replica.applied(partition), 1);
    assert.equal((await replica.submit(2, enrolCommand(other, idAt(2, 16)))).kind, "done");
    log.thaw(partition);
    assert.equal((await replica.submit(partition, { kind: "block", block: draft(chainId) })).kind, "done");
    assert.equal(log.isStill(partition), false);
  });

  it("applies what others appended meanwhile once it is thawed", async () => {
    const shared = memoryLog(4);
    const log = freezable(shared, [partition]);
    const replica = await replicaOn(log);
    await shared.append(partition, new Uint8Array(100));
    assert.equal(replica.applied(partition), 0);
    log.thaw(partition);
    await replica.barrier(partition);
    assert.equal(replica.applied(partition), 1);
  });

  it("is not still while an append is under way", async () => {
    const below = memoryLog(4);
    let finish = (): void => undefined;
    const held = new Promise<void>((resolve) => (finish = resolve));
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const append = async (p: number, record: Uint8Array): Promise<number> => {
      begin();
      await held;
      return below.append(p, record);
    };
    const log = freezable({ ...below, append });
    const replica = await replicaOn(log);
    const submitted = replica.submit(partition, enrolCommand(idAt(partition, 16), idAt(partition, 16)));
    await begun;
    log.freeze(partition);
    await log.read(partition, 1, 1);
    assert.equal(log.isStill(partition), false);
    finish();
    log.thaw(partition);
    await submitted;
  });
});

describe("the same commands, given twice while the first are on their way", () => {
  it("are answered to both who gave them", async () => {
    const below = memoryLog(4);
    let finish = (): void => undefined;
    const held = new Promise<void>((resolve) => (finish = resolve));
    let reads = 0;
    const log: PartitionLog = {
      ...below,
      read: async (p, fromSeq, max) => {
        // The first record is in the log for a while before anybody gets to apply it.
        if ((reads += 1) > 4) await held;
        return below.read(p, fromSeq, max);
      },
    };
    const replica = await replicaOn(log, { ...systemClock, advance: () => undefined });
    const command = enrolCommand(idAt(partition, 16), idAt(partition, 16));
    const first = replica.submit(partition, command);
    await until(
      "the first record",
      () => below.tail(partition),
      (tail) => tail === 1,
    );
    const second = replica.submit(partition, command);
    await until(
      "the second record",
      () => below.tail(partition),
      (tail) => tail === 2,
    );
    finish();
    for (const result of await Promise.all([first, second])) assert.notEqual(result.kind, "refused");
  });
});

describe("a record that the log loses after it has taken it", () => {
  it("is given up after a while, so that its commands can be given anew", async () => {
    const below = memoryLog(4);
    let isLosing = true;
    const log: PartitionLog = {
      ...below,
      append: (p, record) => (isLosing ? Promise.resolve(1) : below.append(p, record)),
    };
    const replica = await replicaOn(log);
    const command = enrolCommand(idAt(partition, 16), idAt(partition, 16));
    await assert.rejects(replica.submit(partition, command), { code: "LOG_UNAVAILABLE" });
    isLosing = false;
    assert.deepEqual(await replica.submit(partition, command), { kind: "done" });
  });
});
