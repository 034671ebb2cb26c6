import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fault } from "../../../relayer/errors.ts";
import type { PartitionLog, TrimmableLog } from "../../../relayer/ports.ts";
import { random } from "../../support/relayer.ts";

interface Opened {
  readonly log: TrimmableLog;
  readonly reopen?: () => Promise<PartitionLog>;
}

const isTrimmed = (error: unknown): boolean => error instanceof Fault && error.code === "LOG_TRIMMED";

/** What every adapter of PartitionLog keeps. `reopen` gives a fresh one, or the same data again. */
export function behavesAsPartitionLog(name: string, open: () => Opened | Promise<Opened>): void {
  describe(`PartitionLog on ${name}`, () => {
    it("numbers the records of each partition from 1, without gaps", async () => {
      const { log } = await open();
      const seqs = await Promise.all(Array.from({ length: 50 }, (_, i) => log.append(i % 2, random(10))));
      assert.deepEqual(
        seqs.filter((_, i) => i % 2 === 0).sort((a, b) => a - b),
        Array.from({ length: 25 }, (_, i) => i + 1),
      );
      assert.deepEqual([await log.tail(0), await log.tail(1), await log.tail(2)], [25, 25, 0]);
      await log.close();
    });

    it("reads back what was appended, from anywhere, at most as much as asked for", async () => {
      const { log } = await open();
      const records = Array.from({ length: 10 }, (_, i) => random(i * 100));
      for (const record of records) await log.append(1, record);
      const entries = await log.read(1, 4, 3);
      assert.deepEqual(
        entries.map(({ seq }) => seq),
        [4, 5, 6],
      );
      assert.deepEqual(
        entries.map(({ bytes }) => Buffer.from(bytes).toString("hex")),
        records.slice(3, 6).map((record) => Buffer.from(record).toString("hex")),
      );
      assert.deepEqual([...(await log.read(1, 11, 5)), ...(await log.read(0, 1, 5))], []);
      await log.close();
    });

    it("rings when something was appended, and stops when told", async () => {
      const { log } = await open();
      const rung = new Promise<number>((resolve) => {
        const stop = log.follow((partition) => {
          stop();
          resolve(partition);
        });
      });
      await log.append(1, random(5));
      assert.equal(await rung, 1);
      await log.close();
    });

    it("forgets what is trimmed, says so to whoever asks for it, and goes on as before", async () => {
      const { log, reopen } = await open();
      const records = Array.from({ length: 12 }, () => random(50));
      for (const record of records) await log.append(1, record);
      assert.deepEqual([await log.first(0), await log.first(1)], [1, 1]);
      await log.trim(1, 9);
      await log.trim(1, 5);
      assert.deepEqual([await log.first(1), await log.tail(1)], [9, 12]);
      await assert.rejects(log.read(1, 8, 10), isTrimmed);
      assert.deepEqual(
        (await log.read(1, 9, 10)).map(({ seq, bytes }) => [seq, Buffer.from(bytes).toString("hex")]),
        [9, 10, 11, 12].map((seq) => [seq, Buffer.from(records[seq - 1]!).toString("hex")]),
      );
      assert.equal(await log.append(1, random(5)), 13);
      assert.deepEqual(await log.read(0, 1, 5), []);
      await log.trim(1, 1_000);
      assert.deepEqual([await log.first(1), await log.tail(1)], [13, 13]);
      await log.close();
      if (reopen === undefined) return;
      const again = await reopen();
      assert.equal(await again.append(1, random(1)), 14);
      await again.close();
    });

    it("has everything that was acknowledged after it is opened again", async (t) => {
      const { log, reopen } = await open();
      if (reopen === undefined) {
        t.diagnostic("this adapter keeps nothing");
        await log.close();
        return;
      }
      await Promise.all(Array.from({ length: 100 }, () => log.append(0, random(100))));
      await log.close();
      const again = await reopen();
      assert.equal(await again.tail(0), 100);
      assert.equal((await again.read(0, 1, 1000)).length, 100);
      assert.equal(await again.append(0, random(1)), 101);
      await again.close();
    });
  });
}
