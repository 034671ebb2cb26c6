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
  keptFrom: z.int().min(0).optional(),
  openFrom: z.int().min(0).optional(),
  snapshot: z.int().min(0).optional(),
});

export const digestsIn = (answer: unknown): readonly DigestAt[] => digests.safeParse(answer).data ?? [];

type Optional = Pick<NodeReport, "conflict" | "aside" | "keptFrom" | "openFrom" | "snapshot">;

/** The report is of the node that has signed it, whatever it calls itself. */
export function reportIn(node: Hex, answer: unknown): NodeReport | undefined {
  const { data } = report.safeParse(answer);
  if (data === undefined) return undefined;
  const { applied, digests: at, frozen, anchored, ...rest } = data;
  const said = Object.entries(rest).filter(([, value]) => value !== undefined);
  return { applied, digests: at, frozen, anchored, node, ...(Object.fromEntries(said) as Optional) };
}
