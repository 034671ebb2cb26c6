import { expect } from "chai";
import { concat, id, keccak256, ZeroHash } from "ethers";
import { hashTypedData } from "viem";
import {
  batchTypes,
  committeeSign,
  hashBatch,
  inputLeaf,
  inputTree,
  outcomeTree,
  STATUS,
} from "../../support/contracts/batches.ts";
import {
  account,
  accounts,
  connect,
  dealOf,
  deployNotary,
  fund,
  mined,
  nextBatch,
  outcomesOf,
  sign,
  type Connection,
  type Notary,
} from "../../support/contracts/notary.ts";

describe("proving what a batch held and what became of it", () => {
  let connection: Connection;
  let notary: Notary;
  const [payer] = accounts("payer", 1);

  async function funded() {
    const fresh = await deployNotary(connection);
    await fund(connection, fresh, [payer!], 1_000n);
    return fresh;
  }

  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    notary = await connection.networkHelpers.loadFixture(funded);
  });

  const notarized = async (count: number) => {
    const inputs = Array.from({ length: count }, (_, index) => id(`input ${index.toString()}`));
    const { batch, items, sigs, headerHash } = await nextBatch(notary, { inputs });
    await mined(notary.ledger.submit(batch, items, sigs));
    return { inputs, batch, headerHash, tree: inputTree(inputs) };
  };

  it("proves every input of trees of 1 to 20 leaves, and no other", async () => {
    for (let count = 1; count <= 20; count += 1) {
      const { inputs, batch, tree } = await notarized(count);
      for (const [index, input] of inputs.entries()) {
        expect(await notary.ledger.verifyInput(batch, tree.getProof(index), input)).to.equal(true);
        expect(await notary.ledger.verifyInput(batch, tree.getProof(index), id("stranger"))).to.equal(false);
      }
    }
  });

  it("attack 17: takes no inner node, no 64-byte leaf, no longer proof and no outcome for an input", async () => {
    const { inputs, batch, tree } = await notarized(4);
    const proof = tree.getProof(0);
    const inner = keccak256(concat([inputLeaf(inputs[0]!), inputLeaf(inputs[1]!)]));
    expect(await notary.ledger.verifyInput(batch, proof.slice(1), inner)).to.equal(false);
    expect(await notary.ledger.verifyInput(batch, proof.slice(1), inputLeaf(inputs[0]!))).to.equal(false);
    expect(await notary.ledger.verifyInput(batch, [...proof, ZeroHash], inputs[0]!)).to.equal(false);
    expect(await notary.ledger.verifyInput(batch, [], inputs[0]!)).to.equal(false);
    const stranger = { ...batch, root: inputLeaf(id("x")), count: 1n };
    expect(await notary.ledger.verifyInput(stranger, [], id("x"))).to.equal(false);
  });

  it("attack 17: refuses a proof that leads to the root but is one step deeper than its tree", async () => {
    const deep = inputTree(Array.from({ length: 4 }, (_, index) => id(`deep ${index.toString()}`)));
    const { batch, items } = await nextBatch(notary, { inputs: [id("one")] });
    const lying = { ...batch, root: deep.root, count: 2n };
    const digest = hashBatch(notary.headers, lying);
    await notary.ledger.submit(lying, items, committeeSign(digest, notary.members));
    expect(await notary.ledger.verifyInput(lying, deep.getProof(0), id("deep 0"))).to.equal(false);
  });

  it("proves no input of a batch that holds deals only", async () => {
    const leg = { token: notary.tokenAt, from: payer!.address, to: account("payee").address, amount: 1n };
    const deal = sign(notary, dealOf([leg], { nonce: 0n }), [payer!]);
    const { batch, items, sigs, headerHash } = await nextBatch(notary, { items: [deal], inputs: [] });
    const [outcome] = outcomesOf(notary, await mined(notary.ledger.submit(batch, items, sigs)));
    expect(outcome?.status).to.equal(STATUS.settled);
    expect(await notary.ledger.headerAt(batch.partition, batch.seq)).to.equal(headerHash);
    expect(await notary.ledger.verifyInput(batch, [], deal.deal.terms)).to.equal(false);
    expect(await notary.ledger.verifyInput(batch, [], ZeroHash)).to.equal(false);
  });

  it("proves each outcome with its index, deal, status and reason, and nothing else", async () => {
    const leg = (amount: bigint) => ({
      token: notary.tokenAt,
      from: payer!.address,
      to: account("payee").address,
      amount,
    });
    const items = [10n, 9_999n, 20n].map((amount, nonce) =>
      sign(notary, dealOf([leg(amount)], { nonce: BigInt(nonce) }), [payer!]),
    );
    const { batch, items: bytes, sigs, headerHash } = await nextBatch(notary, { items });
    const outcomes = outcomesOf(notary, await mined(notary.ledger.submit(batch, bytes, sigs)));
    const tree = outcomeTree(outcomes);
    for (const [index, { dealId, status, reason }] of outcomes.entries()) {
      const proof = tree.getProof(index);
      const verify = (i: number, deal: string, s: bigint, reasonHash: string, steps = proof, header = headerHash) =>
        notary.ledger.verifyOutcome(header, steps, i, deal, s, reasonHash);
      expect(await verify(index, dealId, status, keccak256(reason))).to.equal(true);
      expect(await verify(index + 1, dealId, status, keccak256(reason))).to.equal(false);
      expect(await verify(index, id("x"), status, keccak256(reason))).to.equal(false);
      expect(await verify(index, dealId, STATUS.badDeal, keccak256(reason))).to.equal(false);
      expect(await verify(index, dealId, status, id("x"))).to.equal(false);
      expect(await verify(index, dealId, status, keccak256(reason), Array<string>(9).fill(ZeroHash))).to.equal(false);
      expect(await verify(index, dealId, status, keccak256(reason), proof, id("x"))).to.equal(false);
    }
  });

  it("hashes headers like ethers and like viem", async () => {
    const { batch, headerHash } = await notarized(3);
    const domain = {
      name: "NotaryLedger",
      version: "1",
      chainId: Number(notary.chainId),
      verifyingContract: notary.ledgerAt as `0x${string}`,
    };
    expect(hashTypedData({ domain, types: batchTypes, primaryType: "Batch", message: { ...batch } })).to.equal(
      headerHash,
    );
    expect(await notary.ledger.hashBatch(batch)).to.equal(headerHash);
  });
});
