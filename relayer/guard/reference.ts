import type { RuleBreach } from "./breach.ts";

const ALLOWED = /^[A-Za-z0-9][A-Za-z0-9 ._/-]*$/;

/** Rules for the one clear text of a request, the parties' file number (AP-020, AP-021). */
export function breachOfReference(reference: string): RuleBreach | undefined {
  if (reference === "" || ALLOWED.test(reference)) return undefined;
  return {
    rule: "AP-020",
    reason: "the reference has characters that a file number does not have",
    fix: "use letters, digits, space and . _ / -",
  };
}
