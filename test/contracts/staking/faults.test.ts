import { expect } from "chai";
import { encodeBytes32String, id, ZeroAddress, type TypedDataDomain, type Wallet } from "ethers";

import {
  connect,
  DAY,
  deployStakes,
  domainOf,
  EQUIVOCATION_BPS,
  proofOf,
  PURSE,
  refused,
  signingKey,
  STAKERS_SHARE_BPS,
  UNBOND_DELAY,
  type Connection,
  type Signer,
  type Stakes,
} from "../../support/contracts/stakes.ts";

const REASON = id("a reason");

describe("signing keys, faults and rules of the stakes", () => {
  let connection: Connection;
  let stakes: Stakes;
  let key: Wallet;
  const fresh = async () => deployStakes(connection);
  const as = (node: Signer) => stakes.staking.connect(node);

  before(async () => {
    connection = await connect();
    key = signingKey("alice");
  });
  beforeEach(async () => {
    stakes = await connection.networkHelpers.loadFixture(fresh);
  });

  describe("attack 1 and 5: the proof of a signing key", () => {
    const types = { NodeKey: ["node", "key"].map((name) => ({ name, type: "address" })) };
    async function tried(change: Partial<TypedDataDomain>, fields: object = {}, named = types) {
      const domain = { ...(await domainOf(stakes, "DVStaking", stakes.staking)), ...change };
      const message = { node: stakes.alice.address, key: key.address, ...fields };
      return as(stakes.alice).setKey(key.address, await key.signTypedData(domain, named, message));
    }
    const bad = async (call: Promise<unknown>) =>
      refused(call, stakes.staking, "DVStakingBadProof", [key.address, stakes.alice.address]);

    it("is refused for another chain, contract or domain", async () => {
      await bad(tried({ chainId: 1n }));
      await bad(tried({ verifyingContract: ZeroAddress }));
      await bad(tried({ name: "DVCommittee" }));
      await bad(tried({ version: "2" }));
    });

    it("is refused when any field differs", async () => {
      await bad(tried({}, { node: stakes.bob.address }));
      await bad(tried({}, { key: stakes.bob.address }));
    });

    it("is refused for another type", async () => {
      await bad(tried({}, {}, { Delegation: types.NodeKey } as never));
    });

    it("attack 3: is refused malformed, too long, too short or empty", async () => {
      const proof = await proofOf(stakes, key, stakes.alice.address);
      for (const blob of [`${proof}00`, proof.slice(0, -2), "0x", `0x${"00".repeat(65)}`]) {
        await bad(as(stakes.alice).setKey(key.address, blob));
      }
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const highS = (order - BigInt(`0x${proof.slice(66, 130)}`)).toString(16).padStart(64, "0");
      const flipped = proof.endsWith("1b") ? "1c" : "1b";
      await bad(as(stakes.alice).setKey(key.address, proof.slice(0, 66) + highS + flipped));
    });

    it("is refused for the zero key", async () => {
      await refused(
        as(stakes.alice).setKey(ZeroAddress, `0x${"00".repeat(65)}`),
        stakes.staking,
        "DVStakingRuleUnchanged",
        [encodeBytes32String("key"), 0n],
      );
    });
  });

  describe("a signing key", () => {
    it("of another node is refused, even when that node has moved on", async () => {
      await as(stakes.bob).setKey(key.address, await proofOf(stakes, key, stakes.bob.address));
      const proof = await proofOf(stakes, key, stakes.alice.address);
      const taken = [key.address, stakes.bob.address];
      await refused(as(stakes.alice).setKey(key.address, proof), stakes.staking, "DVStakingKeyTaken", taken);
      const next = signingKey("bob next");
      await as(stakes.bob).setKey(next.address, await proofOf(stakes, next, stakes.bob.address));
      await refused(as(stakes.alice).setKey(key.address, proof), stakes.staking, "DVStakingKeyTaken", taken);
    });

    it("set twice is refused", async () => {
      const proof = await proofOf(stakes, key, stakes.alice.address);
      await as(stakes.alice).setKey(key.address, proof);
      await refused(as(stakes.alice).setKey(key.address, proof), stakes.staking, "DVStakingRuleUnchanged", [
        encodeBytes32String("key"),
        BigInt(key.address),
      ]);
    });

    it("is kept for its node for ever, and may be returned to", async () => {
      const { staking, alice } = stakes;
      const next = signingKey("alice next");
      await expect(as(alice).setKey(key.address, await proofOf(stakes, key, alice.address)))
        .to.emit(staking, "KeySet")
        .withArgs(alice.address, key.address, ZeroAddress);
      await expect(as(alice).setKey(next.address, await proofOf(stakes, next, alice.address)))
        .to.emit(staking, "KeySet")
        .withArgs(alice.address, next.address, key.address);
      expect(await staking.nodeOf(key)).to.equal(alice.address);
      expect(await staking.keyOf(alice)).to.equal(next.address);
      await as(alice).setKey(key.address, await proofOf(stakes, key, alice.address));
      expect(await staking.keyOf(alice)).to.equal(key.address);
    });
  });

  describe("a slash", () => {
    it("is refused for everybody but the timelock", async () => {
      const { staking, stranger, alice } = stakes;
      await refused(as(stranger).slash(alice, 1n, REASON), staking, "AccessManagedUnauthorized", [stranger.address]);
    });

    it("of a node without stake is refused", async () => {
      await refused(stakes.staking.slash(stakes.alice, 1n, REASON), stakes.staking, "DVStakingNothing", [
        stakes.alice.address,
      ]);
    });

    it("burns stake, and with it votes", async () => {
      const { staking, token, alice } = stakes;
      await as(alice).stakeAndDelegate(10n, alice);
      await token.setInflation(0);
      const supply = await token.totalSupply();
      await expect(staking.slash(alice, 4n, REASON))
        .to.emit(staking, "Slashed")
        .withArgs(alice.address, 4n, REASON, ZeroAddress);
      expect(await staking.stakeOf(alice)).to.equal(6n);
      expect(await staking.totalStaked()).to.equal(6n);
      expect(await staking.getVotes(alice)).to.equal(6n);
      expect((await token.totalSupply()) < supply + 10n ** 30n).to.equal(true);
      expect(await token.balanceOf(staking)).to.equal(6n + (await staking.totalOwed()));
    });

    it("goes to the sink when there is one", async () => {
      const { staking, token, alice, carol } = stakes;
      await as(alice).stake(10n);
      await staking.setSlashSink(carol);
      await expect(staking.slash(alice, 4n, REASON))
        .to.emit(staking, "Slashed")
        .withArgs(alice.address, 4n, REASON, carol.address);
      expect(await token.balanceOf(carol)).to.equal(PURSE + 4n);
    });

    it("leaves the rewards earned before", async () => {
      const { staking, alice } = stakes;
      await as(alice).stake(PURSE);
      await connection.networkHelpers.time.increase(DAY);
      await staking.slash(alice, PURSE, REASON);
      const owed = await staking.claimable(alice);
      expect(owed).to.be.greaterThan(0n);
      await connection.networkHelpers.time.increase(DAY);
      expect(await staking.claimable(alice)).to.equal(owed);
    });

    describe("attack 25: leaving after the fault", () => {
      beforeEach(async () => {
        await as(stakes.alice).stakeAndDelegate(10n, stakes.alice);
        await as(stakes.alice).requestUnstake(7n);
      });

      it("leaving stake is still reached, after the active stake", async () => {
        const { staking, alice } = stakes;
        await staking.slash(alice, 5n, REASON);
        expect(await staking.stakeOf(alice)).to.equal(0n);
        expect((await staking.unbondingOf(alice))[0]).to.equal(5n);
        expect(await staking.totalUnbonding()).to.equal(5n);
      });

      it("active stake is taken first", async () => {
        const { staking, alice } = stakes;
        await staking.slash(alice, 2n, REASON);
        expect(await staking.stakeOf(alice)).to.equal(1n);
        expect((await staking.unbondingOf(alice))[0]).to.equal(7n);
      });

      it("more than there is takes all there is", async () => {
        const { staking, alice } = stakes;
        const slashed = staking.slash(alice, 1_000n, REASON);
        await expect(slashed).to.emit(staking, "Slashed").withArgs(alice.address, 10n, REASON, ZeroAddress);
        await connection.networkHelpers.time.increase(UNBOND_DELAY);
        await refused(as(alice).withdraw(), staking, "DVStakingNothing", [alice.address]);
      });

      it("a new request does not shake a slash off", async () => {
        const { staking, alice, token } = stakes;
        await staking.slash(alice, 5n, REASON);
        await as(alice).stake(3n);
        await as(alice).requestUnstake(3n);
        await connection.networkHelpers.time.increase(UNBOND_DELAY);
        await as(alice).withdraw();
        expect(await token.balanceOf(alice)).to.equal(PURSE - 5n);
      });

      it("stake that left in time is out of reach", async () => {
        const { staking, alice } = stakes;
        await connection.networkHelpers.time.increase(UNBOND_DELAY);
        await as(alice).withdraw();
        await expect(staking.slash(alice, 1_000n, REASON))
          .to.emit(staking, "Slashed")
          .withArgs(alice.address, 3n, REASON, ZeroAddress);
      });
    });
  });

  describe("attack 9: signing two headers for one place", () => {
    const evidence = id("partition and sequence");
    beforeEach(async () => {
      await as(stakes.alice).setKey(key.address, await proofOf(stakes, key, stakes.alice.address));
    });
    const prove = (which: string, what = evidence) => as(stakes.ledger).proveEquivocation(which, what);

    it("can be proven by the ledger only", async () => {
      const { staking, admin } = stakes;
      await refused(as(admin).proveEquivocation(key, evidence), staking, "AccessManagedUnauthorized", [admin.address]);
    });

    it("of a key nobody registered is refused", async () => {
      const unknown = signingKey("nobody").address;
      await refused(prove(unknown), stakes.staking, "DVStakingUnknownKey", [unknown]);
    });

    it("of a node with nothing left is refused, and can be proven again later", async () => {
      await refused(prove(key.address), stakes.staking, "DVStakingNothing", [stakes.alice.address]);
      await as(stakes.alice).stake(10n);
      await prove(key.address);
      expect(await stakes.staking.stakeOf(stakes.alice)).to.equal(5n);
    });

    it("costs the penalty, rounded against the node, once for each evidence", async () => {
      const { staking, alice } = stakes;
      await as(alice).stake(11n);
      await as(alice).requestUnstake(4n);
      await expect(prove(key.address)).to.emit(staking, "Slashed").withArgs(alice.address, 6n, evidence, ZeroAddress);
      expect(await staking.stakeOf(alice)).to.equal(1n);
      await refused(prove(key.address), staking, "DVStakingEvidenceUsed", [alice.address, evidence]);
      await prove(key.address, id("another place"));
      expect(await staking.stakeOf(alice)).to.equal(0n);
    });

    it("reaches the node through a key it no longer uses", async () => {
      const { staking, alice } = stakes;
      await as(alice).stake(10n);
      const next = signingKey("alice next");
      await as(alice).setKey(next.address, await proofOf(stakes, next, alice.address));
      await prove(key.address);
      expect(await staking.stakeOf(alice)).to.equal(5n);
      await refused(prove(next.address), staking, "DVStakingEvidenceUsed", [alice.address, evidence]);
    });
  });

  describe("rules", () => {
    it("change for the timelock only", async () => {
      const own = as(stakes.stranger);
      const calls = [
        () => own.setUnbondDelay(1),
        () => own.setStakersShare(1),
        () => own.setEquivocationPenalty(1),
        () => own.setSlashSink(ZeroAddress),
      ];
      for (const call of calls) {
        await refused(call(), stakes.staking, "AccessManagedUnauthorized", [stakes.stranger.address]);
      }
    });

    it("stay within their bounds", async () => {
      const { staking } = stakes;
      const outOfBounds = (call: Promise<unknown>, rule: string, ...values: (number | bigint)[]) =>
        refused(call, staking, "DVStakingRuleOutOfBounds", [encodeBytes32String(rule), ...values]);
      await outOfBounds(
        staking.setUnbondDelay(UNBOND_DELAY - 1),
        "unbondDelay",
        UNBOND_DELAY - 1,
        UNBOND_DELAY,
        90 * DAY,
      );
      await outOfBounds(staking.setUnbondDelay(90 * DAY + 1), "unbondDelay", 90 * DAY + 1, UNBOND_DELAY, 90 * DAY);
      await outOfBounds(staking.setStakersShare(10_001), "stakersShareBps", 10_001, 0, 10_000);
      await outOfBounds(staking.setEquivocationPenalty(99), "equivocationBps", 99, 100, 10_000);
      await outOfBounds(staking.setEquivocationPenalty(10_001), "equivocationBps", 10_001, 100, 10_000);
    });

    it("refuse the value they have", async () => {
      const { staking } = stakes;
      const unchanged = (call: Promise<unknown>, rule: string, value: number | bigint) =>
        refused(call, staking, "DVStakingRuleUnchanged", [encodeBytes32String(rule), value]);
      await unchanged(staking.setUnbondDelay(UNBOND_DELAY), "unbondDelay", UNBOND_DELAY);
      await unchanged(staking.setStakersShare(STAKERS_SHARE_BPS), "stakersShareBps", STAKERS_SHARE_BPS);
      await unchanged(staking.setEquivocationPenalty(EQUIVOCATION_BPS), "equivocationBps", EQUIVOCATION_BPS);
      await unchanged(staking.setSlashSink(ZeroAddress), "slashSink", 0n);
    });

    it("are told when they change", async () => {
      const { staking, carol } = stakes;
      const told = (call: Promise<unknown>, rule: string, before: number | bigint, after: number | bigint) =>
        expect(call).to.emit(staking, "RuleSet").withArgs(encodeBytes32String(rule), before, after);
      await told(staking.setUnbondDelay(90 * DAY), "unbondDelay", UNBOND_DELAY, 90 * DAY);
      await told(staking.setStakersShare(10_000), "stakersShareBps", STAKERS_SHARE_BPS, 10_000);
      await told(staking.setEquivocationPenalty(100), "equivocationBps", EQUIVOCATION_BPS, 100);
      await told(staking.setSlashSink(carol), "slashSink", 0n, BigInt(carol.address));
      expect(await staking.rules()).to.deep.equal([
        90n * BigInt(DAY),
        BigInt(UNBOND_DELAY),
        10_000n,
        100n,
        carol.address,
      ]);
    });

    it("of the delay do not touch a request already made", async () => {
      const { staking, alice } = stakes;
      await as(alice).stake(10n);
      await as(alice).requestUnstake(10n);
      const [, unlockAt] = await staking.unbondingOf(alice);
      await staking.setUnbondDelay(90 * DAY);
      expect((await staking.unbondingOf(alice))[1]).to.equal(unlockAt);
    });

    it("must be within bounds from the start", async () => {
      const { staking, authority, token } = stakes;
      const make = (min: number, delay: number, share: number, penalty: number) =>
        connection.ethers.deployContract("DVStaking", [authority, token, min, delay, share, penalty]);
      const bad = (call: Promise<unknown>, rule: string, ...values: number[]) =>
        refused(call, staking, "DVStakingRuleOutOfBounds", [encodeBytes32String(rule), ...values]);
      await bad(make(0, DAY, 0, 100), "unbondDelayMin", 0, 1, 90 * DAY);
      await bad(make(91 * DAY, DAY, 0, 100), "unbondDelayMin", 91 * DAY, 1, 90 * DAY);
      await bad(make(DAY, DAY - 1, 0, 100), "unbondDelay", DAY - 1, DAY, 90 * DAY);
      await bad(make(DAY, DAY, 10_001, 100), "stakersShareBps", 10_001, 0, 10_000);
      await bad(make(DAY, DAY, 0, 99), "equivocationBps", 99, 100, 10_000);
    });
  });
});
