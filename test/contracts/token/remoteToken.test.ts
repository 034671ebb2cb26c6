import { expect } from "chai";
import { ZeroAddress } from "ethers";

import { connect, refused, type Connection, type Signer } from "../../support/contracts/stakes.ts";

const ERC7802_INTERFACE = "0x33331994";

describe("the platform token on a remote chain", () => {
  let connection: Connection;
  let bridge: Signer;
  let holder: Signer;

  before(async () => {
    connection = await connect();
    [bridge, holder] = (await connection.ethers.getSigners()) as [Signer, Signer];
  });
  const deploy = () => connection.ethers.deployContract("RemoteToken", [bridge]);

  it("refuses to be made without a bridge", async () => {
    const { interface: remote } = await deploy();
    await refused(
      connection.ethers.deployContract("RemoteToken", [ZeroAddress]),
      { interface: remote },
      "RemoteTokenBridgeMissing",
      [],
    );
  });

  it("refuses to mint or burn for anybody but the bridge", async () => {
    const token = await deploy();
    const own = token.connect(holder);
    await refused(own.crosschainMint(holder, 1n), token, "RemoteTokenNotBridge", [holder.address]);
    await refused(own.crosschainBurn(holder, 1n), token, "RemoteTokenNotBridge", [holder.address]);
  });

  it("mints and burns for the bridge", async () => {
    const token = await deploy();
    await expect(token.crosschainMint(holder, 5n))
      .to.emit(token, "CrosschainMint")
      .withArgs(holder.address, 5n, bridge.address);
    await expect(token.crosschainBurn(holder, 2n))
      .to.emit(token, "CrosschainBurn")
      .withArgs(holder.address, 2n, bridge.address);
    expect(await token.totalSupply()).to.equal(3n);
    expect(await token.bridge()).to.equal(bridge.address);
  });

  it("says that it is an ERC-7802 token", async () => {
    const token = await deploy();
    expect(await token.supportsInterface(ERC7802_INTERFACE)).to.equal(true);
    expect(await token.supportsInterface("0xffffffff")).to.equal(false);
  });
});
