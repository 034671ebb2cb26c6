import type { Facts, Violation } from "./gather.ts";
import type { LineOf } from "./line.ts";

/**
 * C10: a chain that was erased is erased on every node: its headers are there and link (C3), none of its blocks has a
 * body, its keys are gone, and nobody was shown a body of it afterwards. A chain is erased only because its owner asked.
 */
export function* checkErasures(facts: Facts): Generator<Violation> {
  const asked = new Map<string, LineOf<"op">>();
  for (const op of facts.ops) if (op.f === "erase" && op.chain !== undefined) asked.set(op.chain, op);
  for (const [node, { chains, heads }] of facts.nodes) {
    for (const [chain, { erased, keyed }] of heads) {
      const about = `${node} ${chain}`;
      const blocks = chains.get(chain) ?? [];
      const { result } = asked.get(chain) ?? {};
      if (erased !== true) {
        if (result === "ok") yield { rule: "C10 not erased", about };
        if (blocks.some(({ kind }) => kind === "tombstone")) yield { rule: "C10 tombstone on a live chain", about };
        continue;
      }
      if (result === undefined || result === "fail") yield { rule: "C10 erased unasked", about };
      if (keyed === true) yield { rule: "C10 keys left", about };
      if (blocks.filter(({ kind }) => kind === "tombstone").length !== 1) yield { rule: "C10 no tombstone", about };
      for (const { height, sealed } of blocks)
        if (sealed > 0) yield { rule: "C10 body left", about: `${about}@${height}` };
    }
  }
  for (const op of facts.ops) {
    const erase = op.f === "read" ? asked.get(op.chain ?? "") : undefined;
    if (erase?.result === "ok" && op.t0 > erase.t1 && op.seen?.some(({ body }) => body === true) === true)
      yield { rule: "C10 body served", about: `read of ${op.chain ?? ""} by ${op.proc}` };
  }
}
