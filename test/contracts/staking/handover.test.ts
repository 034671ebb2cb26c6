import { expect } from "chai";
import { id, TypedDataEncoder, type Wallet } from "ethers";

import {
  connect,
  domainOf,
  packSignatures,
  refused,
  signingKeys,
  TABLE_RULES,
  type Connection,
  type Signer,
} from "../../support/contracts/stakes.ts";

const HANDOVER = {
  Handover: [
    { name: "epoch", type: "uint32" },
    { name: "keys", type: "address[]" },
    { name: "weights", type: "uint96[]" },
  ],
};
const FIRST_EPOCH = 4n;

describe("the committee of a remote chain", () => {
  let connection: Connection;
  let keys: Wallet[];
  let next: Wallet[];
  const addresses = (wallets: readonly Wallet[]) => wallets.map(({ address }) => address);
  const seats = (wallets: readonly Wallet[]) => wallets.map(({ address }) => ({ key: address, weight: 100n }));
  const make = async (epoch: bigint, wallets: readonly Wallet[]) => {
    const { ethers } = connection;
    const [admin] = (await ethers.getSigners()) as [Signer];
    const authority = await ethers.deployContract("AccessManager", [admin]);
    return ethers.deployContract("RemoteCommittee", [authority, TABLE_RULES, epoch, seats(wallets)]);
  };
  const fresh = async () => {
    const committee = await make(FIRST_EPOCH, keys);
    const { chainId } = await connection.ethers.provider.getNetwork();
    return { committee, chainId };
  };
  let remote: Awaited<ReturnType<typeof fresh>>;

  before(async () => {
    connection = await connect();
    keys = signingKeys("remote", 4);
    next = signingKeys("next", 4);
  });
  beforeEach(async () => {
    remote = await connection.networkHelpers.loadFixture(fresh);
  });

  const weights = [100n, 200n, 300n, 400n];
  const message = { epoch: FIRST_EPOCH + 1n, keys: [] as string[], weights };
  const digestOf = async (change: object = {}, domainChange: object = {}) => {
    const domain = { ...(await domainOf(remote, "DVCommittee", remote.committee)), ...domainChange };
    return TypedDataEncoder.hash(domain, HANDOVER, { ...message, keys: addresses(next), ...change });
  };
  const handover = async (digest: string, signers: readonly Wallet[]) =>
    remote.committee.handover(message.epoch, addresses(next), weights, packSignatures(digest, signers));

  it("refuses to start with epoch 0, or with a bad committee", async () => {
    const { committee } = remote;
    await refused(make(0n, keys), committee, "RemoteCommitteeEpochNotLater", [0n, 0n]);
    await refused(make(1n, keys.slice(0, 2)), committee, "DVCommitteeSeatCount", [2n, 3n, 10n]);
    const [a, b] = addresses(keys) as [string, string];
    await refused(make(1n, [keys[1]!, keys[0]!, keys[2]!]), committee, "DVCommitteeUnsorted", [b, a]);
  });

  it("starts with the committee it was made with", async () => {
    const { committee } = remote;
    expect(await committee.epoch()).to.equal(FIRST_EPOCH);
    expect(await committee.members()).to.deep.equal(addresses(keys));
    expect(await committee.hasQuorum(id("x"), packSignatures(id("x"), keys.slice(1)))).to.equal(true);
  });

  it("refuses an epoch that is not later", async () => {
    const { committee } = remote;
    for (const epoch of [FIRST_EPOCH, FIRST_EPOCH - 1n]) {
      const call = committee.handover(epoch, addresses(next), weights, "0x");
      await refused(call, committee, "RemoteCommitteeEpochNotLater", [epoch, FIRST_EPOCH]);
    }
  });

  it("refuses keys and weights of different numbers", async () => {
    const { committee } = remote;
    const call = committee.handover(message.epoch, addresses(next), [1n], "0x");
    await refused(call, committee, "RemoteCommitteeLengthMismatch", [4n, 1n]);
  });

  it("refuses without a quorum of the committee in office", async () => {
    const digest = await digestOf();
    const none = (signers: readonly Wallet[], weight: bigint) =>
      refused(handover(digest, signers), remote.committee, "RemoteCommitteeNoQuorum", [digest, weight, 400n]);
    await none([], 0n);
    await none(keys.slice(0, 2), 200n);
    await none(next, 0n);
  });

  describe("attack 1 and 5: signatures for another handover", () => {
    const changes = [
      ["another epoch", { epoch: 9n }, {}],
      ["other weights", { weights: [100n, 200n, 300n, 401n] }, {}],
      ["another chain", {}, { chainId: 1n }],
      ["another contract", {}, { verifyingContract: `0x${"11".repeat(20)}` }],
      ["another domain", {}, { name: "NotaryLedger" }],
    ] as const;
    for (const [what, fields, domain] of changes) {
      it(`are refused: ${what}`, async () => {
        const call = handover(await digestOf(fields, domain), keys);
        await expect(call).to.be.revertedWithCustomError(remote.committee, "RemoteCommitteeNoQuorum");
      });
    }
    it("are refused: other keys", async () => {
      const call = handover(await digestOf({ keys: addresses(keys) }), keys);
      await expect(call).to.be.revertedWithCustomError(remote.committee, "RemoteCommitteeNoQuorum");
    });
  });

  it("refuses a committee that breaks the rules, even if it was signed", async () => {
    const { committee } = remote;
    const cases = [
      [addresses(next), [1n, 2n, 0n, 4n], "DVCommitteeZeroWeight", [next[2]!.address]],
      [addresses(next).toReversed(), weights, "DVCommitteeUnsorted", [next[3]!.address, next[2]!.address]],
      [addresses(next).slice(0, 2), [1n, 2n], "DVCommitteeSeatCount", [2n, 3n, 10n]],
    ] as const;
    for (const [badKeys, badWeights, error, values] of cases) {
      const digest = await committee.hashHandover(message.epoch, [...badKeys], [...badWeights]);
      const call = committee.handover(message.epoch, [...badKeys], [...badWeights], packSignatures(digest, keys));
      await refused(call, committee, error, values);
    }
  });

  it("hashes a handover as every EIP-712 library does", async () => {
    expect(await remote.committee.hashHandover(message.epoch, addresses(next), weights)).to.equal(await digestOf());
  });

  it("seats the next committee, once", async () => {
    const { committee } = remote;
    const digest = await digestOf();
    await expect(handover(digest, keys.slice(1)))
      .to.emit(committee, "CommitteeSeated")
      .withArgs(message.epoch, addresses(next), weights, 1_000n);
    expect(await committee.epoch()).to.equal(message.epoch);
    await refused(handover(digest, keys.slice(1)), committee, "RemoteCommitteeEpochNotLater", [
      message.epoch,
      message.epoch,
    ]);
  });

  it("lets the outgoing committee sign in the grace period, but not choose another successor", async () => {
    const { committee } = remote;
    await handover(await digestOf(), keys);
    expect(await committee.hasQuorum(id("x"), packSignatures(id("x"), keys))).to.equal(true);
    const digest = await committee.hashHandover(9n, addresses(keys), weights);
    const call = committee.handover(9n, addresses(keys), weights, packSignatures(digest, keys));
    await refused(call, committee, "RemoteCommitteeNoQuorum", [digest, 0n, 1_000n]);
  });

  it("can skip epochs it never heard of, and be handed over when stale", async () => {
    const { committee } = remote;
    await committee.setStaleAfter(7 * 86_400);
    await connection.networkHelpers.time.increase(8 * 86_400);
    expect(await committee.hasQuorum(id("x"), packSignatures(id("x"), keys))).to.equal(false);
    const digest = await committee.hashHandover(40n, addresses(next), weights);
    await committee.handover(40n, addresses(next), weights, packSignatures(digest, keys));
    expect(await committee.hasQuorum(id("x"), packSignatures(id("x"), next))).to.equal(true);
  });
});
