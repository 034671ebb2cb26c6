import type { Action, Scenario } from "./scenario.ts";

const RUNS_MAX = 300;

/**
 * The smallest part of a scenario that still fails: leaves out halves, then quarters, then single actions, and keeps
 * every smaller one that fails. What is left is what somebody has to understand.
 */
export async function shrink(
  scenario: Scenario,
  fails: (smaller: Scenario) => Promise<boolean>,
  runsMax = RUNS_MAX,
): Promise<Scenario> {
  let actions: readonly Action[] = scenario.actions;
  let runs = 0;
  for (let size = Math.ceil(actions.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < actions.length && runs < runsMax;) {
      const without = [...actions.slice(0, from), ...actions.slice(from + size)];
      runs += 1;
      if (await fails({ ...scenario, actions: without })) actions = without;
      else from += size;
    }
  }
  return { ...scenario, actions };
}
