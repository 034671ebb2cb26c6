import { expect } from "chai";
import { AbiCoder, id, keccak256, MaxUint256, ZeroAddress, ZeroHash } from "ethers";
import {
  account,
  connect,
  deployNotary,
  FAR,
  fund,
  settle,
  sign,
  type Connection,
} from "../../support/contracts/notary.ts";

const SALT = id("salt");
const META = id("meta");
const REF = id("ref");

async function openMarket(connection: Connection) {
  const notary = await deployNotary(connection);
  const [, , , provider, treasury] = await connection.ethers.getSigners();
  if (!provider || !treasury) throw new Error("no signers");
  const market = await connection.ethers.deployContract("ServiceMarket", [
    notary.authority,
    notary.token,
    500n,
    treasury,
  ]);
  await notary.token.mint(notary.stranger.address, 10_000n);
  await notary.token.connect(notary.stranger).approve(await market.getAddress(), MaxUint256);
  return { notary, market, provider, treasury, payout: account("payout").address };
}

describe("services bought with the token", () => {
  let connection: Connection;
  let scene: Awaited<ReturnType<typeof openMarket>>;
  let service: string;

  async function open() {
    return openMarket(connection);
  }
  before(async () => {
    connection = await connect();
  });
  beforeEach(async () => {
    scene = await connection.networkHelpers.loadFixture(open);
    service = await scene.market.idOf(scene.provider.address, SALT);
  });

  const selling = () => scene.market.connect(scene.provider);
  const buying = () => scene.market.connect(scene.notary.stranger);
  const list = (price = 1_000n) => selling().list(SALT, price, scene.payout, META);

  it("refuses an offer without price or payout, and the same one twice", async () => {
    const { market, payout } = scene;
    await expect(selling().list(SALT, 0n, payout, META)).to.be.revertedWithCustomError(
      market,
      "ServiceMarketZeroPrice",
    );
    await expect(selling().list(SALT, 1n, ZeroAddress, META)).to.be.revertedWithCustomError(
      market,
      "ServiceMarketZeroAddress",
    );
    await list();
    await expect(list()).to.be.revertedWithCustomError(market, "ServiceMarketKnown").withArgs(service);
    await selling().delist(service);
    await expect(list()).to.be.revertedWithCustomError(market, "ServiceMarketKnown").withArgs(service);
  });

  it("lets nobody but its provider change or end an offer", async () => {
    const { market, payout, notary } = scene;
    await list();
    const stranger = notary.stranger.address;
    await expect(buying().reprice(service, 1n, payout, META))
      .to.be.revertedWithCustomError(market, "ServiceMarketNotProvider")
      .withArgs(service, stranger);
    await expect(buying().delist(service))
      .to.be.revertedWithCustomError(market, "ServiceMarketNotProvider")
      .withArgs(service, stranger);
    await expect(selling().reprice(id("none"), 1n, payout, META))
      .to.be.revertedWithCustomError(market, "ServiceMarketNotProvider")
      .withArgs(id("none"), scene.provider.address);
    await buying().list(SALT, 7n, payout, META);
    expect((await market.listing(service)).price).to.equal(1_000n);
  });

  it("refuses to sell what is not offered, not at this version, or above the buyer's limit", async () => {
    const { market, payout } = scene;
    await expect(buying().buy(service, 1n, 1_000n, REF))
      .to.be.revertedWithCustomError(market, "ServiceMarketNotOpen")
      .withArgs(service);
    await list();
    await expect(buying().buy(service, 1n, 999n, REF))
      .to.be.revertedWithCustomError(market, "ServiceMarketPriceAboveMax")
      .withArgs(service, 1_000n, 999n);
    await selling().reprice(service, 900n, payout, META);
    await expect(buying().buy(service, 1n, 1_000n, REF))
      .to.be.revertedWithCustomError(market, "ServiceMarketVersionChanged")
      .withArgs(service, 1n, 2n);
    await expect(market.legsOf(service, 1n, payout)).to.be.revertedWithCustomError(
      market,
      "ServiceMarketVersionChanged",
    );
    await expect(selling().delist(service)).to.emit(market, "ServiceDelisted").withArgs(service, 2n);
    await expect(selling().delist(service)).to.be.revertedWithCustomError(market, "ServiceMarketNotOpen");
    await expect(buying().buy(service, 2n, 1_000n, REF)).to.be.revertedWithCustomError(market, "ServiceMarketNotOpen");
    await expect(market.legsOf(service, 2n, payout)).to.be.revertedWithCustomError(market, "ServiceMarketNotOpen");
  });

  it("lists, changes and renews an offer, each under its own version", async () => {
    const { market, payout, provider } = scene;
    await expect(list()).to.emit(market, "ServiceListed").withArgs(service, provider.address, 1n, payout, 1_000n, META);
    await expect(selling().reprice(service, 5n, provider.address, REF))
      .to.emit(market, "ServiceListed")
      .withArgs(service, provider.address, 2n, provider.address, 5n, REF);
    await selling().delist(service);
    await selling().reprice(service, 6n, payout, META);
    expect(await market.listing(service)).to.deep.equal([provider.address, 3n, true, payout, 6n, META]);
  });

  it("sells: net to the provider, share to the treasury, remainder with the provider", async () => {
    const { market, notary, payout, treasury } = scene;
    await list(1_019n);
    await expect(buying().buy(service, 1n, 1_019n, REF))
      .to.emit(market, "ServiceBought")
      .withArgs(service, notary.stranger.address, REF, 1n, 1_019n, 50n);
    expect(await notary.token.balanceOf(payout)).to.equal(969n);
    expect(await notary.token.balanceOf(treasury.address)).to.equal(50n);
    await market.setProtocolFee(0, treasury);
    await buying().buy(service, 1n, 1_019n, REF);
    expect(await notary.token.balanceOf(payout)).to.equal(969n + 1_019n);
    expect(await market.legsOf(service, 1n, payout)).to.have.lengthOf(1);
  });

  it("sells through a relayer as an ordinary deal bound to service and version", async () => {
    const { market, notary, payout, treasury } = scene;
    await list();
    const buyer = account("buyer");
    await fund(connection, notary, [buyer], 5_000n);
    const legs = (await market.legsOf(service, 1n, buyer.address)).map(({ token, from, to, amount }) => ({
      token,
      from,
      to,
      amount,
    }));
    const terms = await market.termsOf(service, 1n, SALT);
    const type = keccak256(
      Buffer.from("Purchase(uint256 chainId,address market,bytes32 serviceId,uint64 version,bytes32 salt)"),
    );
    const words = [type, notary.chainId, await market.getAddress(), service, 1n, SALT];
    expect(terms).to.equal(
      keccak256(
        AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256", "address", "bytes32", "uint64", "bytes32"], words),
      ),
    );
    const deal = { terms, validAfter: 0n, validUntil: FAR, nonce: 0n, legs };
    const [outcome] = await settle(notary, [sign(notary, deal, [buyer])]);
    expect(outcome!.status).to.equal(1n);
    expect(await notary.token.balanceOf(payout)).to.equal(950n);
    expect(await notary.token.balanceOf(treasury.address)).to.equal(50n);
    const others = [
      await market.termsOf(service, 2n, SALT),
      await market.termsOf(service, 1n, ZeroHash),
      await market.termsOf(ZeroHash, 1n, SALT),
    ];
    expect(others).to.not.include(terms);
  });

  it("sells at the largest price there is without overflowing", async () => {
    await list(MaxUint256);
    const legs = await scene.market.legsOf(service, 1n, scene.payout);
    expect(legs[0]!.amount + legs[1]!.amount).to.equal(MaxUint256);
  });

  it("is deployed for one token, with a share within its bound", async () => {
    const { market, notary, treasury } = scene;
    expect(await market.token()).to.equal(notary.tokenAt);
    await expect(
      connection.ethers.deployContract("ServiceMarket", [notary.authority, ZeroAddress, 1n, treasury]),
    ).to.be.revertedWithCustomError(market, "ServiceMarketZeroAddress");
    await expect(market.connect(notary.stranger).setProtocolFee(1n, treasury)).to.be.revertedWithCustomError(
      market,
      "AccessManagedUnauthorized",
    );
  });
});
