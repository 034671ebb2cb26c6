import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openArena, type Arena } from "../../scripts/cluster/arena.ts";
import { seeded } from "../../scripts/cluster/balancer.ts";
import { inflict } from "../../scripts/cluster/campaign.ts";
import { faults } from "../../scripts/cluster/faults.ts";
import { scratch } from "./support.ts";

const SEED = 20_261;

/** Real processes under load; the history checker sees everything that has happened since the cluster began. */
describe("a cluster under load keeps every promise", () => {
  const { dir, remove } = scratch("faults");
  const random = seeded(SEED);
  let arena: Arena;
  before(async () => {
    arena = await openArena({ dataDir: dir, seed: SEED });
  });
  after(async () => {
    await arena.stop();
    remove();
  });

  for (const fault of faults.filter(({ quick }) => quick)) {
    it(`when ${fault.about}`, async () => {
      const { ok, violations } = await inflict(arena, fault, random);
      assert.ok(ok, violations.join("\n"));
    });
  }
});
