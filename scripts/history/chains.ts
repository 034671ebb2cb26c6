import type { Facts, HeldBlock, Violation } from "./gather.ts";

const GENESIS_PREV = `0x${"00".repeat(32)}`;

/** C2 and C3: on every node each chain is one list of links from 0 to its head, and no two nodes differ on a height. */
export function* checkChains(facts: Facts): Generator<Violation> {
  const agreed = new Map<string, string>();
  for (const [node, { chains, heads }] of facts.nodes) {
    for (const [chain, blocks] of chains) {
      blocks.sort((a, b) => a.height - b.height);
      yield* checkLinks(`${node} ${chain}`, blocks);
      for (const { height, hash } of blocks) {
        const place = `${chain}@${height}`;
        const other = agreed.get(place);
        if (other === undefined) agreed.set(place, hash);
        else if (other !== hash) yield { rule: "C2 fork", about: `${node} ${place}` };
      }
      const [top, head] = [blocks.at(-1), heads.get(chain)];
      if (top?.height !== head?.height || top?.hash !== head?.hash)
        yield { rule: "C3 head", about: `${node} ${chain}: the head row is not the newest block` };
    }
    for (const chain of heads.keys())
      if (!chains.has(chain)) yield { rule: "C3 head", about: `${node} ${chain}: a head without blocks` };
  }
}

function* checkLinks(about: string, blocks: readonly HeldBlock[]): Generator<Violation> {
  let prev = GENESIS_PREV;
  for (const [height, block] of blocks.entries()) {
    if (block.height !== height) {
      const rule = block.height < height ? "C2 height twice" : "C3 gap";
      yield { rule, about: `${about}@${block.height}` };
      return;
    }
    if (block.prev !== prev) yield { rule: "C3 link", about: `${about}@${height}` };
    if ((block.kind === "genesis") !== (height === 0)) yield { rule: "C3 genesis", about: `${about}@${height}` };
    prev = block.hash;
  }
}
