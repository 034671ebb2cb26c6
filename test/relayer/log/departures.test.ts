import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../../protocol/bytes.ts";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { startReplica } from "../../../relayer/log/replica.ts";
import { manualClock, settled } from "../../support/manualClock.ts";
import { enrolCommand, idAt, testIdentity } from "../../support/relayer.ts";

const PARTITIONS = 4;

async function paced() {
  const clock = manualClock();
  const log = memoryLog(PARTITIONS);
  const identity = testIdentity();
  let signatures = 0;
  const keyring: typeof identity = {
    ...identity,
    sign(message) {
      signatures += 1;
      return identity.sign(message);
    },
  };
  const genesisNodes = new Map([[toHex(keyring.nodeId), keyring.nodePublicKey]]);
  const replica = await startReplica(
    {
      genesisNodes,
      onFault: (error) => {
        assert.ifError(error);
      },
    },
    { log, state: memoryState(), keyring, clock },
  );
  const enrol = (partition: number) =>
    replica.submit(partition, enrolCommand(idAt(partition, 16), idAt(partition, 16)));
  const records = async () => Promise.all(Array.from({ length: PARTITIONS }, (_, p) => log.tail(p)));
  return { clock, replica, enrol, records, signatures: () => signatures };
}

describe("group commits under load", () => {
  it("let the first after a pause leave at once", async () => {
    const { enrol, records } = await paced();
    await enrol(0);
    assert.deepEqual(await records(), [1, 0, 0, 0]);
  });

  it("leave together for all partitions, each with one record of all that came since, under one signature", async () => {
    const { clock, enrol, records, signatures } = await paced();
    await enrol(0);
    assert.equal(signatures(), 1);
    const waiting = [];
    for (let round = 0; round < 5; round += 1) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) waiting.push(enrol(partition));
      await settled();
    }
    assert.deepEqual(await records(), [1, 0, 0, 0]);
    await clock.advance(10);
    const results = await Promise.all(waiting);
    assert.ok(results.every(({ kind }) => kind === "done"));
    assert.deepEqual(await records(), [2, 1, 1, 1]);
    assert.equal(signatures(), 2, "one for all that leave together");
  });

  it("keep nobody awake once the node is stopped", async () => {
    const { clock, enrol, replica } = await paced();
    await enrol(0);
    await replica.stop();
    await settled();
    assert.equal(clock.sleepers(), 0);
  });
});
