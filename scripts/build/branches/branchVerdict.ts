// Compares the branches the tests went with the list of those that no test can go
import { z } from "zod";
import type { BranchPoint } from "./branchPoints.ts";

/** One way of one branch. Named by its text, not its line, so that an edit elsewhere in the file moves nothing. */
export interface Branch {
  readonly file: string;
  readonly line: number;
  readonly within: string;
  readonly text: string;
  readonly way: string;
  readonly hit: boolean;
}

export const exceptions = z.array(
  z.strictObject({
    /** Path below contracts/. */
    file: z.string(),
    within: z.string(),
    text: z.string(),
    way: z.string(),
    /** Why no test can go there. */
    why: z.string().min(20),
  }),
);
type Exception = z.infer<typeof exceptions>[number];

export interface Verdict {
  /** Missed, and nobody says why. */
  readonly unexplained: readonly Branch[];
  readonly explained: readonly (Branch & { readonly why: string })[];
  /** Exceptions for a branch that is gone after all, or is not there. */
  readonly wrong: readonly (Exception & { readonly fault: "is hit" | "is not there" })[];
}

/** `points` of one file, their marks counted from `firstId`. */
export function branchesOf(
  { file, points, firstId }: { file: string; points: readonly BranchPoint[]; firstId: number },
  hits: ReadonlySet<number>,
): Branch[] {
  return points.flatMap(({ line, within, text, ways }, index) =>
    ways.map((way, side) => ({ file, line, within, text, way, hit: hits.has(firstId + 2 * index + side) })),
  );
}

const key = ({ file, within, text, way }: Omit<Exception, "why">): string => JSON.stringify([file, within, text, way]);

export function judgeBranches(branches: readonly Branch[], excepted: readonly Exception[]): Verdict {
  const reasons = new Map(excepted.map((one) => [key(one), one.why]));
  const missed = branches.filter(({ hit }) => !hit);
  const there = new Set(branches.map(key));
  const missedKeys = new Set(missed.map(key));
  return {
    unexplained: missed.filter((branch) => !reasons.has(key(branch))),
    explained: missed.flatMap((branch) => {
      const why = reasons.get(key(branch));
      return why === undefined ? [] : [{ ...branch, why }];
    }),
    wrong: excepted
      .filter((one) => !missedKeys.has(key(one)))
      .map((one) => ({ ...one, fault: there.has(key(one)) ? ("is hit" as const) : ("is not there" as const) })),
  };
}
