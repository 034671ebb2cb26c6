import { expect } from "chai";
import type { Wallet } from "ethers";

import {
  connect,
  DAY,
  deployStakes,
  GENESIS,
  INFLATION_BPS,
  proofOf,
  PURSE,
  refused,
  signingKey,
  STAKERS_SHARE_BPS,
  TOKEN,
  YEAR,
  type Connection,
  type Signer,
  type Stakes,
} from "../../support/contracts/stakes.ts";

describe("rewards", () => {
  let connection: Connection;
  let stakes: Stakes;
  const fresh = async () => deployStakes(connection);
  const as = (node: Signer) => stakes.staking.connect(node);
  const at = (timestamp: number | bigint) => connection.networkHelpers.time.setNextBlockTimestamp(timestamp);

  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    stakes = await connection.networkHelpers.loadFixture(fresh);
  });

  it("are the inflation since the stake, all of it, for a single staker", async () => {
    const { staking, token, alice } = stakes;
    await as(alice).stake(PURSE);
    const since = await token.accruedAt();
    await at(since + BigInt(DAY));
    const day = (GENESIS * INFLATION_BPS) / 10_000n / 365n;

    await expect(as(alice).claim()).to.emit(staking, "RewardClaimed").withArgs(alice.address, day);

    expect(await token.balanceOf(alice)).to.equal(day);
    expect(await staking.totalOwed()).to.equal(0n);
  });

  it("are shared by stake and by time", async () => {
    const { staking, token, alice, bob } = stakes;
    await as(alice).stake(300n * TOKEN);
    const since = await token.accruedAt();
    await at(since + 10n * BigInt(DAY));
    await as(bob).stake(100n * TOKEN);
    const tenDays = await token.minted();
    await at(since + 20n * BigInt(DAY));
    await staking.accrue();
    const nextTenDays = (await token.minted()) - tenDays;

    expect(await staking.claimable(alice)).to.be.closeTo(tenDays + (nextTenDays * 3n) / 4n, 1_000n);
    expect(await staking.claimable(bob)).to.be.closeTo(nextTenDays / 4n, 1_000n);
  });

  it("tell everybody how much was minted and where the index is", async () => {
    const { staking, token, alice } = stakes;
    await as(alice).stake(TOKEN);
    await at((await token.accruedAt()) + BigInt(DAY));
    const day = (GENESIS * INFLATION_BPS) / 10_000n / 365n;
    const index = (day * 10n ** 36n) / TOKEN;
    await expect(staking.accrue()).to.emit(staking, "RewardAccrued").withArgs(day, index);
    expect(await staking.rewardIndex()).to.equal(index);
    expect(await staking.totalOwed()).to.equal(day);
  });

  describe("attack 21: rewards and principal are the same token", () => {
    it("the time without stakers is given up, not handed to the first one", async () => {
      const { staking, token, alice } = stakes;
      await at((await token.accruedAt()) + BigInt(YEAR));
      await as(alice).stake(TOKEN);
      await connection.networkHelpers.time.increase(10);
      await as(alice).claim();
      const perSecond = (GENESIS * INFLATION_BPS) / 10_000n / BigInt(YEAR);
      expect(await token.minted()).to.be.at.most(perSecond * 12n);
      expect(await staking.totalStaked()).to.equal(TOKEN);
    });

    it("principal never pays a reward: once everything owed is claimed exactly the principal is left", async () => {
      const { staking, token, alice, bob } = stakes;
      await as(alice).stake(PURSE);
      await as(bob).stake(PURSE / 3n);
      await connection.networkHelpers.time.increase(100 * DAY);
      await as(bob).requestUnstake(PURSE / 3n);
      await as(alice).claim();
      await as(bob).claim();
      const principal = (await staking.totalStaked()) + (await staking.totalUnbonding());
      const dust = (await token.balanceOf(staking)) - principal;
      expect(dust).to.equal(await staking.totalOwed());
    });

    it("accruing in every block loses at most one wei each time", async () => {
      const { staking, token, alice } = stakes;
      await as(alice).stake(TOKEN);
      const since = await token.accruedAt();
      for (let i = 1n; i <= 20n; ++i) {
        await at(since + i);
        await staking.accrue();
      }
      const atOnce = (GENESIS * INFLATION_BPS * 20n) / 10_000n / BigInt(YEAR);
      expect(await token.minted()).to.be.at.least(atOnce - 20n);
      expect(await staking.claimable(alice)).to.be.at.least((await token.minted()) - 20n);
    });
  });

  it("stop, without locking anybody's stake, when the token refuses to mint", async () => {
    const { staking, token, authority, alice } = stakes;
    await as(alice).stake(PURSE);
    await authority.revokeRole(1n, staking);
    await connection.networkHelpers.time.increase(DAY);
    await as(alice).requestUnstake(PURSE);
    await connection.networkHelpers.time.increase(30 * DAY);
    await as(alice).withdraw();
    await as(alice).stake(1n);
    expect(await token.minted()).to.equal(0n);
    expect(await staking.stakeOf(alice)).to.equal(1n);
  });

  describe("fees", () => {
    let keys: [Wallet, Wallet, Wallet];
    beforeEach(async () => {
      keys = [signingKey("fee a"), signingKey("fee b"), signingKey("fee c")];
      for (const [index, node] of [stakes.alice, stakes.bob, stakes.carol].entries()) {
        await as(node).setKey(keys[index]!.address, await proofOf(stakes, keys[index]!, node.address));
      }
      await stakes.token.setInflation(0);
      await stakes.token.approve(stakes.staking, GENESIS);
    });
    const addresses = () => keys.map(({ address }) => address);

    it("of nothing are refused", async () => {
      await refused(stakes.staking.creditFee(addresses(), 0n), stakes.staking, "DVStakingZeroAmount", []);
    });

    it("for nobody, or for too many, are refused", async () => {
      await refused(stakes.staking.creditFee([], 1n), stakes.staking, "DVStakingKeyCount", [0n, 64n]);
      const many = Array.from({ length: 65 }, () => keys[0].address);
      await refused(stakes.staking.creditFee(many, 1n), stakes.staking, "DVStakingKeyCount", [65n, 64n]);
    });

    it("for a key nobody registered are refused", async () => {
      const unknown = signingKey("nobody").address;
      await refused(stakes.staking.creditFee([keys[0].address, unknown], 10n), stakes.staking, "DVStakingUnknownKey", [
        unknown,
      ]);
    });

    it("that the payer does not have are refused", async () => {
      await refused(
        stakes.staking.connect(stakes.stranger).creditFee(addresses(), 10n),
        stakes.token,
        "ERC20InsufficientAllowance",
        [await stakes.staking.getAddress(), 0n, 10n],
      );
    });

    it("go to the signing nodes alone while nobody stakes, the remainder to the first", async () => {
      const { staking, alice, bob, carol, admin } = stakes;
      await expect(staking.creditFee(addresses(), 11n))
        .to.emit(staking, "FeeCredited")
        .withArgs(admin.address, 11n, 0n);
      expect(await Promise.all([alice, bob, carol].map((node) => staking.claimable(node)))).to.deep.equal([5n, 3n, 3n]);
    });

    it("are divided between signing nodes and all stakers", async () => {
      const { staking, token, alice, bob, carol, admin } = stakes;
      await as(carol).stake(PURSE);
      const fee = 1_000n * TOKEN;
      const toStakers = (fee * STAKERS_SHARE_BPS) / 10_000n;
      const payment = staking.creditFee([keys[0].address, keys[1].address], fee);
      await expect(payment)
        .to.emit(staking, "FeeCredited")
        .withArgs(admin.address, fee - toStakers, toStakers);
      const each = (fee - toStakers) / 2n;
      expect(await staking.claimable(alice)).to.equal(each);
      expect(await staking.claimable(bob)).to.equal(each);
      expect(await staking.claimable(carol)).to.equal(toStakers);
      expect(await token.balanceOf(staking)).to.equal(PURSE + (await staking.totalOwed()));
      await expect(as(carol).claim()).to.changeTokenBalance(connection.ethers, token, carol, toStakers);
    });

    it("of 64 keys still fit", async () => {
      await stakes.staking.creditFee(
        Array.from({ length: 64 }, () => keys[0].address),
        64n,
      );
      expect(await stakes.staking.claimable(stakes.alice)).to.equal(64n);
    });

    it("reach a node through a key it no longer uses", async () => {
      const next = signingKey("fee next");
      await as(stakes.alice).setKey(next.address, await proofOf(stakes, next, stakes.alice.address));
      await stakes.staking.creditFee([keys[0].address], 5n);
      expect(await stakes.staking.claimable(stakes.alice)).to.equal(5n);
    });
  });
});
