import { expect } from "chai";
import { MaxUint256, Signature } from "ethers";

import {
  connect,
  DAY,
  deployStakes,
  domainOf,
  GENESIS,
  PURSE,
  refused,
  TOKEN,
  UNBOND_DELAY,
  type Connection,
  type Signer,
  type Stakes,
} from "../../support/contracts/stakes.ts";

const PERMIT = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

describe("staking", () => {
  let connection: Connection;
  let stakes: Stakes;
  const fresh = async () => deployStakes(connection);
  const as = (node: Signer) => stakes.staking.connect(node);
  const later = (seconds: number) => connection.networkHelpers.time.increase(seconds);

  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    stakes = await connection.networkHelpers.loadFixture(fresh);
  });

  describe("refuses", () => {
    it("to stake nothing", async () => {
      await refused(as(stakes.alice).stake(0n), stakes.staking, "DVStakingZeroAmount", []);
      await refused(as(stakes.alice).stakeAndDelegate(0n, stakes.bob), stakes.staking, "DVStakingZeroAmount", []);
    });

    it("to stake what the caller does not have", async () => {
      await refused(as(stakes.alice).stake(PURSE + 1n), stakes.token, "ERC20InsufficientBalance", [
        stakes.alice.address,
        PURSE,
        PURSE + 1n,
      ]);
    });

    it("amounts that do not fit", async () => {
      await refused(as(stakes.alice).stake(2n ** 128n), stakes.staking, "SafeCastOverflowedUintDowncast", [
        128n,
        2n ** 128n,
      ]);
    });

    it("to unstake nothing, or more than is staked", async () => {
      await as(stakes.alice).stake(5n);
      await refused(as(stakes.alice).requestUnstake(0n), stakes.staking, "DVStakingZeroAmount", []);
      await refused(as(stakes.alice).requestUnstake(6n), stakes.staking, "DVStakingTooMuch", [6n, 5n]);
    });

    it("to cancel nothing, or more than is leaving", async () => {
      await as(stakes.alice).stake(5n);
      await as(stakes.alice).requestUnstake(2n);
      await refused(as(stakes.alice).cancelUnstake(0n), stakes.staking, "DVStakingZeroAmount", []);
      await refused(as(stakes.alice).cancelUnstake(3n), stakes.staking, "DVStakingTooMuch", [3n, 2n]);
    });

    it("to withdraw when nothing is leaving", async () => {
      await as(stakes.alice).stake(5n);
      await refused(as(stakes.alice).withdraw(), stakes.staking, "DVStakingNothing", [stakes.alice.address]);
    });

    it("to withdraw until the last second of the delay", async () => {
      await as(stakes.alice).stake(5n);
      await as(stakes.alice).requestUnstake(5n);
      const [, unlockAt] = await stakes.staking.unbondingOf(stakes.alice);
      await connection.networkHelpers.time.setNextBlockTimestamp(unlockAt - 1n);
      await refused(as(stakes.alice).withdraw(), stakes.staking, "DVStakingLocked", [unlockAt]);
      await connection.networkHelpers.time.setNextBlockTimestamp(unlockAt);
      await as(stakes.alice).withdraw();
      expect(await stakes.token.balanceOf(stakes.alice)).to.equal(PURSE);
    });

    it("to claim when there is nothing", async () => {
      await refused(as(stakes.stranger).claim(), stakes.staking, "DVStakingNothing", [stakes.stranger.address]);
    });
  });

  it("takes the tokens and counts them", async () => {
    const { staking, token, alice } = stakes;
    await expect(as(alice).stake(10n)).to.emit(staking, "Staked").withArgs(alice.address, 10n);
    expect(await staking.stakeOf(alice)).to.equal(10n);
    expect(await staking.totalStaked()).to.equal(10n);
    expect(await token.balanceOf(staking)).to.equal(10n);
    expect(await staking.getVotes(alice)).to.equal(0n);
  });

  it("gives the votes of the whole stake to whom it is delegated", async () => {
    const { staking, alice, bob } = stakes;
    await as(alice).stakeAndDelegate(10n, bob);
    await as(alice).stake(5n);
    expect(await staking.getVotes(bob)).to.equal(15n);
    await as(alice).delegate(alice);
    expect([await staking.getVotes(alice), await staking.getVotes(bob)]).to.deep.equal([15n, 0n]);
  });

  it("remembers stakes and votes of every past second", async () => {
    const { staking, alice } = stakes;
    await as(alice).stakeAndDelegate(10n, alice);
    const first = await connection.networkHelpers.time.latest();
    await later(100);
    await as(alice).stake(5n);
    const second = await connection.networkHelpers.time.latest();
    await later(100);
    expect(await staking.getPastBalanceOf(alice, first - 1)).to.equal(0n);
    expect(await staking.getPastBalanceOf(alice, first)).to.equal(10n);
    expect(await staking.getPastBalanceOf(alice, second)).to.equal(15n);
    expect(await staking.getPastVotes(alice, first)).to.equal(10n);
    expect(await staking.getPastTotalSupply(second)).to.equal(15n);
    const now = await connection.networkHelpers.time.latest();
    await refused(staking.getPastBalanceOf(alice, now), staking, "ERC5805FutureLookup", [now, now]);
  });

  it("counts in seconds (ERC-6372)", async () => {
    expect(await stakes.staking.CLOCK_MODE()).to.equal("mode=timestamp");
    expect(await stakes.staking.clock()).to.equal(await connection.networkHelpers.time.latest());
  });

  it("lets stake leave after the delay, without votes or rewards meanwhile", async () => {
    const { staking, token, alice } = stakes;
    await as(alice).stakeAndDelegate(10n * TOKEN, alice);
    await as(alice).requestUnstake(10n * TOKEN);
    const owed = await staking.claimable(alice);
    const unlockAt = (await connection.networkHelpers.time.latest()) + UNBOND_DELAY;
    expect(await staking.unbondingOf(alice)).to.deep.equal([10n * TOKEN, BigInt(unlockAt)]);
    expect(await staking.getVotes(alice)).to.equal(0n);
    expect(await staking.totalUnbonding()).to.equal(10n * TOKEN);
    await later(UNBOND_DELAY);
    await expect(as(alice).withdraw())
      .to.emit(staking, "Withdrawn")
      .withArgs(alice.address, 10n * TOKEN);
    expect(await token.balanceOf(alice)).to.equal(PURSE);
    expect(await staking.claimable(alice)).to.equal(owed);
    expect(await staking.totalUnbonding()).to.equal(0n);
  });

  it("merges a second request and starts the delay of both again", async () => {
    const { staking, alice } = stakes;
    await as(alice).stake(10n);
    await as(alice).requestUnstake(4n);
    await later(UNBOND_DELAY - 10);
    await expect(as(alice).requestUnstake(3n)).to.emit(staking, "UnstakeRequested");
    const [amount, unlockAt] = await staking.unbondingOf(alice);
    expect(amount).to.equal(7n);
    expect(unlockAt).to.equal(BigInt((await connection.networkHelpers.time.latest()) + UNBOND_DELAY));
    await later(DAY);
    await refused(as(alice).withdraw(), staking, "DVStakingLocked", [unlockAt]);
  });

  it("takes leaving stake back, with its votes", async () => {
    const { staking, alice } = stakes;
    await as(alice).stakeAndDelegate(10n, alice);
    await as(alice).requestUnstake(6n);
    await expect(as(alice).cancelUnstake(4n)).to.emit(staking, "UnstakeCancelled").withArgs(alice.address, 4n);
    expect(await staking.stakeOf(alice)).to.equal(8n);
    expect(await staking.getVotes(alice)).to.equal(8n);
    expect((await staking.unbondingOf(alice))[0]).to.equal(2n);
    expect(await staking.totalUnbonding()).to.equal(2n);
  });

  describe("with a permit", () => {
    async function permitOf(value: bigint) {
      const { token, alice, staking } = stakes;
      await token.connect(alice).approve(staking, 0n);
      const message = {
        owner: alice.address,
        spender: await staking.getAddress(),
        value,
        nonce: await token.nonces(alice),
        deadline: MaxUint256,
      };
      return Signature.from(
        await alice.signTypedData(await domainOf(stakes, "Platform Token", token), PERMIT, message),
      );
    }

    it("refuses when the permit is for another amount", async () => {
      const { v, r, s } = await permitOf(9n);
      await refused(
        as(stakes.alice).stakeWithPermit(10n, MaxUint256, v, r, s),
        stakes.token,
        "ERC20InsufficientAllowance",
        [await stakes.staking.getAddress(), 0n, 10n],
      );
    });

    it("stakes without an earlier approval", async () => {
      const { v, r, s } = await permitOf(10n);
      await as(stakes.alice).stakeWithPermit(10n, MaxUint256, v, r, s);
      expect(await stakes.staking.stakeOf(stakes.alice)).to.equal(10n);
    });

    it("is not blocked by somebody who submits the permit first", async () => {
      const { v, r, s } = await permitOf(10n);
      await stakes.token.connect(stakes.stranger).permit(stakes.alice, stakes.staking, 10n, MaxUint256, v, r, s);
      await as(stakes.alice).stakeWithPermit(10n, MaxUint256, v, r, s);
      expect(await stakes.staking.stakeOf(stakes.alice)).to.equal(10n);
    });
  });

  describe("attack 23: delegating while staking", () => {
    it("does not count the new stake twice", async () => {
      await as(stakes.alice).stakeAndDelegate(100n, stakes.alice);
      expect(await stakes.staking.getVotes(stakes.alice)).to.equal(100n);
      await as(stakes.alice).stakeAndDelegate(50n, stakes.bob);
      expect(await stakes.staking.getVotes(stakes.alice)).to.equal(0n);
      expect(await stakes.staking.getVotes(stakes.bob)).to.equal(150n);
    });
  });

  describe("attack 24: borrowing tokens for one transaction", () => {
    it("gives no votes at the second before, and the stake cannot leave in the same transaction", async () => {
      const { staking, alice } = stakes;
      await as(alice).stakeAndDelegate(PURSE, alice);
      const now = await connection.networkHelpers.time.latest();
      await later(1);
      expect(await staking.getPastVotes(alice, now - 1)).to.equal(0n);
      await as(alice).requestUnstake(PURSE);
      await expect(as(alice).withdraw()).to.be.revertedWithCustomError(staking, "DVStakingLocked");
    });
  });

  describe("attack 22: amounts at the edges", () => {
    it("survives one wei staked before the whole supply's worth of rewards", async () => {
      const { staking, alice, token, admin } = stakes;
      await as(alice).setKey(stakes.alice.address, await selfProof(stakes, stakes.alice));
      await as(alice).stake(1n);
      const fee = GENESIS / 2n;
      await token.approve(staking, fee);
      await staking.connect(admin).creditFee([alice.address], fee);
      await as(stakes.bob).stake(PURSE);
      await as(alice).claim();
      await later(DAY);
      await as(stakes.bob).claim();
      const held = (await staking.totalStaked()) + (await staking.totalUnbonding()) + (await staking.totalOwed());
      expect(await token.balanceOf(staking)).to.equal(held);
    });
  });

  describe("attack 15: a token that calls back", () => {
    const calls = ["stake", "requestUnstake", "cancelUnstake", "withdraw", "claim", "accrue"] as const;
    for (const name of calls) {
      it(`cannot re-enter ${name} while staking`, async () => {
        const { ethers } = connection;
        const token = await ethers.deployContract("CallingToken");
        const staking = await ethers.deployContract("DVStaking", [stakes.authority, token, DAY, DAY, 0, 100]);
        await token.getFunction("mint")(stakes.alice, 100n);
        await stakes.token
          .attach(await token.getAddress())
          .connect(stakes.alice)
          .getFunction("approve")(staking, MaxUint256);
        const nullary: readonly string[] = ["withdraw", "claim", "accrue"];
        const call = staking.interface.encodeFunctionData(
          name as "stake",
          (nullary.includes(name) ? [] : [1n]) as [bigint],
        );
        await token.getFunction("arm")(staking, call);
        await refused(staking.connect(stakes.alice).stake(1n), staking, "ReentrancyGuardReentrantCall", []);
      });
    }
  });
});

/** A node may use its own account as signing key. */
async function selfProof(stakes: Stakes, node: Signer): Promise<string> {
  const domain = await domainOf(stakes, "DVStaking", stakes.staking);
  const types = { NodeKey: ["node", "key"].map((name) => ({ name, type: "address" })) };
  return node.signTypedData(domain, types, { node: node.address, key: node.address });
}
