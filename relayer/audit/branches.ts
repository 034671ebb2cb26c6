import type { DigestAt, NodeReport, PartitionFacts } from "./facts.ts";

/** Nodes that hold one and the same past. */
export interface Branch {
  readonly nodes: readonly NodeReport[];
  /** The furthest of them. */
  readonly head: NodeReport;
}

export type Agreement =
  /** All nodes hold one past, some more of it than others. */
  | { readonly kind: "one"; readonly good: Branch }
  /** One past is right: the others' nodes are to be rebuilt, and what only they hold is to be appended again. */
  | { readonly kind: "outvoted"; readonly good: Branch; readonly wrong: readonly Branch[] }
  /** Nobody can tell here which past is right. */
  | { readonly kind: "divided"; readonly why: string };

/**
 * Whether two pasts agree as far as both go. Digests are chained, so two different ones at one sequence are two pasts,
 * and equal ones above them only say that one of the two was spoiled on a disk after it had been built upon.
 */
export function agree(one: readonly DigestAt[], two: readonly DigestAt[]): boolean {
  const theirs = new Map(two.map(({ seq, digest }) => [seq, digest]));
  return one.every(({ seq, digest }) => (theirs.get(seq) ?? digest) === digest);
}

/** Sorts the nodes into pasts that contradict each other. A node that is behind where they part belongs to none. */
function branchesOf(nodes: readonly NodeReport[]): readonly Branch[] {
  const furthestFirst = nodes.toSorted((a, b) => b.applied - a.applied || (a.node < b.node ? -1 : 1));
  const heads: NodeReport[] = [];
  for (const node of furthestFirst) if (!heads.some((head) => agree(head.digests, node.digests))) heads.push(node);
  return heads.map((head) => ({
    head,
    nodes: furthestFirst.filter(
      (node) =>
        agree(node.digests, head.digests) &&
        heads.every((other) => other === head || !agree(node.digests, other.digests)),
    ),
  }));
}

/** Which past counts. What the chain holds counts most: it cannot be taken back; then the larger number of nodes. */
export function judgeBranches(facts: Pick<PartitionFacts, "nodes" | "partition" | "trusted">): Agreement {
  const { nodes, partition, trusted } = facts;
  const branches = branchesOf(nodes);
  const [first] = branches;
  if (first === undefined) return { kind: "divided", why: `nobody reported on partition ${partition}` };
  const chosen = branches.find((branch) => branch.nodes.some(({ node }) => node === trusted));
  if (chosen !== undefined && branches.length > 1)
    return { kind: "outvoted", good: chosen, wrong: branches.filter((branch) => branch !== chosen) };
  const sound = branches.filter((branch) => branch.nodes.every(({ conflict }) => conflict === undefined));
  if (sound.length === 0)
    return { kind: "divided", why: `the chain holds other batches of partition ${partition} than every node` };
  if (branches.length === 1) return { kind: "one", good: { ...first, nodes } };
  const [good, next] = sound.toSorted(
    (a, b) => anchoredIn(b) - anchoredIn(a) || b.nodes.length - a.nodes.length || b.head.applied - a.head.applied,
  );
  const isClear =
    next === undefined ||
    (good !== undefined && (anchoredIn(good) > anchoredIn(next) || good.nodes.length > next.nodes.length));
  if (good === undefined || !isClear)
    return {
      kind: "divided",
      why: `the nodes of partition ${partition} hold ${branches.length} pasts, none of them by more nodes`,
    };
  return { kind: "outvoted", good, wrong: branches.filter((branch) => branch !== good) };
}

const anchoredIn = (branch: Branch): number => Math.max(0, ...branch.nodes.map(({ anchored }) => anchored));

/** Whether what this node holds is one of the pasts that do not count. */
export const isWrong = (agreement: Agreement, node: string): boolean =>
  agreement.kind === "outvoted" && agreement.wrong.some((branch) => branch.nodes.some((one) => one.node === node));
