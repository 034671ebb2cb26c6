import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { checkedLog, createSupplies, keptAt, readingKept } from "../../../relayer/log/kept.ts";
import { keys } from "../../../relayer/midc/keys.ts";
import { encodeApplied } from "../../../relayer/midc/rows.ts";
import type { PartitionLog } from "../../../relayer/ports.ts";
import { concat } from "../../../protocol/bytes.ts";
import { random } from "../../support/relayer.ts";

const partition = 1;

/** A node that has applied these records, and keeps them. */
async function holding(records: readonly Uint8Array[]) {
  const state = memoryState();
  const digest = random(32);
  await state.commit([
    ...records.map((record, i) => ({ key: keys.kept(partition, i + 1), value: concat(digest, record) })),
    { key: keys.applied(partition), value: encodeApplied({ seq: records.length, digest }) },
  ]);
  return state;
}

/** A log that acknowledges at a place of its own choice. */
const sayingAlways = (seq: number): PartitionLog => ({ ...memoryLog(4), append: () => Promise.resolve(seq) });

describe("an acknowledgement", () => {
  const records = [random(50), random(60), random(70)];

  it("is believed for a place that has not been applied yet", async () => {
    const log = checkedLog(sayingAlways(4), await holding(records), createSupplies());
    assert.equal(await log.append(partition, random(10)), 4);
  });

  it("is believed for a place where this very record was applied: apply can be quicker than the answer", async () => {
    const log = checkedLog(sayingAlways(2), await holding(records), createSupplies());
    assert.equal(await log.append(partition, records[1]!), 2);
  });

  it("is none for a place where another record was applied, or where nothing of it is kept", async () => {
    const state = await holding(records);
    for (const seq of [1, 2, 3])
      await assert.rejects(checkedLog(sayingAlways(seq), state, createSupplies()).append(partition, random(60)), {
        code: "LOG_LOST",
      });
    const told: number[] = [];
    const telling = checkedLog(sayingAlways(2), state, createSupplies(), ({ code }, lost) => {
      assert.equal(code, "LOG_LOST");
      told.push(lost);
    });
    await assert.rejects(telling.append(partition, random(60)));
    assert.deepEqual(told, [partition]);
    await state.commit([{ key: keys.kept(partition, 2), value: undefined }]);
    await assert.rejects(checkedLog(sayingAlways(2), state, createSupplies()).append(partition, records[1]!), {
      code: "LOG_LOST",
    });
  });
});

describe("what a node has kept", () => {
  const records = [random(50), random(60), random(70)];

  it("is read without the log, up to a gap, and the log goes on from there", async () => {
    const state = await holding(records);
    const below = { ...memoryLog(4), read: () => Promise.resolve([{ seq: 4, bytes: random(5) }]) };
    const log = readingKept(below, state);
    const bytesFrom = async (seq: number, max: number) => (await log.read(partition, seq, max)).map((each) => each.seq);
    assert.deepEqual(await bytesFrom(1, 10), [1, 2, 3]);
    assert.deepEqual(await bytesFrom(2, 1), [2]);
    assert.deepEqual(await bytesFrom(4, 10), [4]);
    await state.commit([{ key: keys.kept(partition, 2), value: undefined }]);
    assert.deepEqual(await bytesFrom(1, 10), [1]);
    assert.deepEqual(Buffer.from(keptAt(state, partition, 3)!.bytes), Buffer.from(records[2]!));
  });

  it("can be handed over by another node: given out in its place, forgotten once it is applied", async () => {
    const supplies = createSupplies();
    const log = checkedLog(memoryLog(4), await holding(records), supplies);
    supplies.put(
      partition,
      [4, 5, 6].map((seq) => ({ seq, bytes: random(5) })),
    );
    const seqsFrom = async (seq: number, max = 10) => (await log.read(partition, seq, max)).map((each) => each.seq);
    assert.deepEqual(await seqsFrom(3), [], "what begins later than asked for does not follow");
    assert.deepEqual(await seqsFrom(4, 2), [4, 5]);
    assert.deepEqual(await seqsFrom(6), [6]);
    assert.deepEqual(await seqsFrom(7), []);
    assert.deepEqual(await seqsFrom(4), [], "they were applied, and are gone");
  });
});
