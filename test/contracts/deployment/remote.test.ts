import { expect } from "chai";
import type { Address } from "viem";

import { deployRemote, remoteRoles, type RemoteAddresses } from "../../../scripts/chain/deployRemote.ts";
import { interoperableAddress } from "../../../scripts/chain/interoperable.ts";
import { readParameters } from "../../../scripts/chain/parameters.ts";
import { roleFaults } from "../../../scripts/chain/roleFaults.ts";
import { connect, refused, signingKeys, type Connection, type Signer } from "../../support/contracts/stakes.ts";

const HOME_CHAIN = 11_155_111;
const homeContracts = {
  governor: `0x${"a1".repeat(20)}`,
  committeeGateway: `0x${"b2".repeat(20)}`,
  homeBridge: `0x${"c3".repeat(20)}`,
  commitmentMirror: `0x${"d4".repeat(20)}`,
} as const;

describe("a deployed remote chain", () => {
  let connection: Connection;
  let at: RemoteAddresses;
  let deployer: Signer;
  let guardian: Signer;
  const fresh = async () => {
    const file = await readParameters("baseSepolia");
    if (!("Remote" in file)) throw new Error("this network must be a remote chain");
    const firstSeats = signingKeys("seat", 3).map(({ address }) => ({ key: address, weight: 10n }));
    const deployment = {
      provider: connection.provider,
      deployer: deployer.address as Address,
      pollMs: 5,
      confirmations: 1,
    };
    return deployRemote(deployment, { ...file.Remote, guardian: guardian.address, firstSeats }, homeContracts);
  };

  before(async () => {
    connection = await connect();
    [deployer, guardian] = (await connection.ethers.getSigners()) as [Signer, Signer];
  });
  beforeEach(async () => {
    at = await connection.networkHelpers.loadFixture(fresh);
  });

  it("attack 28: nobody but the home chain's governor rules it, through the gateway", async () => {
    expect(await roleFaults(connection.provider, remoteRoles(at, guardian.address as Address, 0n))).to.deep.equal([]);
    const manager = await connection.ethers.getContractAt("AccessManager", at.accessManager, deployer);
    await refused(manager.grantRole(3n, deployer, 0), manager, "AccessManagerUnauthorizedAccount", [
      deployer.address,
      0n,
    ]);
    const executor = await connection.ethers.getContractAt("CrosschainRemoteExecutor", at.remoteExecutor);
    expect(await executor.controller()).to.equal(interoperableAddress(HOME_CHAIN, homeContracts.governor));
  });

  it("listens to the home chain and to no other", async () => {
    const { ethers } = connection;
    const gateway = await ethers.getContractAt("CommitteeGateway", at.committeeGateway);
    expect((await gateway.remote(HOME_CHAIN)).toLowerCase()).to.equal(homeContracts.committeeGateway);
    expect(await gateway.remote(1)).to.equal(`0x${"00".repeat(20)}`);
    const token = await ethers.getContractAt("RemoteToken", at.remoteToken);
    expect(await token.bridge()).to.equal(at.remoteBridge);
    expect(await token.totalSupply()).to.equal(0n);
  });

  it("writes addresses of other chains as ERC-7930 does", () => {
    const vitalik = "0xd8da6bf26964af9d7eed9e03e53415d37aa96045";
    // The example of the standard: Ethereum mainnet.
    expect(interoperableAddress(1, vitalik)).to.equal(`0x00010000010114${vitalik.slice(2)}`);
    expect(interoperableAddress(HOME_CHAIN, vitalik)).to.equal(`0x0001000003aa36a714${vitalik.slice(2)}`);
  });
});
