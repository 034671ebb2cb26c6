import { expect } from "chai";
import { id, type Wallet } from "ethers";

import {
  connect,
  DAY,
  deployStakes,
  ELECTION_RULES,
  enlist,
  packSignatures,
  proofOf,
  refused,
  signingKey,
  signingKeys,
  TABLE_RULES,
  TOKEN,
  type Connection,
  type Stakes,
} from "../../support/contracts/stakes.ts";

const DIGEST = id("a batch");

describe("the committee of the home chain", () => {
  let connection: Connection;
  let stakes: Stakes;
  let keys: Wallet[];
  let nodes: string[];
  const listed = async () => {
    const deployed = await deployStakes(connection);
    const all = signingKeys("member", 5);
    // 100, 200, 300, 400 and 500 tokens, in the order of the keys.
    const accounts = await enlist(connection, deployed, all, (index) => 100n * TOKEN * BigInt(index + 1));
    return { stakes: deployed, keys: all, nodes: accounts };
  };
  const seated = async () => {
    const state = await listed();
    await seat(state.stakes, state.keys);
    return state;
  };
  const load = async (fixture: typeof listed) => {
    ({ stakes, keys, nodes } = await connection.networkHelpers.loadFixture(fixture));
  };
  const addresses = (wallets: readonly Wallet[]) => wallets.map(({ address }) => address);
  const later = (seconds: number | bigint) => connection.networkHelpers.time.increase(seconds);
  const seat = async (on: Stakes, wallets: readonly Wallet[]) => {
    await on.committee.nominate(addresses(wallets));
    await later(ELECTION_RULES.challengeWindow);
    await on.committee.roll();
  };
  const asNode = async (address: string) => stakes.staking.connect(await connection.ethers.getSigner(address));

  before(async () => {
    connection = await connect();
  });

  describe("before its first epoch", () => {
    beforeEach(async () => load(listed));

    it("attack 3: accepts nothing, not even an empty set of signatures", async () => {
      expect(await stakes.committee.hasQuorum(DIGEST, "0x")).to.equal(false);
      expect(await stakes.committee.hasQuorum(DIGEST, packSignatures(DIGEST, keys))).to.equal(false);
      expect(await stakes.committee.tally(DIGEST, packSignatures(DIGEST, keys))).to.deep.equal([0n, 0n, []]);
    });

    it("cannot be rolled without a nomination", async () => {
      await refused(stakes.committee.roll(), stakes.committee, "DVCommitteeWindowOpen", [0n]);
    });

    it("refuses too few and too many seats", async () => {
      const { committee } = stakes;
      await refused(committee.nominate(addresses(keys.slice(0, 2))), committee, "DVCommitteeSeatCount", [2n, 3n, 10n]);
      await committee.setMaxMembers(4);
      await refused(committee.nominate(addresses(keys)), committee, "DVCommitteeSeatCount", [5n, 3n, 4n]);
    });

    it("refuses keys out of order or twice", async () => {
      const { committee } = stakes;
      const [a, b, c] = addresses(keys) as [string, string, string];
      await refused(committee.nominate([b, a, c]), committee, "DVCommitteeUnsorted", [b, a]);
      await refused(committee.nominate([a, b, b]), committee, "DVCommitteeUnsorted", [b, b]);
    });

    it("refuses a key nobody registered, or no longer uses", async () => {
      const { committee, staking } = stakes;
      const unknown = signingKey("nobody");
      const sorted = addresses([...keys.slice(0, 3), unknown]).toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
      await refused(committee.nominate(sorted), committee, "DVCommitteeKeyUnknown", [unknown.address]);
      const next = signingKey("moved on");
      const node = await connection.ethers.getSigner(nodes[0]!);
      await staking.connect(node).setKey(next.address, await proofOf(stakes, next, nodes[0]!));
      await refused(committee.nominate(addresses(keys)), committee, "DVCommitteeKeyUnknown", [keys[0]!.address]);
    });

    it("attack 24: refuses stake that came after the snapshot", async () => {
      const { committee } = stakes;
      const late = signingKey("late");
      await committee.nominate(addresses(keys.slice(0, 3)));
      await enlist(connection, stakes, [late], () => 100_000n * TOKEN);
      const withLate = addresses([...keys, late]).toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
      await refused(committee.nominate(withLate), committee, "DVCommitteeStakeTooSmall", [
        late.address,
        0n,
        ELECTION_RULES.minStake,
      ]);
    });

    it("refuses stake that left after the snapshot", async () => {
      const { committee } = stakes;
      await committee.nominate(addresses(keys.slice(0, 3)));
      await (await asNode(nodes[4]!)).requestUnstake(450n * TOKEN);
      await refused(committee.nominate(addresses(keys)), committee, "DVCommitteeStakeTooSmall", [
        keys[4]!.address,
        50n * TOKEN,
        ELECTION_RULES.minStake,
      ]);
    });

    it("refuses a nomination that is not heavier, and takes one that is", async () => {
      const { committee, stranger } = stakes;
      await committee.nominate(addresses(keys.slice(1, 4)));
      await refused(committee.nominate(addresses(keys.slice(1, 4))), committee, "DVCommitteeNotHeavier", [
        900n * TOKEN,
        900n * TOKEN,
      ]);
      await refused(committee.nominate(addresses(keys.slice(0, 3))), committee, "DVCommitteeNotHeavier", [
        600n * TOKEN,
        900n * TOKEN,
      ]);
      const [, closesAt, snapshotAt] = await committee.nomination();
      await expect(committee.connect(stranger).nominate(addresses(keys)))
        .to.emit(committee, "Nominated")
        .withArgs(1n, stranger.address, 1_500n * TOKEN, closesAt);
      expect(await committee.nomination()).to.deep.equal([1_500n * TOKEN, closesAt, snapshotAt]);
    });

    it("keeps the window open to its last second, then closed until the roll", async () => {
      const { committee } = stakes;
      await committee.nominate(addresses(keys.slice(0, 3)));
      const [, closesAt] = await committee.nomination();
      await refused(committee.roll(), committee, "DVCommitteeWindowOpen", [closesAt]);
      await connection.networkHelpers.time.setNextBlockTimestamp(closesAt);
      await committee.nominate(addresses(keys.slice(0, 4)));
      await connection.networkHelpers.time.setNextBlockTimestamp(closesAt + 1n);
      await refused(committee.nominate(addresses(keys)), committee, "DVCommitteeNominationsClosed", [closesAt]);
      await committee.roll();
      expect(await committee.members()).to.deep.equal(addresses(keys.slice(0, 4)));
      expect(await committee.nomination()).to.deep.equal([0n, 0n, 0n]);
    });

    it("cannot be rolled in the last second of the window, in which a better nomination may still come", async () => {
      const { committee } = stakes;
      await committee.nominate(addresses(keys.slice(0, 3)));
      const [, closesAt] = await committee.nomination();
      await connection.networkHelpers.time.setNextBlockTimestamp(closesAt);
      await refused(committee.roll(), committee, "DVCommitteeWindowOpen", [closesAt]);
    });

    it("seats the winner with its weights", async () => {
      const { committee } = stakes;
      await committee.nominate(addresses(keys));
      await later(ELECTION_RULES.challengeWindow);
      const weights = [100n, 200n, 300n, 400n, 500n].map((n) => n * TOKEN);
      await expect(committee.roll())
        .to.emit(committee, "CommitteeSeated")
        .withArgs(1n, addresses(keys), weights, 1_500n * TOKEN);
      expect(await committee.epoch()).to.equal(1n);
      expect(await committee.epochStart()).to.equal(await connection.networkHelpers.time.latest());
      expect(await committee.totalWeight()).to.equal(1_500n * TOKEN);
      expect(await committee.weightOf(keys[4]!)).to.equal(500n * TOKEN);
    });
  });

  describe("in office", () => {
    beforeEach(async () => load(seated));
    const tally = async (wallets: readonly Wallet[]) => stakes.committee.tally(DIGEST, packSignatures(DIGEST, wallets));
    const quorum = async (wallets: readonly Wallet[], digest = DIGEST) =>
      stakes.committee.hasQuorum(DIGEST, packSignatures(digest, wallets));

    it("adds up who signed", async () => {
      expect(await tally([keys[0]!, keys[4]!])).to.deep.equal([
        600n * TOKEN,
        1_500n * TOKEN,
        addresses([keys[0]!, keys[4]!]),
      ]);
    });

    it("needs enough weight and enough keys", async () => {
      expect(await quorum([keys[2]!, keys[3]!])).to.equal(false);
      expect(await quorum([keys[1]!, keys[2]!, keys[3]!])).to.equal(false);
      expect(await quorum([keys[1]!, keys[3]!, keys[4]!])).to.equal(true);
      await stakes.committee.setQuorum(5_001);
      expect(await quorum([keys[3]!, keys[4]!])).to.equal(false);
      expect(await quorum([keys[0]!, keys[3]!, keys[4]!])).to.equal(true);
    });

    it("counts a quorum at exactly its share", async () => {
      // 1,000 of 1,500 is 6,666.67 basis points.
      await stakes.committee.setQuorum(6_666);
      expect(await quorum([keys[0]!, keys[3]!, keys[4]!])).to.equal(true);
      await stakes.committee.setQuorum(6_667);
      expect(await quorum([keys[0]!, keys[3]!, keys[4]!])).to.equal(false);
      await stakes.committee.setQuorum(10_000);
      expect(await quorum(keys)).to.equal(true);
      expect(await quorum(keys.slice(1))).to.equal(false);
    });

    it("attack 2: does not take signatures of another digest", async () => {
      expect(await quorum(keys, id("another batch"))).to.equal(false);
    });

    describe("attack 3: malformed signatures", () => {
      const blob = () => packSignatures(DIGEST, keys);
      const one = (index: number) => packSignatures(DIGEST, [keys[index]!]).slice(2);
      const rejects = async (sigs: string) => {
        expect(await stakes.committee.tally(DIGEST, sigs)).to.deep.equal([0n, 1_500n * TOKEN, []]);
        expect(await stakes.committee.hasQuorum(DIGEST, sigs)).to.equal(false);
      };

      it("out of order add up to nothing", async () => rejects(`0x${one(1)}${one(0)}${one(2)}${one(3)}${one(4)}`));
      it("twice add up to nothing", async () => rejects(`0x${one(4)}${one(4)}${one(4)}`));
      it("too short or too long add up to nothing", async () => {
        await rejects(blob().slice(0, -2));
        await rejects(`${blob()}00`);
      });
      it("of zeros add up to nothing", async () => {
        await rejects(`0x${"00".repeat(65)}`);
        await rejects(`${blob()}${"00".repeat(65)}`);
      });
      it("with a high s add up to nothing", async () => {
        const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
        const last = one(4);
        const highS = (order - BigInt(`0x${last.slice(64, 128)}`)).toString(16).padStart(64, "0");
        const flipped = last.endsWith("1b") ? "1c" : "1b";
        await rejects(`0x${one(2)}${one(3)}${last.slice(0, 64)}${highS}${flipped}`);
      });
      it("more than 64 add up to nothing", async () => {
        const crowd = signingKeys("crowd", 60);
        await rejects(packSignatures(DIGEST, [...keys, ...crowd]));
      });
      it("of no member add nothing, among 64", async () => {
        const crowd = signingKeys("crowd", 59);
        expect(await tally([...keys, ...crowd])).to.deep.equal([1_500n * TOKEN, 1_500n * TOKEN, addresses(keys)]);
      });
    });

    describe("attack 26: a key that must not count any more", () => {
      it("can be ejected by the guardian only, once", async () => {
        const { committee, guardian, admin } = stakes;
        const key = keys[4]!.address;
        await refused(committee.connect(admin).eject(key), committee, "AccessManagedUnauthorized", [admin.address]);
        await expect(committee.connect(guardian).eject(key)).to.emit(committee, "KeyEjected").withArgs(key);
        await refused(committee.connect(guardian).eject(key), committee, "DVCommitteeKeyEjected", [key]);
      });

      it("weighs nothing at once, and the total stays", async () => {
        const { committee, guardian } = stakes;
        await committee.connect(guardian).eject(keys[4]!.address);
        expect(await tally(keys)).to.deep.equal([1_000n * TOKEN, 1_500n * TOKEN, addresses(keys.slice(0, 4))]);
        expect(await committee.isEjected(keys[4]!)).to.equal(true);
        expect(await committee.weightOf(keys[4]!)).to.equal(0n);
        expect(await quorum(keys)).to.equal(false);
      });

      it("cannot be nominated while ejected", async () => {
        const { committee, guardian } = stakes;
        await committee.connect(guardian).eject(keys[0]!.address);
        await later(ELECTION_RULES.epochLength);
        await refused(committee.nominate(addresses(keys)), committee, "DVCommitteeKeyEjected", [keys[0]!.address]);
      });

      it("comes back only through the timelock", async () => {
        const { committee, guardian } = stakes;
        const key = keys[4]!.address;
        await refused(committee.connect(guardian).reinstate(key), committee, "AccessManagedUnauthorized", [
          guardian.address,
        ]);
        await refused(committee.reinstate(key), committee, "DVCommitteeKeyNotEjected", [key]);
        await committee.connect(guardian).eject(key);
        await expect(committee.reinstate(key)).to.emit(committee, "KeyReinstated").withArgs(key);
        expect(await committee.weightOf(key)).to.equal(500n * TOKEN);
      });

      it("is dismissed by anybody once its stake is below the minimum", async () => {
        const { committee, staking, stranger } = stakes;
        const own = committee.connect(stranger);
        const [key, nobody] = [keys[4]!.address, signingKey("nobody").address];
        await refused(own.dismiss(key), committee, "DVCommitteeNotDismissible", [key]);
        await refused(own.dismiss(nobody), committee, "DVCommitteeNotDismissible", [nobody]);
        await staking.slash(nodes[4]!, 400n * TOKEN, id("fault"));
        await refused(own.dismiss(key), committee, "DVCommitteeNotDismissible", [key]);
        await staking.slash(nodes[4]!, 1n, id("fault"));
        await expect(own.dismiss(key))
          .to.emit(committee, "KeyDismissed")
          .withArgs(key, 100n * TOKEN - 1n);
        expect(await committee.weightOf(key)).to.equal(0n);
        await refused(own.dismiss(key), committee, "DVCommitteeNotDismissible", [key]);
      });
    });

    describe("attack 26: after the next committee is seated", () => {
      const newcomers = () => keys.slice(0, 3);
      const leavers = () => keys.slice(2);
      beforeEach(async () => {
        await later(ELECTION_RULES.epochLength);
        await seat(stakes, newcomers());
      });

      it("the outgoing one counts in the grace period, by itself", async () => {
        expect(await tally(leavers())).to.deep.equal([1_200n * TOKEN, 1_500n * TOKEN, addresses(leavers())]);
        expect(await quorum(leavers())).to.equal(true);
      });

      it("the incoming one counts from the start", async () => {
        expect(await tally(newcomers())).to.deep.equal([600n * TOKEN, 600n * TOKEN, addresses(newcomers())]);
        expect(await quorum(newcomers())).to.equal(true);
      });

      it("the two are never mixed", async () => {
        // By the new table it is 300 of 600, and who left cannot lift it; by the old one it is 800 of 1,500.
        const mixed = [keys[0]!, keys[1]!, keys[4]!];
        expect(await tally(mixed)).to.deep.equal([800n * TOKEN, 1_500n * TOKEN, addresses(mixed)]);
        expect(await quorum(mixed)).to.equal(false);
      });

      it("the outgoing one counts to the last second of grace, not after", async () => {
        const start = await stakes.committee.epochStart();
        await connection.networkHelpers.time.increaseTo(start + TABLE_RULES.grace);
        expect(await quorum(leavers())).to.equal(true);
        await connection.networkHelpers.time.increaseTo(start + TABLE_RULES.grace + 1n);
        expect(await quorum(leavers())).to.equal(false);
        expect(await tally(leavers())).to.deep.equal([300n * TOKEN, 600n * TOKEN, [keys[2]!.address]]);
      });

      it("an ejected key counts in neither", async () => {
        await stakes.committee.connect(stakes.guardian).eject(keys[4]!.address);
        expect(await tally(leavers())).to.deep.equal([300n * TOKEN, 600n * TOKEN, [keys[2]!.address]]);
      });

      it("who sat out one epoch has no weight in it after coming back", async () => {
        await later(ELECTION_RULES.epochLength);
        await seat(stakes, keys);
        const returned = [keys[3]!, keys[4]!];
        expect(await tally(returned)).to.deep.equal([900n * TOKEN, 1_500n * TOKEN, addresses(returned)]);
      });

      it("a committee two epochs old does not come back in the next grace period", async () => {
        await later(ELECTION_RULES.epochLength);
        await seat(stakes, keys);
        await later(ELECTION_RULES.epochLength);
        await seat(stakes, newcomers());
        const before = [keys[3]!, keys[4]!];
        expect(await tally(before)).to.deep.equal([900n * TOKEN, 1_500n * TOKEN, addresses(before)]);
        await later(ELECTION_RULES.epochLength);
        await seat(stakes, newcomers());
        expect((await tally(before))[0]).to.equal(0n);
      });
    });

    it("serves its epoch to the end", async () => {
      const { committee } = stakes;
      const endsAt = (await committee.epochStart()) + ELECTION_RULES.epochLength;
      await connection.networkHelpers.time.setNextBlockTimestamp(endsAt - 1n);
      await refused(committee.nominate(addresses(keys)), committee, "DVCommitteeEpochNotOver", [endsAt]);
      await connection.networkHelpers.time.setNextBlockTimestamp(endsAt);
      await committee.nominate(addresses(keys));
      expect((await committee.nomination())[2]).to.equal(endsAt - 1n);
    });

    it("stops counting when it is stale, to the second", async () => {
      const { committee } = stakes;
      await committee.setStaleAfter(7 * DAY);
      const start = await committee.epochStart();
      await connection.networkHelpers.time.increaseTo(start + 7n * BigInt(DAY));
      expect(await quorum(keys)).to.equal(true);
      await connection.networkHelpers.time.increaseTo(start + 7n * BigInt(DAY) + 1n);
      expect(await tally(keys)).to.deep.equal([0n, 0n, []]);
      expect(await quorum(keys)).to.equal(false);
    });
  });
});
