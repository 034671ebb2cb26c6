import { expect } from "chai";
import { Signature } from "ethers";

import {
  connect,
  DAY,
  deployStakes,
  domainOf,
  GENESIS,
  INFLATION_BPS,
  INFLATION_BPS_MAX,
  MINT_CAP,
  refused,
  TOKEN,
  YEAR,
  type Connection,
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
const MINTER_ROLE = 1n;

describe("the platform token", () => {
  let connection: Connection;
  let stakes: Stakes;
  const fresh = async () => deployStakes(connection);
  const deploy = (supply: bigint, cap: bigint, bpsMax: bigint, bps: bigint) =>
    connection.ethers.deployContract("PlatformToken", [stakes.authority, stakes.admin, supply, cap, bpsMax, bps]);

  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    stakes = await connection.networkHelpers.loadFixture(fresh);
  });

  /** Makes alice the minter, so that minting can be watched without stakes. */
  async function minter() {
    await stakes.authority.grantRole(MINTER_ROLE, stakes.alice, 0);
    return stakes.token.connect(stakes.alice);
  }
  const at = (timestamp: number) => connection.networkHelpers.time.setNextBlockTimestamp(timestamp);

  it("refuses to be made with a maximum rate above 1,000 basis points", async () => {
    await refused(deploy(1n, 0n, 1_001n, 0n), stakes.token, "PlatformTokenInflationTooHigh", [1_001n, 1_000n]);
  });

  it("refuses to be made with a rate above its maximum", async () => {
    await refused(deploy(1n, 0n, 300n, 301n), stakes.token, "PlatformTokenInflationTooHigh", [301n, 300n]);
  });

  it("refuses to be made with a supply that could outgrow 96 bits", async () => {
    const max = 2n ** 96n - 1n;
    await refused(deploy(max, 1n, 0n, 0n), stakes.token, "PlatformTokenSupplyTooLarge", [max + 1n, max]);
    await refused(deploy(max + 1n, 0n, 0n, 0n), stakes.token, "PlatformTokenSupplyTooLarge", [max + 1n, max]);
    await refused(deploy(2n, 2n ** 256n - 1n, 0n, 0n), stakes.token, "PlatformTokenSupplyTooLarge", [
      2n ** 256n - 1n,
      max,
    ]);
    const full = await deploy(max, 0n, 0n, 0n);
    expect(await full.totalSupply()).to.equal(max);
  });

  it("refuses to mint, skip or change the rate for anybody without the role", async () => {
    const { token, stranger } = stakes;
    const own = token.connect(stranger);
    await refused(own.mintInflation(stranger), token, "AccessManagedUnauthorized", [stranger.address]);
    await refused(own.skipInflation(), token, "AccessManagedUnauthorized", [stranger.address]);
    await refused(own.setInflation(1), token, "AccessManagedUnauthorized", [stranger.address]);
  });

  it("refuses a rate above the maximum, and the rate it has", async () => {
    const { token } = stakes;
    await refused(token.setInflation(INFLATION_BPS_MAX + 1n), token, "PlatformTokenInflationTooHigh", [
      INFLATION_BPS_MAX + 1n,
      INFLATION_BPS_MAX,
    ]);
    await refused(token.setInflation(INFLATION_BPS), token, "PlatformTokenInflationUnchanged", [INFLATION_BPS]);
  });

  it("starts as it was made", async () => {
    const { token, admin } = stakes;
    expect(await token.name()).to.equal("Platform Token");
    expect(await token.symbol()).to.equal("MID");
    expect(await token.decimals()).to.equal(18n);
    expect(await token.totalSupply()).to.equal(GENESIS);
    expect(await token.balanceOf(admin)).to.equal(GENESIS - 3_000_000n * TOKEN);
    expect(await token.inflationBps()).to.equal(INFLATION_BPS);
    expect(await token.inflationBpsMax()).to.equal(INFLATION_BPS_MAX);
    expect(await token.mintCap()).to.equal(MINT_CAP);
    expect(await token.minted()).to.equal(0n);
  });

  it("mints supply times rate times time, and tells who got it", async () => {
    const own = await minter();
    const since = Number(await stakes.token.accruedAt());
    await at(since + YEAR / 5);

    const amount = (GENESIS * INFLATION_BPS) / 10_000n / 5n;
    await expect(own.mintInflation(stakes.bob))
      .to.emit(stakes.token, "InflationMinted")
      .withArgs(stakes.bob.address, amount);

    expect(await stakes.token.minted()).to.equal(amount);
    expect(await stakes.token.totalSupply()).to.equal(GENESIS + amount);
    expect(await stakes.token.accruedAt()).to.equal(since + YEAR / 5);
    expect(await stakes.token.accrued()).to.equal(0n);
  });

  it("mints what is left of the lifetime amount, then nothing, without failing", async () => {
    const own = await minter();
    await at(Number(await stakes.token.accruedAt()) + 4 * YEAR);
    await expect(own.mintInflation(stakes.bob))
      .to.emit(stakes.token, "InflationMinted")
      .withArgs(stakes.bob.address, MINT_CAP);
    await connection.networkHelpers.time.increase(YEAR);

    await expect(own.mintInflation(stakes.bob)).not.to.emit(stakes.token, "InflationMinted");

    expect(await stakes.token.minted()).to.equal(MINT_CAP);
  });

  it("gives no new room under the lifetime amount when tokens are burned", async () => {
    const own = await minter();
    await at(Number(await stakes.token.accruedAt()) + 4 * YEAR);
    await own.mintInflation(stakes.bob);
    await expect(stakes.token.connect(stakes.bob).burn(MINT_CAP)).to.changeTokenBalance(
      connection.ethers,
      stakes.token,
      stakes.bob,
      -MINT_CAP,
    );
    await connection.networkHelpers.time.increase(YEAR);
    expect(await stakes.token.accrued()).to.equal(0n);
  });

  it("never mints the time that was skipped", async () => {
    const own = await minter();
    const since = Number(await stakes.token.accruedAt());
    await at(since + YEAR);
    await expect(own.skipInflation())
      .to.emit(stakes.token, "InflationSkipped")
      .withArgs((GENESIS * INFLATION_BPS) / 10_000n);
    await at(since + YEAR + DAY);

    await own.mintInflation(stakes.bob);

    expect(await stakes.token.minted()).to.equal((GENESIS * INFLATION_BPS) / 10_000n / 365n);
  });

  it("is silent when there is nothing to skip", async () => {
    const own = await minter();
    await stakes.token.setInflation(0);
    await own.skipInflation();
    await connection.networkHelpers.time.increase(YEAR);
    await expect(own.skipInflation()).not.to.emit(stakes.token, "InflationSkipped");
  });

  it("applies a new rate only from its change on", async () => {
    const own = await minter();
    const since = Number(await stakes.token.accruedAt());
    await at(since + 10 * DAY);
    await expect(stakes.token.setInflation(1_000n)).to.emit(stakes.token, "InflationSet").withArgs(500n, 1_000n);
    const old = (GENESIS * 500n * 10n) / 10_000n / 365n;
    expect(await stakes.token.accrued()).to.equal(old);
    await at(since + 20 * DAY);

    await own.mintInflation(stakes.bob);

    expect(await stakes.token.minted()).to.equal(old + (GENESIS * 1_000n * 10n) / 10_000n / 365n);
    expect(await stakes.token.inflationBps()).to.equal(1_000n);
  });

  describe("attack 1: a permit", () => {
    async function permit(
      change: { chainId?: bigint; verifyingContract?: string; name?: string; field?: object } = {},
    ) {
      const { token, alice, bob } = stakes;
      const domain = { ...(await domainOf(stakes, "Platform Token", token)) };
      const message = { owner: alice.address, spender: bob.address, value: 7n, nonce: 0n, deadline: 2n ** 40n };
      if (change.chainId !== undefined) domain.chainId = change.chainId;
      if (change.verifyingContract !== undefined) domain.verifyingContract = change.verifyingContract;
      if (change.name !== undefined) domain.name = change.name;
      const signed = Signature.from(await alice.signTypedData(domain, PERMIT, { ...message, ...change.field }));
      return token.permit(alice, bob, 7n, 2n ** 40n, signed.v, signed.r, signed.s);
    }
    const changes = [
      ["another chain", { chainId: 1n }],
      ["another contract", { verifyingContract: `0x${"11".repeat(20)}` }],
      ["another domain", { name: "DVStaking" }],
      ["another spender", { field: { spender: `0x${"11".repeat(20)}` } }],
      ["another value", { field: { value: 8n } }],
      ["another nonce", { field: { nonce: 1n } }],
      ["another deadline", { field: { deadline: 1n } }],
    ] as const;
    for (const [what, change] of changes) {
      it(`is refused when it was signed for ${what}`, async () => {
        await expect(permit(change)).to.be.revertedWithCustomError(stakes.token, "ERC2612InvalidSigner");
      });
    }

    it("works once as signed", async () => {
      await permit();
      expect(await stakes.token.allowance(stakes.alice, stakes.bob)).to.equal(7n);
      await expect(permit()).to.be.revertedWithCustomError(stakes.token, "ERC2612InvalidSigner");
    });
  });
});
