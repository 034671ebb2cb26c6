import type { Ran } from "./run.ts";

const CRUISED_MODULES_MIN = 20;

export interface Check {
  readonly name: string;
  readonly command: readonly string[];
  /** A further condition on the output, for tools that can be green without having looked. */
  readonly holds?: (ran: Ran) => boolean;
}

const PRETTIER_CACHE = ["--cache", "--cache-strategy", "content", "--cache-location", ".cache/prettier"];

/** The longest comes first, so that the others fit beside it. */
export const checks: readonly Check[] = [
  { name: "lint", command: ["eslint", "--max-warnings", "0", "."] },
  { name: "format", command: ["prettier", "--check", "--log-level", "warn", ...PRETTIER_CACHE, "."] },
  { name: "solidity lint", command: ["solhint", "--max-warnings", "0", "contracts/**/*.sol"] },
  { name: "types", command: ["tsc", "--pretty", "false"] },
  {
    name: "doors",
    command: [
      "depcruise",
      "--config",
      ".dependency-cruiser.cjs",
      "protocol",
      "relayer",
      "sdk",
      "portal",
      "scripts",
      "test",
      "bench",
    ],
    // With a TypeScript it does not know, dependency-cruiser finds no modules at all and calls that a success.
    holds: (ran) => Number(/\((\d+) modules/.exec(ran.output)?.[1] ?? 0) >= CRUISED_MODULES_MIN,
  },
  { name: "dead code", command: ["knip", "--no-progress"] },
];

/** Whether the tool looked, and found nothing. */
export const passes = (check: Check, ran: Ran): boolean => ran.code === 0 && (check.holds?.(ran) ?? true);
