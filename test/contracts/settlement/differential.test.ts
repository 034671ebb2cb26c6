import { expect } from "chai";
import { id } from "ethers";
import { inputLeaf, outcomeTree, treeOf, type Outcome } from "../../support/contracts/batches.ts";
import { connect } from "../../support/contracts/notary.ts";

describe("trees on chain and in @openzeppelin/merkle-tree", () => {
  it("have the same root, and accept the same proofs, for 1 to 300 leaves", async function () {
    this.timeout(180_000);
    const { ethers } = await connect();
    const trees = await ethers.deployContract("Trees");
    const [rootOf, accepts] = [trees.getFunction("inputRoot"), trees.getFunction("accepts")];
    const all = Array.from({ length: 300 }, (_, index) => id(index.toString()));
    const leaves = all.map(inputLeaf);
    for (let count = 1; count <= 300; count += 1) {
      const commitments = all.slice(0, count);
      const tree = treeOf(leaves.slice(0, count));
      expect(await rootOf(commitments)).to.equal(tree.root);
      // Every proof of the small trees, one of each larger: they differ in nothing but size.
      const indices = count <= 12 ? commitments.keys() : [(count * count + 5) % count];
      for (const index of indices) {
        expect(await accepts(tree.root, tree.getProof(index), commitments[index])).to.equal(true);
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
