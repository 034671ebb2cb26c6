import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";
import { expect } from "chai";
import { id } from "ethers";
import { inputLeaf, outcomeTree, treeOf, type Outcome } from "../../support/contracts/batches.ts";
import { connect } from "../../support/contracts/notary.ts";

const STEP = 10;

describe("trees on chain and in @openzeppelin/merkle-tree", () => {
  it("have the same root, and accept the same proofs, for 1 to 300 leaves", async function () {
    this.timeout(180_000);
    const { ethers } = await connect();
    const trees = await ethers.deployContract("Trees");
    const all = Array.from({ length: 300 }, (_, index) => id(index.toString()));
    const leaves = all.map(inputLeaf);
    for (let from = 1; from <= 300; from += STEP) {
      const roots = (await trees.getFunction("inputRoots")(all, from, from + STEP - 1)) as string[];
      const ours = roots.map((_, index) => treeOf(leaves.slice(0, from + index)));
      expect([...roots]).to.deep.equal(ours.map((tree) => tree.root));
      for (const [index, tree] of ours.entries()) {
        // Every proof of the small trees, one of each larger: they differ in nothing but size.
        const count = from + index;
        const places = count <= 12 ? all.slice(0, count).keys() : [(count * count + 5) % count];
        for (const place of places) {
          expect(SimpleMerkleTree.verify(roots[index]!, leaves[place]!, tree.getProof(place))).to.equal(true);
          if (count % STEP !== 0 && count > 12) continue;
          const accepted: unknown = await trees.getFunction("accepts")(tree.root, tree.getProof(place), all[place]);
          expect(accepted).to.equal(true);
        }
      }
    }
  });

  it("have the same outcome leaves", async () => {
    const { ethers } = await connect();
    const trees = await ethers.deployContract("Trees");
    const outcomes: Outcome[] = Array.from({ length: 256 }, (_, index) => ({
      dealId: id(index.toString()),
      status: BigInt(1 + (index % 7)),
      reason: index % 7 === 1 ? id("reason") : "0x",
    }));
    const words = outcomes.map(({ dealId, status, reason }) => [dealId, status, reason] as const);
    const root: unknown = await trees.getFunction("outcomeRoot")(words);
    expect(root).to.equal(outcomeTree(outcomes).root);
  });
});
