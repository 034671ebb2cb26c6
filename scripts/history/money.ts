import type { Facts, Violation } from "./gather.ts";

/** Money moved exactly where a transaction completed, and nowhere else; and the chain holds the nodes' batches (C9). */
export function* checkMoney(facts: Facts): Generator<Violation> {
  yield* checkAnchors(facts);
  if (facts.balances.length === 0) return;
  const [held] = facts.nodes.values();
  const moved = new Map<string, bigint>();
  const seen = new Set<string>();
  for (const { tx, legs } of facts.ops) {
    // The same request may have been sent by several clients; it pays once.
    if (tx === undefined || legs === undefined || seen.has(tx)) continue;
    seen.add(tx);
    if (held?.txs.get(tx)?.state !== "completed") continue;
    for (const { from, to, amount } of legs) {
      moved.set(from, (moved.get(from) ?? 0n) - BigInt(amount));
      moved.set(to, (moved.get(to) ?? 0n) + BigInt(amount));
    }
  }
  const asked = new Set(facts.balances.map(({ account }) => account));
  for (const { account, before, after } of facts.balances) {
    const expected = BigInt(before) + (moved.get(account) ?? 0n);
    if (expected !== BigInt(after)) yield { rule: "C6 money", about: `${account}: ${after}, not ${expected}` };
  }
  for (const account of moved.keys())
    if (!asked.has(account)) yield { rule: "C0 nobody asked", about: `balance of ${account}` };
}

function* checkAnchors({ anchors, nodes }: Facts): Generator<Violation> {
  for (const { partition, seq, headerHash } of anchors)
    for (const [node, { batches }] of nodes)
      if (batches.get(`${partition}:${seq}`) !== headerHash)
        yield { rule: "C9 anchor", about: `${node} ${partition}:${seq}` };
  if (anchors.length === 0) return;
  const held = new Set(anchors.map(({ partition, seq }) => `${partition}:${seq}`));
  for (const [node, { txs }] of nodes)
    for (const { tx, batch, state } of txs.values())
      if (batch !== undefined && state !== "pending" && !held.has(`${batch.partition}:${batch.seq}`))
        yield { rule: "C9 decided without the chain", about: `${node} ${tx}` };
}
