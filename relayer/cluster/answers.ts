import { z } from "zod";
import type { Hex } from "../../protocol/bytes.ts";
import type { DigestAt, NodeReport } from "../audit/facts.ts";

/** What other nodes answer, read like anything else from outside: an answer of another form has not been heard. */

const digests = z.array(z.object({ seq: z.int().min(0), digest: z.string() }));
const report = z.object({
  applied: z.int().min(0),
  digests,
  frozen: z.boolean(),
  anchored: z.int().min(0),
  conflict: z.int().min(0).optional(),
  aside: z.int().min(0).optional(),
});

export const digestsIn = (answer: unknown): readonly DigestAt[] => digests.safeParse(answer).data ?? [];

/** The report is of the node that has signed it, whatever it calls itself. */
export function reportIn(node: Hex, answer: unknown): NodeReport | undefined {
  const { data } = report.safeParse(answer);
  if (data === undefined) return undefined;
  const { conflict, aside, ...rest } = data;
  return {
    ...rest,
    node,
    ...(conflict === undefined ? {} : { conflict }),
    ...(aside === undefined ? {} : { aside }),
  };
}
