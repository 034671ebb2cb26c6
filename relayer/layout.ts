import { Fault } from "./errors.ts";
import { FORMER_STEPS } from "./midc/keys.ts";
import type { StateView } from "./ports.ts";

/**
 * Refuses a state whose rows lie where an earlier version laid them: this one would not find them, and would take what was
 * applied long ago for new.
 */
export function requireLayout(view: StateView): void {
  if (view.range({ ...FORMER_STEPS, limit: 1 }).length > 0) throw new Fault("STATE_LAYOUT");
}
