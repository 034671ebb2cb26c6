import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { startReplica } from "../../../relayer/log/replica.ts";
import { toHex } from "../../../protocol/bytes.ts";
import type { PartitionLog } from "../../../relayer/ports.ts";
import { enrolCommand, idAt, testClock, testIdentity } from "../../support/relayer.ts";

const partition = 1;

/** Two nodes on one log; what the second one is given to read can be held back. */
async function twoNodes() {
  const log = memoryLog(4);
  const identities = [testIdentity(), testIdentity()];
  const genesisNodes = new Map(identities.map(({ nodeId, nodePublicKey }) => [toHex(nodeId), nodePublicKey]));
  let held: (() => void)[] | undefined;
  const slow: PartitionLog = {
    ...log,
    read: async (...asked) => {
      const waiting = held;
      if (waiting !== undefined) await new Promise<void>((resolve) => waiting.push(resolve));
      return log.read(...asked);
    },
  };
  const start = (i: number, on: PartitionLog) =>
    startReplica(
      {
        genesisNodes,
        onFault: (error) => {
          assert.ifError(error);
        },
      },
      { log: on, state: memoryState(), keyring: identities[i]!, clock: testClock() },
    );
  const [one, two] = [await start(0, log), await start(1, slow)];
  return {
    one,
    two,
    hold: () => (held = []),
    release: () => {
      const waiting = held ?? [];
      held = undefined;
      for (const go of waiting) go();
    },
  };
}

describe("a fence", () => {
  it("is passed only when everything that anybody was told before it is applied here", async () => {
    const { one, two, hold, release } = await twoNodes();
    hold();
    await one.submit(partition, enrolCommand(idAt(partition, 16), idAt(partition, 16)));
    let passed = false;
    const fence = two.fence(partition).then(() => (passed = true));
    // Many turns of the loop later the record is still not applied at the second node, and so the fence still stands.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([passed, two.applied(partition)], [false, 0]);
    release();
    await fence;
    assert.ok(two.applied(partition) >= 2, "the enrolment and the fence itself");
    await Promise.all([one.stop(), two.stop()]);
  });
});
