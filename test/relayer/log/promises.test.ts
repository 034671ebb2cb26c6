import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../../protocol/bytes.ts";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { createHealth, guardedLog } from "../../../relayer/cluster/health.ts";
import { freezable } from "../../../relayer/log/freezable.ts";
import { checkedLog, createSupplies, readingKept } from "../../../relayer/log/kept.ts";
import { startReplica } from "../../../relayer/log/replica.ts";
import type { PartitionLog } from "../../../relayer/ports.ts";
import { enrolCommand, idAt, testClock, testIdentity } from "../../support/relayer.ts";

/** A node whose appends wait, after they are in the log, until they are let go. */
async function held() {
  const { nodeId, nodePublicKey, ...keyring } = testIdentity();
  const health = createHealth();
  const inner = memoryLog(2);
  const state = memoryState();
  let [arrive, release] = [(): void => undefined, (): void => undefined];
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  const slow: PartitionLog = {
    ...inner,
    async append(...asked) {
      arrive();
      await released;
      return inner.append(...asked);
    },
  };
  const replica = await startReplica(
    {
      genesisNodes: new Map([[toHex(nodeId), nodePublicKey]]),
      onFault: (error) => {
        assert.ifError(error);
      },
    },
    {
      // In the layers of a node of a cluster.
      log: freezable(readingKept(checkedLog(guardedLog(slow, health, testClock()), state, createSupplies()), state)),
      state,
      keyring: { nodeId, ...keyring },
      clock: testClock(),
    },
  );
  return { replica, health, inner, arrived, release };
}

describe("a promise", () => {
  it("is not made of a record that was on its way when its log was distrusted; asked again later, it is", async () => {
    const { replica, health, inner, arrived, release } = await held();
    const command = enrolCommand(idAt(1, 16), idAt(1, 16));
    const submitted = replica.submit(1, command);
    const rejected = assert.rejects(submitted, { code: "LOG_UNSAFE" });
    await arrived;
    health.distrust("server n2 acknowledges before its disk has the bytes (set it)");
    release();
    await rejected;
    assert.equal(await inner.tail(1), 1, "it is in the log all the same");
    health.distrust("");
    assert.equal((await replica.submit(1, command)).kind, "known", "and what it asked for is there");
  });

  it("goes on for the other partitions when one is frozen meanwhile", async () => {
    const { replica, health, arrived, release } = await held();
    const [frozen, sound] = [0, 1].map((p) => replica.submit(p, enrolCommand(idAt(p, 16), idAt(p, 16))));
    const rejected = assert.rejects(frozen!, { code: "LOG_LOST" });
    await arrived;
    health.freeze(0, "LOG_LOST", "partition 0 ends too early");
    release();
    await rejected;
    assert.equal((await sound!).kind, "done");
  });
});
