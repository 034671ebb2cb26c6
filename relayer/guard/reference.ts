import type { RuleBreach } from "./breach.ts";
import { breachOfPersonalData } from "./pii.ts";
import { breachOfText } from "./text.ts";

/** Rules for the one clear text of a request, the parties' file number: AP-020 (characters, names), AP-021 (people). */
export const breachOfReference = (reference: string): RuleBreach | undefined =>
  reference === "" ? undefined : (breachOfText(reference) ?? breachOfPersonalData(reference));
