import { expect } from "chai";
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
  settle,
  sign,
  type Connection,
  type Notary,
} from "../../support/contracts/notary.ts";
import { outcomeTree, STATUS } from "../../support/contracts/batches.ts";
import { hashDeal } from "../../support/contracts/deals.ts";

describe("a batch of deals", () => {
  let connection: Connection;
  let notary: Notary;
  const payers = accounts("payer", 3);
  const payee = account("payee").address;

  async function funded() {
    const fresh = await deployNotary(connection);
    await fund(connection, fresh, payers, 1_000n);
    return fresh;
  }

  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    notary = await connection.networkHelpers.loadFixture(funded);
  });

  const pay = (from: string, amount: bigint) => ({ token: notary.tokenAt, from, to: payee, amount });

  it("settles the good deal and says why the other failed, with both provable", async () => {
    const good = sign(notary, dealOf([pay(payers[0]!.address, 10n)]), payers);
    const poor = sign(notary, dealOf([pay(payers[1]!.address, 5_000n)]), payers);
    const { batch, items, sigs, headerHash } = await nextBatch(notary, { items: [good, poor] });

    const receipt = await mined(notary.ledger.connect(notary.stranger).submit(batch, items, sigs));

    const outcomes = outcomesOf(notary, receipt);
    const reason = notary.token.interface.encodeErrorResult("ERC20InsufficientBalance", [
      payers[1]!.address,
      1_000n,
      5_000n,
    ]);
    expect(outcomes).to.deep.equal([
      { dealId: hashDeal(notary.deals, good.deal), status: STATUS.settled, reason: "0x" },
      { dealId: hashDeal(notary.deals, poor.deal), status: STATUS.reverted, reason },
    ]);
    expect(await notary.ledger.outcomeRootOf(headerHash)).to.equal(outcomeTree(outcomes).root);
    expect(await notary.token.balanceOf(payee)).to.equal(10n);
  });

  it("settles a deal of several payers all or nothing", async () => {
    const legs = [pay(payers[0]!.address, 10n), pay(payers[1]!.address, 20n), pay(payers[0]!.address, 5n)];
    const broken = dealOf([...legs, pay(payers[2]!.address, 9_999n)], { nonce: 1n });

    const outcomes = await settle(notary, [sign(notary, dealOf(legs), payers), sign(notary, broken, payers)]);

    expect(outcomes.map((one) => one.status)).to.deep.equal([STATUS.settled, STATUS.reverted]);
    expect(await notary.token.balanceOf(payee)).to.equal(35n);
  });
});
