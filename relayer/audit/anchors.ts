/**
 * Compares a node's batches with the headers that the chain holds, both by batch sequence. A batch that only one side
 * has is no contradiction: the chain may not have it yet, and a node may be behind.
 */
export function compareAnchors(
  held: ReadonlyMap<number, string>,
  onChain: ReadonlyMap<number, string>,
): { readonly anchored: number; readonly conflict?: number } {
  const both = [...onChain.keys()].filter((seq) => held.has(seq)).sort((a, b) => a - b);
  const conflict = both.find((seq) => held.get(seq) !== onChain.get(seq));
  const anchored = both.filter((seq) => held.get(seq) === onChain.get(seq)).length;
  return conflict === undefined ? { anchored } : { anchored, conflict };
}
