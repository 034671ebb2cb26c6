import { expect } from "chai";
import { encodeBytes32String as rule } from "ethers";

import {
  connect,
  DAY,
  deployStakes,
  ELECTION_RULES,
  enlist,
  refused,
  signingKeys,
  TABLE_RULES,
  TOKEN,
  type Connection,
  type Stakes,
} from "../../support/contracts/stakes.ts";

describe("the rules of the committee", () => {
  let connection: Connection;
  let stakes: Stakes;
  const fresh = async () => deployStakes(connection);

  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    stakes = await connection.networkHelpers.loadFixture(fresh);
  });

  it("change for the timelock only", async () => {
    const { committee, stranger } = stakes;
    const own = committee.connect(stranger);
    const calls = [
      () => own.setQuorum(1),
      () => own.setMinSigners(1),
      () => own.setMaxMembers(1),
      () => own.setGrace(1),
      () => own.setStaleAfter(1),
      () => own.setMinStake(1),
      () => own.setEpochLength(1),
      () => own.setChallengeWindow(1),
    ];
    for (const call of calls) await refused(call(), committee, "AccessManagedUnauthorized", [stranger.address]);
  });

  it("stay within their bounds", async () => {
    const { committee } = stakes;
    const bad = (call: Promise<unknown>, name: string, ...values: (number | bigint)[]) =>
      refused(call, committee, "DVCommitteeRuleOutOfBounds", [rule(name), ...values]);
    await bad(committee.setQuorum(5_000), "quorumBps", 5_000, 5_001, 10_000);
    await bad(committee.setQuorum(10_001), "quorumBps", 10_001, 5_001, 10_000);
    await bad(committee.setMinSigners(2), "minSigners", 2, 3, 10);
    await bad(committee.setMinSigners(11), "minSigners", 11, 3, 10);
    await bad(committee.setMaxMembers(2), "maxMembers", 2, 3, 64);
    await bad(committee.setMaxMembers(65), "maxMembers", 65, 3, 64);
    await bad(committee.setGrace(7 * DAY + 1), "grace", 7 * DAY + 1, 0, 7 * DAY);
    await bad(committee.setStaleAfter(7 * DAY - 1), "staleAfter", 7 * DAY - 1, 7 * DAY, 365 * DAY);
    await bad(committee.setStaleAfter(365 * DAY + 1), "staleAfter", 365 * DAY + 1, 7 * DAY, 365 * DAY);
    await bad(committee.setMinStake(0), "minStake", 0, 1, 2n ** 96n - 1n);
    await bad(committee.setEpochLength(3_599), "epochLength", 3_599, 3_600, 30 * DAY);
    await bad(committee.setEpochLength(30 * DAY + 1), "epochLength", 30 * DAY + 1, 3_600, 30 * DAY);
    await bad(committee.setChallengeWindow(599), "challengeWindow", 599, 600, 7 * DAY);
    await bad(committee.setChallengeWindow(7 * DAY + 1), "challengeWindow", 7 * DAY + 1, 600, 7 * DAY);
  });

  it("refuse the value they have", async () => {
    const { committee } = stakes;
    await refused(committee.setQuorum(6_667), committee, "DVCommitteeRuleUnchanged", [rule("quorumBps"), 6_667n]);
  });

  it("are told when they change", async () => {
    const { committee } = stakes;
    const told = (call: Promise<unknown>, name: string, old: number | bigint, fresh: number | bigint) =>
      expect(call).to.emit(committee, "RuleSet").withArgs(rule(name), old, fresh);
    await told(committee.setQuorum(10_000), "quorumBps", 6_667, 10_000);
    await told(committee.setMaxMembers(64), "maxMembers", 10, 64);
    await told(committee.setMinSigners(64), "minSigners", 3, 64);
    await told(committee.setGrace(0), "grace", 3_600, 0);
    await told(committee.setStaleAfter(365 * DAY), "staleAfter", 0, 365 * DAY);
    await told(committee.setStaleAfter(0), "staleAfter", 365 * DAY, 0);
    await told(committee.setMinStake(1), "minStake", ELECTION_RULES.minStake, 1);
    await told(committee.setEpochLength(30 * DAY), "epochLength", DAY, 30 * DAY);
    await told(committee.setChallengeWindow(600), "challengeWindow", 3_600, 600);
    expect(await committee.rules()).to.deep.equal([10_000n, 64n, 64n, 0n, 0n]);
    expect(await committee.electionRules()).to.deep.equal([1n, 30n * BigInt(DAY), 600n, 600n]);
    expect(await committee.staking()).to.equal(await stakes.staking.getAddress());
  });

  it("must be within bounds from the start", async () => {
    const { committee, authority, staking } = stakes;
    const make = (table: object, election: object) =>
      connection.ethers.deployContract("DVCommittee", [
        authority,
        staking,
        { ...TABLE_RULES, ...table },
        { ...ELECTION_RULES, ...election },
      ]);
    const bad = (call: Promise<unknown>, name: string, ...values: (number | bigint)[]) =>
      refused(call, committee, "DVCommitteeRuleOutOfBounds", [rule(name), ...values]);
    await bad(make({ quorumBps: 5_000n }, {}), "quorumBps", 5_000, 5_001, 10_000);
    await bad(make({ maxMembers: 65n }, {}), "maxMembers", 65, 3, 64);
    await bad(make({ minSigners: 11n }, {}), "minSigners", 11, 3, 10);
    await bad(make({ grace: 7n * 86_400n + 1n }, {}), "grace", 604_801, 0, 604_800);
    await bad(make({ staleAfter: 1n }, {}), "staleAfter", 1, 604_800, 365 * DAY);
    await bad(make({}, { minStake: 0n }), "minStake", 0, 1, 2n ** 96n - 1n);
    await bad(make({}, { epochLength: 1n }), "epochLength", 1, 3_600, 30 * DAY);
    await bad(make({}, { challengeWindow: 599n }), "challengeWindow", 599, 600, 604_800);
    await bad(make({}, { challengeWindowMin: 604_801n }), "challengeWindowMin", 604_801, 0, 604_800);
  });

  it("with a window of no length seat the first nomination at once", async () => {
    const { authority, staking } = stakes;
    const election = { ...ELECTION_RULES, challengeWindow: 0n, challengeWindowMin: 0n };
    const committee = await connection.ethers.deployContract("DVCommittee", [
      authority,
      staking,
      TABLE_RULES,
      election,
    ]);
    const keys = signingKeys("member", 3);
    await enlist(connection, stakes, keys, () => 100n * TOKEN);
    const { provider } = connection.ethers;
    await provider.send("evm_setAutomine", [false]);
    const nominated = await committee.nominate(
      keys.map(({ address }) => address),
      { gasLimit: 1_000_000n },
    );
    const rolled = await committee.roll({ gasLimit: 1_000_000n });
    await connection.networkHelpers.mine();
    await provider.send("evm_setAutomine", [true]);
    expect((await rolled.wait())?.blockNumber).to.equal((await nominated.wait())?.blockNumber);
    expect(await committee.epoch()).to.equal(1n);
  });
});
