import { expect } from "chai";

import {
  deployGovernment,
  enact,
  GOVERNOR_RULES,
  proposalOf,
  STATE,
  VOTE,
  type Government,
} from "../../support/contracts/government.ts";
import { connect, refused, type Connection, type Signer } from "../../support/contracts/stakes.ts";

const { deposit } = GOVERNOR_RULES;

describe("the deposit of a proposal", () => {
  let connection: Connection;
  let state: Government;
  let change: ReturnType<typeof proposalOf>;
  const fresh = async () => deployGovernment(connection);
  const settle = async () => state.governor.connect(state.stranger).settleDeposit(await change.id());
  const settled = async (to: string, event: "DepositRefunded" | "DepositForfeited") => {
    const { governor, token } = state;
    const call = settle();
    await expect(call)
      .to.emit(governor, event)
      .withArgs(await change.id(), to, deposit);
    await expect(call).to.changeTokenBalances(connection.ethers, token, [governor, to], [-deposit, deposit]);
    await refused(settle(), governor, "GovernorDepositNothing", [await change.id()]);
  };
  const refunded = () => settled(state.alice.address, "DepositRefunded");
  const forfeited = async () => settled(await state.timelock.getAddress(), "DepositForfeited");
  const voteOpen = async () => {
    const id = await change.id();
    await refused(settle(), state.governor, "GovernorDepositVoteOpen", [id, await state.governor.proposalDeadline(id)]);
  };
  const decide = async (...votes: [Signer, number][]) => {
    await change.toVote();
    for (const [voter, support] of votes) await change.vote(voter, support);
    await change.toResult();
  };

  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    state = await connection.networkHelpers.loadFixture(fresh);
    const data = state.token.interface.encodeFunctionData("setInflation", [100]);
    change = proposalOf(connection, state, { target: await state.token.getAddress(), data });
  });

  it("is taken from the proposer", async () => {
    const { governor, alice, token } = state;
    const call = change.propose();
    await expect(call)
      .to.emit(governor, "DepositPaid")
      .withArgs(await change.id(), alice.address, deposit);
    await expect(call).to.changeTokenBalances(connection.ethers, token, [alice, governor], [-deposit, deposit]);
    expect(await governor.depositOf(await change.id())).to.deep.equal([deposit, false]);
  });

  it("of a proposal nobody made cannot be settled", async () => {
    await refused(settle(), state.governor, "GovernorDepositNothing", [await change.id()]);
  });

  it("comes back when the vote succeeds, whatever happens then", async () => {
    await change.propose();
    await decide([state.alice, VOTE.for]);
    await refunded();
    await change.queue();
    await change.toExecution();
    await change.execute();
  });

  it("comes back when a proposal that succeeded is cancelled", async () => {
    await change.propose();
    await decide([state.alice, VOTE.for]);
    await change.queue();
    await change.cancel(state.guardian);
    expect(await change.state()).to.equal(STATE.canceled);
    await refunded();
  });

  it("is lost when the vote is lost", async () => {
    await change.propose();
    await decide([state.alice, VOTE.against]);
    expect(await change.state()).to.equal(STATE.defeated);
    await forfeited();
  });

  it("is lost when enough came and most were against", async () => {
    await change.propose();
    await decide([state.bob, VOTE.for], [state.alice, VOTE.against]);
    expect(await change.state()).to.equal(STATE.defeated);
    await forfeited();
  });

  it("is lost without a quorum", async () => {
    await change.propose();
    await decide();
    await forfeited();
  });

  it("is zero when the rule says so, and then there is nothing to settle", async () => {
    const { governor } = state;
    const target = await governor.getAddress();
    const none = governor.interface.encodeFunctionData("setProposalDeposit", [0n]);
    await expect(enact(connection, state, { target, data: none }, "no deposit"))
      .to.emit(governor, "ProposalDepositSet")
      .withArgs(deposit, 0n);
    await expect(change.propose()).not.to.emit(governor, "DepositPaid");
    await decide();
    await refused(settle(), governor, "GovernorDepositNothing", [await change.id()]);
  });

  describe("attack 29: getting a lost deposit back", () => {
    it("settling before the end of the vote is refused, to its last second", async () => {
      await change.propose();
      await voteOpen();
      await change.toVote();
      await change.vote(state.alice, VOTE.for);
      const deadline = await state.governor.proposalDeadline(await change.id());
      await connection.networkHelpers.time.setNextBlockTimestamp(deadline);
      await voteOpen();
    });

    it("the proposer cannot cancel once the vote has begun", async () => {
      const { governor, alice } = state;
      await change.propose();
      await change.toVote();
      await refused(change.cancel(alice), governor, "GovernorUnableToCancel", [await change.id(), alice.address]);
      await change.toResult();
      await refused(change.cancel(alice), governor, "GovernorUnableToCancel", [await change.id(), alice.address]);
    });

    it("cancelling a defeated proposal does not save it", async () => {
      await change.propose();
      await decide([state.alice, VOTE.against]);
      await change.cancel(state.guardian);
      expect(await change.state()).to.equal(STATE.canceled);
      await forfeited();
    });

    it("cancelling in the last second of the vote does, one second later does not", async () => {
      await change.propose();
      const deadline = await state.governor.proposalDeadline(await change.id());
      await connection.networkHelpers.time.setNextBlockTimestamp(deadline);
      await change.cancel(state.guardian);
      expect(await state.governor.depositOf(await change.id())).to.deep.equal([deposit, true]);
      await refunded();
    });

    it("a rule changed during the vote does not change the amount", async () => {
      const { governor } = state;
      const data = governor.interface.encodeFunctionData("setProposalDeposit", [1n]);
      const rule = proposalOf(connection, state, { target: await governor.getAddress(), data }, "cheaper");
      await rule.propose();
      await rule.toVote();
      await rule.vote(state.alice, VOTE.for);
      await rule.toResult();
      await rule.queue();
      await change.propose();
      await rule.toExecution();
      await rule.execute();
      await decide([state.alice, VOTE.for]);
      await refunded();
    });
  });

  describe("cancelled before its vote", () => {
    it("by its proposer comes back at once", async () => {
      await change.propose();
      await change.cancel(state.alice);
      await refunded();
    });

    it("by the guardian comes back at once", async () => {
      await change.propose();
      await change.toVote();
      await change.cancel(state.guardian);
      await refunded();
    });

    it("by anybody else is refused", async () => {
      const { governor, bob } = state;
      await change.propose();
      await refused(change.cancel(bob), governor, "GovernorUnableToCancel", [await change.id(), bob.address]);
    });
  });

  describe("the guardian", () => {
    it("cannot cancel after its term, and neither can the proposer then", async () => {
      const { governor, guardian, alice } = state;
      await connection.networkHelpers.time.increaseTo((await governor.guardianUntil()) - 1n);
      expect(await governor.proposalGuardian()).to.equal(guardian.address);
      await connection.networkHelpers.time.increaseTo(await governor.guardianUntil());
      expect(await governor.proposalGuardian()).to.equal(`0x${"00".repeat(19)}01`);
      await change.propose();
      await change.toVote();
      for (const one of [guardian, alice]) {
        await refused(change.cancel(one), governor, "GovernorUnableToCancel", [await change.id(), one.address]);
      }
    });

    it("is renewed by a vote, for another term", async () => {
      const { governor, bob } = state;
      const data = governor.interface.encodeFunctionData("setProposalGuardian", [bob.address]);
      const call = enact(connection, state, { target: await governor.getAddress(), data }, "renew");
      await expect(call).to.emit(governor, "GuardianTermSet");
      expect(await governor.proposalGuardian()).to.equal(bob.address);
      const now = BigInt(await connection.networkHelpers.time.latest());
      expect(await governor.guardianUntil()).to.equal(now + GOVERNOR_RULES.guardianTerm);
    });

    it("attack 28: can neither propose, queue nor execute past the governor", async () => {
      const { guardian, timelock, token } = state;
      const target = await token.getAddress();
      const data = token.interface.encodeFunctionData("setInflation", [1_000]);
      const zero = `0x${"00".repeat(32)}`;
      const own = timelock.connect(guardian);
      await expect(own.schedule(target, 0n, data, zero, zero, 10n ** 6n)).to.be.revertedWithCustomError(
        timelock,
        "AccessControlUnauthorizedAccount",
      );
      await expect(own.execute(target, 0n, data, zero, zero)).to.be.revertedWithCustomError(
        timelock,
        "TimelockUnexpectedOperationState",
      );
    });
  });
});
