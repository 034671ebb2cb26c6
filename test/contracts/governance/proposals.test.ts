import { expect } from "chai";
import { id, ZeroAddress, ZeroHash, type TypedDataDomain } from "ethers";

import {
  deployGovernment,
  enact,
  GOVERNOR_RULES,
  proposalOf,
  STATE,
  TIMELOCK_DELAY,
  VOTE,
  type Action,
  type Government,
} from "../../support/contracts/government.ts";
import { connect, DAY, domainOf, refused, TOKEN, type Connection } from "../../support/contracts/stakes.ts";

describe("governing", () => {
  let connection: Connection;
  let state: Government;
  const fresh = async () => deployGovernment(connection);
  const proposal = (action: Action, description?: string) => proposalOf(connection, state, action, description);
  const inflation = async (bps: number): Promise<Action> => ({
    target: await state.token.getAddress(),
    data: state.token.interface.encodeFunctionData("setInflation", [bps]),
  });
  const own = async (data: string): Promise<Action> => ({ target: await state.governor.getAddress(), data });
  const call = () => state.governor.interface;

  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    state = await connection.networkHelpers.loadFixture(fresh);
  });

  describe("refuses to start", () => {
    const make = (change: object) =>
      connection.ethers.deployContract("PlatformGovernor", [
        state.staking,
        state.token,
        state.timelock,
        { ...GOVERNOR_RULES, guardian: state.guardian.address, ...change },
      ]);
    const cases = [
      ["without a guardian", { guardian: ZeroAddress }, "PlatformGovernorGuardianMissing", []],
      [
        "with a way to execution longer than stake needs to leave",
        { spanMax: BigInt(9 * DAY - 1) },
        "PlatformGovernorSpanTooLong",
        [9 * DAY, 9 * DAY - 1],
      ],
      ["with a snapshot at the proposal", { votingDelay: 0n }, "PlatformGovernorVoteTooShort", [0, 5 * DAY]],
      [
        "with a vote under a minute",
        { votingPeriod: 59n, voteExtension: 0n },
        "PlatformGovernorVoteTooShort",
        [DAY, 59],
      ],
      ["with a quorum part too small", { quorumBps: 99n }, "PlatformGovernorQuorumOutOfBounds", [99, 100, 5_000]],
      ["with a quorum part too large", { quorumBps: 5_001n }, "PlatformGovernorQuorumOutOfBounds", [5_001, 100, 5_000]],
      [
        "with a floor above its maximum",
        { quorumFloorMax: 1n },
        "PlatformGovernorFloorTooHigh",
        [GOVERNOR_RULES.quorumFloor, 1],
      ],
      ["with a deposit above its maximum", { depositMax: 1n }, "GovernorDepositTooLarge", [GOVERNOR_RULES.deposit, 1]],
    ] as const;
    for (const [what, change, error, values] of cases) {
      it(what, async () => refused(make(change), state.governor, error, values));
    }
  });

  describe("refuses", () => {
    it("a proposal of somebody with too few votes", async () => {
      const { governor, stranger } = state;
      await refused(proposal(await inflation(1)).propose(stranger), governor, "GovernorInsufficientProposerVotes", [
        stranger.address,
        0n,
        GOVERNOR_RULES.proposalThreshold,
      ]);
    });

    it("a proposal whose deposit is not there", async () => {
      const { governor, token, alice } = state;
      await token.connect(alice).approve(governor, 1n);
      await refused(proposal(await inflation(1)).propose(), token, "ERC20InsufficientAllowance", [
        await governor.getAddress(),
        1n,
        GOVERNOR_RULES.deposit,
      ]);
    });

    it("to change a rule for anybody but a proposal", async () => {
      const { governor, admin } = state;
      const calls = [
        () => governor.setVotingDelay(1),
        () => governor.setVotingPeriod(1),
        () => governor.setProposalThreshold(1),
        () => governor.setLateQuorumVoteExtension(1),
        () => governor.updateQuorumNumerator(1),
        () => governor.setQuorumFloor(1),
        () => governor.setProposalGuardian(admin),
        () => governor.setProposalDeposit(1),
        () => governor.updateTimelock(admin),
        () => governor.relay(admin, 0, "0x"),
        () => governor.relayCrosschain(admin, "0x", ZeroHash, "0x"),
      ];
      for (const attempt of calls) await refused(attempt(), governor, "GovernorOnlyExecutor", [admin.address]);
    });

    it("ether and tokens with hooks", async () => {
      const { governor, admin } = state;
      const gift = admin.sendTransaction({ to: await governor.getAddress(), value: 1n });
      await refused(gift, governor, "GovernorDisabledDeposit", []);
    });
  });

  it("executes what a vote decided, through the timelock", async () => {
    const { governor, token, alice, timelock } = state;
    const change = proposal(await inflation(100));
    await change.propose();
    expect(await change.state()).to.equal(STATE.pending);
    await change.toVote();
    await change.vote(alice, VOTE.for);
    expect(await change.state()).to.equal(STATE.active);
    await change.toResult();
    expect(await change.state()).to.equal(STATE.succeeded);
    expect(await governor.proposalNeedsQueuing(await change.id())).to.equal(true);
    await change.queue();
    expect(await change.state()).to.equal(STATE.queued);
    const salt = saltOf(await governor.getAddress(), id("a proposal"));
    const { target, data } = await inflation(100);
    const operation = await timelock.hashOperationBatch([target], [0n], [data], ZeroHash, salt);
    const ready = `0x${(4).toString(16).padStart(64, "0")}`;
    await refused(change.execute(), timelock, "TimelockUnexpectedOperationState", [operation, ready]);
    await change.toExecution();
    await change.execute();
    expect(await change.state()).to.equal(STATE.executed);
    expect(await token.inflationBps()).to.equal(100n);
  });

  it("starts with the rules it was made with", async () => {
    const { governor, guardian, timelock, staking } = state;
    expect(await governor.name()).to.equal("PlatformGovernor");
    expect(await governor.CLOCK_MODE()).to.equal("mode=timestamp");
    expect(await governor.COUNTING_MODE()).to.equal("support=bravo&quorum=for,abstain");
    expect(await governor.votingDelay()).to.equal(GOVERNOR_RULES.votingDelay);
    expect(await governor.votingPeriod()).to.equal(GOVERNOR_RULES.votingPeriod);
    expect(await governor.lateQuorumVoteExtension()).to.equal(GOVERNOR_RULES.voteExtension);
    expect(await governor.proposalThreshold()).to.equal(GOVERNOR_RULES.proposalThreshold);
    expect(await governor["quorumNumerator()"]()).to.equal(GOVERNOR_RULES.quorumBps);
    expect(await governor.quorumDenominator()).to.equal(10_000n);
    expect(await governor.quorumFloor()).to.equal(GOVERNOR_RULES.quorumFloor);
    expect(await governor.quorumFloorMax()).to.equal(GOVERNOR_RULES.quorumFloorMax);
    expect(await governor.proposalDeposit()).to.equal(GOVERNOR_RULES.deposit);
    expect(await governor.proposalDepositMax()).to.equal(GOVERNOR_RULES.depositMax);
    expect(await governor.spanMax()).to.equal(GOVERNOR_RULES.spanMax);
    expect(await governor.proposalGuardian()).to.equal(guardian.address);
    expect(await governor.timelock()).to.equal(await timelock.getAddress());
    expect(await governor.token()).to.equal(await staking.getAddress());
    expect(await governor.supportsInterface("0x01ffc9a7")).to.equal(true);
  });

  describe("its own rules", () => {
    const encode = (name: string, args: readonly unknown[]) =>
      call().encodeFunctionData(name as "setVotingDelay", args as [number]);
    const changes = [
      ["setVotingDelay", [2 * DAY], "votingDelay", 2 * DAY],
      ["setVotingPeriod", [6 * DAY], "votingPeriod", 6 * DAY],
      ["setLateQuorumVoteExtension", [2 * DAY], "lateQuorumVoteExtension", 2 * DAY],
      ["setProposalThreshold", [7n], "proposalThreshold", 7n],
      ["updateQuorumNumerator", [5_000], "quorumNumerator()", 5_000],
      ["setQuorumFloor", [8n], "quorumFloor", 8n],
      ["setProposalDeposit", [9n], "proposalDeposit", 9n],
    ] as const;
    for (const [setter, args, getter, value] of changes) {
      it(`can be changed by a proposal: ${setter}`, async () => {
        await enact(connection, state, await own(encode(setter, args)), setter);
        const read = state.governor.getFunction(getter) as () => Promise<bigint>;
        expect(await read()).to.equal(value);
      });
    }

    const refusals = [
      ["setVotingDelay", [14 * DAY], "PlatformGovernorSpanTooLong", [22 * DAY, 21 * DAY]],
      ["setVotingDelay", [0], "PlatformGovernorVoteTooShort", [0, 5 * DAY]],
      ["setVotingPeriod", [18 * DAY], "PlatformGovernorSpanTooLong", [22 * DAY, 21 * DAY]],
      ["setVotingPeriod", [59], "PlatformGovernorVoteTooShort", [DAY, 59]],
      [
        "setLateQuorumVoteExtension",
        [5 * DAY + 1],
        "GovernorPreventLateQuorumVoteExtensionTooLarge",
        [5 * DAY + 1, 5 * DAY],
      ],
      ["updateQuorumNumerator", [99], "PlatformGovernorQuorumOutOfBounds", [99, 100, 5_000]],
      ["updateQuorumNumerator", [5_001], "PlatformGovernorQuorumOutOfBounds", [5_001, 100, 5_000]],
      [
        "setQuorumFloor",
        [GOVERNOR_RULES.quorumFloorMax + 1n],
        "PlatformGovernorFloorTooHigh",
        [GOVERNOR_RULES.quorumFloorMax + 1n, GOVERNOR_RULES.quorumFloorMax],
      ],
      ["setProposalGuardian", [ZeroAddress], "PlatformGovernorGuardianMissing", []],
      [
        "setProposalDeposit",
        [GOVERNOR_RULES.depositMax + 1n],
        "GovernorDepositTooLarge",
        [GOVERNOR_RULES.depositMax + 1n, GOVERNOR_RULES.depositMax],
      ],
      ["setProposalDeposit", [GOVERNOR_RULES.deposit], "GovernorDepositUnchanged", [GOVERNOR_RULES.deposit]],
    ] as const;
    for (const [setter, args, error, values] of refusals) {
      it(`stay within their bounds: ${setter} ${error}`, async () => {
        await refused(enact(connection, state, await own(encode(setter, args)), setter), state.governor, error, values);
      });
    }

    it("keep the extension within the span", async () => {
      await enact(connection, state, await own(encode("setVotingPeriod", [12 * DAY])), "longer");
      const tooLong = enact(connection, state, await own(encode("setLateQuorumVoteExtension", [7 * DAY])), "later");
      await refused(tooLong, state.governor, "PlatformGovernorSpanTooLong", [22 * DAY, 21 * DAY]);
    });

    it("tell when the floor changes", async () => {
      const raised = enact(connection, state, await own(encode("setQuorumFloor", [8n])), "floor");
      await expect(raised).to.emit(state.governor, "QuorumFloorSet").withArgs(GOVERNOR_RULES.quorumFloor, 8n);
    });
  });

  describe("votes", () => {
    it("that come late extend the vote", async () => {
      const change = proposal(await inflation(100));
      await change.propose();
      const deadline = await state.governor.proposalDeadline(await change.id());
      await connection.networkHelpers.time.setNextBlockTimestamp(deadline - 10n);
      await change.vote(state.alice, VOTE.for);
      expect(await state.governor.proposalDeadline(await change.id())).to.equal(
        deadline - 10n + GOVERNOR_RULES.voteExtension,
      );
    });

    describe("attack 1, 2 and 5: by signature", () => {
      const types = {
        Ballot: [
          { name: "proposalId", type: "uint256" },
          { name: "support", type: "uint8" },
          { name: "voter", type: "address" },
          { name: "nonce", type: "uint256" },
        ],
      };
      const cast = async (change: object, domainChange: Partial<TypedDataDomain> = {}, named: object = types) => {
        const { governor, alice } = state;
        const open = proposal(await inflation(100), "by signature");
        await open.propose();
        await open.toVote();
        const domain = { ...(await domainOf(state, "PlatformGovernor", governor)), ...domainChange };
        const message = { proposalId: await open.id(), support: VOTE.for, voter: alice.address, nonce: 0n, ...change };
        const signature = await alice.signTypedData(domain, named as typeof types, message);
        return governor.castVoteBySig(await open.id(), VOTE.for, alice, signature);
      };
      const changes = [
        ["another proposal", { proposalId: 1n }],
        ["another choice", { support: VOTE.against }],
        ["another voter", { voter: ZeroAddress }],
        ["another nonce", { nonce: 1n }],
        ["another chain", {}, { chainId: 1n }],
        ["another contract", {}, { verifyingContract: ZeroAddress }],
        ["another domain", {}, { name: "DVStaking" }],
        ["another type", {}, {}, { Vote: types.Ballot }],
      ] as const;
      for (const [what, change, domain, named] of changes) {
        it(`is refused when signed for ${what}`, async () => {
          await refused(cast(change, domain, named), state.governor, "GovernorInvalidSignature", [state.alice.address]);
        });
      }
      it("counts as signed", async () => {
        await cast({});
        const id_ = await proposal(await inflation(100), "by signature").id();
        expect(await state.governor.hasVoted(id_, state.alice)).to.equal(true);
      });
    });
  });

  describe("attack 27: moving the quorum", () => {
    it("a mass unstake before the snapshot leaves the floor", async () => {
      const { governor, staking, alice, bob } = state;
      await staking.connect(alice).requestUnstake(30_000n * TOKEN);
      await staking.connect(bob).requestUnstake(20_000n * TOKEN);
      await connection.networkHelpers.time.increase(10);
      const now = (await connection.networkHelpers.time.latest()) - 1;
      expect(await staking.getPastTotalSupply(now)).to.equal(10_000n * TOKEN);
      expect(await governor.quorum(now)).to.equal(GOVERNOR_RULES.quorumFloor);
    });

    it("with much staked the part counts", async () => {
      const { governor, staking, alice, token } = state;
      await token.transfer(alice, 1_000_000n * TOKEN);
      await staking.connect(alice).stake(940_000n * TOKEN);
      await connection.networkHelpers.time.increase(10);
      const now = (await connection.networkHelpers.time.latest()) - 1;
      expect(await governor.quorum(now)).to.equal(100_000n * TOKEN);
    });

    it("a change of part or floor during a vote does not reach that vote", async () => {
      const { governor } = state;
      const floor = proposal(await own(call().encodeFunctionData("setQuorumFloor", [900_000n * TOKEN])), "floor");
      const part = proposal(await own(call().encodeFunctionData("updateQuorumNumerator", [5_000])), "part");
      for (const one of [floor, part]) await one.propose();
      await part.toVote();
      for (const one of [floor, part]) await one.vote(state.alice, VOTE.for);
      await part.toResult();
      for (const one of [floor, part]) await one.queue();
      const open = proposal(await inflation(100), "open");
      await open.propose();
      await open.toVote();
      const snapshot = await governor.proposalSnapshot(await open.id());
      const before = await governor.quorum(snapshot);
      await connection.networkHelpers.time.increase(TIMELOCK_DELAY);
      for (const one of [floor, part]) await one.execute();
      expect(await governor.quorum(snapshot)).to.equal(before);
      await connection.networkHelpers.time.increase(10);
      expect(await governor.quorum((await connection.networkHelpers.time.latest()) - 1)).to.equal(900_000n * TOKEN);
    });
  });

  describe("attack 29: copying a proposal", () => {
    it("is refused when the description names its proposer", async () => {
      const { governor, alice, bob } = state;
      const named = proposal(await inflation(100), `mine #proposer=${alice.address}`);
      await refused(named.propose(bob), governor, "GovernorRestrictedProposer", [bob.address]);
      await named.propose(alice);
      expect(await governor.proposalProposer(await named.id())).to.equal(alice.address);
    });
  });

  describe("attack 25: voting and leaving", () => {
    it("a voter's stake is still slashable when the proposal takes effect", async () => {
      const { staking, alice } = state;
      const change = proposal(await inflation(100));
      await change.propose();
      await change.toVote();
      await change.vote(alice, VOTE.for);
      await staking.connect(alice).requestUnstake(30_000n * TOKEN);
      await change.toResult();
      await change.queue();
      await change.toExecution();
      await change.execute();
      await expect(staking.connect(alice).withdraw()).to.be.revertedWithCustomError(staking, "DVStakingLocked");
      await staking.connect(state.admin).slash(alice, 30_000n * TOKEN, id("fault"));
      expect((await staking.unbondingOf(alice))[0]).to.equal(0n);
    });
  });

  describe("messages to remote chains", () => {
    const mode = (callType: string) => `${callType}${"00".repeat(31)}`;
    const relay = async (gateway: string, callType: string) =>
      own(call().encodeFunctionData("relayCrosschain", [gateway, "0x1234", mode(callType), "0xabcd"]));

    it("never run foreign code in the executor's place", async () => {
      const gateway = await connection.ethers.deployContract("RecordingGateway");
      const action = await relay(await gateway.getAddress(), "0xff");
      await refused(enact(connection, state, action, "delegate"), state.governor, "PlatformGovernorDelegateCall", [
        mode("0xff"),
      ]);
    });

    it("go out through the gateway", async () => {
      const gateway = await connection.ethers.deployContract("RecordingGateway");
      const action = await relay(await gateway.getAddress(), "0x00");
      await expect(enact(connection, state, action, "call"))
        .to.emit(gateway, "Sent")
        .withArgs("0x1234", `${mode("0x00")}abcd`);
    });
  });
});

/** The timelock's salt: the governor's address over the hash of the description. */
function saltOf(governor: string, descriptionHash: string): string {
  const salt = BigInt(governor.padEnd(66, "0")) ^ BigInt(descriptionHash);
  return `0x${salt.toString(16).padStart(64, "0")}`;
}
