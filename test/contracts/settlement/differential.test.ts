import { expect } from "chai";
import { id } from "ethers";
import { inputTree, outcomeTree, type Outcome } from "../../support/contracts/batches.ts";
import { connect } from "../../support/contracts/notary.ts";

describe("trees on chain and in @openzeppelin/merkle-tree", () => {
  it("have the same root, and accept the same proofs, for 1 to 300 leaves", async () => {
    const { ethers } = await connect();
    const trees = await ethers.deployContract("Trees");
    const [rootOf, accepts] = [trees.getFunction("inputRoot"), trees.getFunction("accepts")];
    for (let count = 1; count <= 300; count += 1) {
      const commitments = Array.from({ length: count }, (_, index) => id(`${count.toString()} ${index.toString()}`));
      const tree = inputTree(commitments);
      expect(await rootOf(commitments)).to.equal(tree.root);
      for (const index of new Set([0, count >> 1, count - 1])) {
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
