import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { simulate } from "../../scripts/sim/run.ts";
import { scenarioOf, type Action, type Scenario } from "../../scripts/sim/scenario.ts";
import { shrink } from "../../scripts/sim/shrink.ts";

const SEEDS = 500;
const SCENARIOS = join(import.meta.dirname, "scenarios");

describe("the core under simulated faults", { timeout: 600_000 }, () => {
  it(`keeps every promise in ${SEEDS} worlds`, async (t) => {
    let operations = 0;
    const kinds = new Map<Action["kind"], number>();
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const scenario = scenarioOf(seed);
      for (const { kind } of scenario.actions) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      const { verdict, told } = await simulate(scenario);
      operations += verdict.acknowledged;
      assert.deepEqual(verdict.violations.slice(0, 3), [], `seed ${seed}\n${told.join("\n")}`);
    }
    assert.ok(kinds.size >= 20, `only ${[...kinds.keys()].join(", ")}`);
    t.diagnostic(
      `${operations} operations acknowledged; ${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(", ")}`,
    );
  });

  for (const name of readdirSync(SCENARIOS).toSorted()) {
    it(`lives through ${name.replace(".json", "").replaceAll("-", " ")}`, async () => {
      const scenario = JSON.parse(readFileSync(join(SCENARIOS, name), "utf8")) as Scenario;
      const { verdict } = await simulate(scenario);
      assert.deepEqual(verdict.violations, []);
      assert.ok(verdict.acknowledged > 0);
    });
  }

  it("tells the same story for the same seed", async () => {
    for (const seed of [7, 42, 61]) {
      const [one, two] = [await simulate(scenarioOf(seed)), await simulate(scenarioOf(seed))];
      assert.deepEqual([one.told, one.events, one.virtualMs], [two.told, two.events, two.virtualMs]);
    }
  });

  it("acknowledges nothing less where nothing goes wrong", async () => {
    const { actions, ...world } = scenarioOf(11);
    const calm = { ...world, actions: actions.filter(({ kind }) => kind === "tx" || kind === "read") };
    const { verdict } = await simulate(calm);
    assert.deepEqual([verdict.ok, verdict.acknowledged], [true, verdict.operations]);
  });
});

describe("a failing scenario", () => {
  it("is shrunk to what it needs to fail", async () => {
    const scenario = scenarioOf(3);
    const needed = [scenario.actions[1], scenario.actions.at(-2)];
    let runs = 0;
    const fails = ({ actions }: Scenario): Promise<boolean> => {
      runs += 1;
      return Promise.resolve(needed.every((action) => action !== undefined && actions.includes(action)));
    };
    assert.deepEqual((await shrink(scenario, fails)).actions, needed);
    assert.ok(runs < 100, `${runs} runs`);
  });
});
