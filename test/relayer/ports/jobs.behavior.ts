import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Jobs } from "../../../relayer/ports.ts";
import { until } from "../../support/until.ts";

/** What every adapter of Jobs keeps. */
export function behavesAsJobs(name: string, open: () => Jobs): void {
  describe(`Jobs on ${name}`, () => {
    it("answers every ring at least once after it was rung", async () => {
      const jobs = open();
      const seen = new Map<string, number>();
      jobs.work("execute", (id) => {
        seen.set(id, (seen.get(id) ?? 0) + 1);
        return Promise.resolve();
      });
      for (let i = 0; i < 20; i += 1) await jobs.ring("execute", String(i));
      await until(
        "all rings answered",
        () => seen.size,
        (size) => size === 20,
      );
      await jobs.ring("execute", "7");
      await until(
        "another answer for 7",
        () => seen.get("7"),
        (times) => (times ?? 0) >= 2,
      );
      await jobs.close();
    });

    it("answers a ring that comes during the work of the same id with one more run, never two at once", async () => {
      const jobs = open();
      let running = 0;
      let most = 0;
      let runs = 0;
      let release = (): void => undefined;
      const first = new Promise<void>((resolve) => (release = resolve));
      jobs.work("execute", async () => {
        running += 1;
        most = Math.max(most, running);
        runs += 1;
        if (runs === 1) await first;
        running -= 1;
      });
      await jobs.ring("execute", "a");
      await until(
        "the first run",
        () => runs,
        (seen) => seen === 1,
      );
      for (let i = 0; i < 5; i += 1) await jobs.ring("execute", "a");
      release();
      await until(
        "one more run",
        () => runs,
        (seen) => seen >= 2,
      );
      assert.equal(most, 1);
      await jobs.close();
    });

    it("comes back to work that threw", async () => {
      const jobs = open();
      let runs = 0;
      jobs.work("execute", () => {
        runs += 1;
        return runs === 1 ? Promise.reject(new Error("the first time")) : Promise.resolve();
      });
      await jobs.ring("execute", "b");
      await until(
        "a second run",
        () => runs,
        (seen) => seen >= 2,
      );
      await jobs.close();
    });
  });
}
