import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";

import { expect } from "chai";
import { id, Interface, ZeroHash } from "ethers";
import type { Address } from "viem";

import { deployHome, homeRoles, type Addresses } from "../../../scripts/chain/deployHome.ts";
import { readParameters } from "../../../scripts/chain/parameters.ts";
import { releaseArtifact } from "../../../scripts/chain/releaseArtifacts.ts";
import { roleFaults } from "../../../scripts/chain/roleFaults.ts";
import { connect, refused, TOKEN, type Connection, type Signer } from "../../support/contracts/stakes.ts";

const RELEASE_DIR = join(import.meta.dirname, "../../../contracts/release");
const CODE_BYTES_MAX = 24_576;
const INITCODE_BYTES_MAX = 49_152;

describe("a deployed home chain", () => {
  let connection: Connection;
  let at: Addresses;
  let deployer: Signer;
  let guardian: Signer;
  let voter: Signer;
  let stranger: Signer;
  const fresh = async () => {
    const file = await readParameters("local");
    if (!("Home" in file)) throw new Error("the local chain must be a home chain");
    const parameters = file.Home;
    const deployment = {
      provider: connection.provider,
      deployer: deployer.address as Address,
      pollMs: 5,
      confirmations: 1,
    };
    return deployHome(deployment, { ...parameters, guardian: guardian.address, genesisHolder: voter.address });
  };
  const faults = () => roleFaults(connection.provider, homeRoles(at, guardian.address as Address, 0n));

  before(async () => {
    connection = await connect();
    [deployer, guardian, voter, stranger] = (await connection.ethers.getSigners()) as [Signer, Signer, Signer, Signer];
  });
  beforeEach(async () => {
    at = await connection.networkHelpers.loadFixture(fresh);
  });

  describe("attack 28: rights that were left behind", () => {
    it("there are none: the whole role table is as reviewed", async () => {
      expect(await faults()).to.deep.equal([]);
    });

    it("the deployer can change nothing", async () => {
      const { ethers } = connection;
      const manager = await ethers.getContractAt("AccessManager", at.accessManager, deployer);
      await refused(manager.grantRole(1n, deployer, 0), manager, "AccessManagerUnauthorizedAccount", [
        deployer.address,
        0n,
      ]);
      const token = await ethers.getContractAt("PlatformToken", at.platformToken, deployer);
      await refused(token.setInflation(1), token, "AccessManagedUnauthorized", [deployer.address]);
      const timelock = await ethers.getContractAt("TimelockController", at.timelock, deployer);
      const attempt = timelock.schedule(deployer, 0n, "0x", ZeroHash, ZeroHash, 100n);
      await refused(attempt, timelock, "AccessControlUnauthorizedAccount", [deployer.address, id("PROPOSER_ROLE")]);
    });

    it("the guardian can stop the ledger but not start it, and can move nothing", async () => {
      const { ethers } = connection;
      const ledger = await ethers.getContractAt("NotaryLedger", at.notaryLedger, guardian);
      await ledger.pause();
      await refused(ledger.unpause(), ledger, "AccessManagedUnauthorized", [guardian.address]);
      const staking = await ethers.getContractAt("DVStaking", at.dvStaking, guardian);
      await refused(staking.slash(voter, 1n, ZeroHash), staking, "AccessManagedUnauthorized", [guardian.address]);
    });

    it("an account that gathers every vote still has to wait for the timelock", async () => {
      const { ethers, networkHelpers } = connection;
      const token = await ethers.getContractAt("PlatformToken", at.platformToken, voter);
      const staking = await ethers.getContractAt("DVStaking", at.dvStaking, voter);
      const governor = await ethers.getContractAt("PlatformGovernor", at.governor, voter);
      await token.approve(at.dvStaking, TOKEN ** 2n);
      await token.approve(at.governor, TOKEN ** 2n);
      await staking.stakeAndDelegate(100_000_000n * TOKEN, voter);
      await networkHelpers.time.increase(1);
      const manager = new Interface((await releaseArtifact("AccessManager")).abi);
      const grab = manager.encodeFunctionData("grantRole", [0n, voter.address, 0]);
      const content = [[at.accessManager], [0n], [grab]] as [string[], bigint[], string[]];
      const hashed = [...content, id("grab")] as [string[], bigint[], string[], string];
      await governor.propose(...content, "grab");
      const proposalId = await governor.hashProposal(...hashed);
      await networkHelpers.time.increaseTo((await governor.proposalSnapshot(proposalId)) + 1n);
      await governor.castVote(proposalId, 1);
      await networkHelpers.time.increaseTo((await governor.proposalDeadline(proposalId)) + 1n);
      await governor.queue(...hashed);
      const timelock = await ethers.getContractAt("TimelockController", at.timelock);
      const early = governor.execute(...hashed);
      await expect(early).to.be.revertedWithCustomError(timelock, "TimelockUnexpectedOperationState");
      await governor.connect(guardian).cancel(...hashed);
      expect(await faults()).to.deep.equal([]);
    });

    it("is noticed: one more role, or one less, is a fault", async () => {
      const { ethers, networkHelpers } = connection;
      await networkHelpers.impersonateAccount(at.timelock);
      await networkHelpers.setBalance(at.timelock, 10n ** 18n);
      const timelock = await ethers.getSigner(at.timelock);
      const manager = await ethers.getContractAt("AccessManager", at.accessManager, timelock);
      await manager.grantRole(1n, stranger, 0);
      await manager.revokeRole(3n, guardian);
      await manager.setTargetFunctionRole(at.platformToken, ["0x1c191331"], 7n);
      const own = await ethers.getContractAt("TimelockController", at.timelock, timelock);
      await own.grantRole(id("PROPOSER_ROLE"), stranger);
      expect((await faults()).toSorted()).to.deep.equal([
        "PlatformToken 0x1c191331 answers to role 7, not 1",
        `access manager role 1: ${stranger.address} has it`,
        `access manager role 3: ${guardian.address} lacks it`,
        `timelock role ${id("PROPOSER_ROLE")}: ${stranger.address} has it`,
      ]);
    });
  });

  it("has a ledger and an engine that know each other", async () => {
    const engine = await connection.ethers.getContractAt("SettlementEngine", at.settlementEngine);
    expect(await engine.ledger()).to.equal(at.notaryLedger);
    expect(await engine.isTokenAllowed(at.platformToken)).to.equal(true);
  });

  it("fits the limits of every chain (EIP-170, EIP-3860)", async () => {
    const files = await readdir(RELEASE_DIR);
    expect(files.length).to.be.at.least(17);
    for (const name of files.map((file) => basename(file, ".json"))) {
      const { bytecode, deployedBytecode } = await releaseArtifact(name);
      expect((deployedBytecode.length - 2) / 2, name).to.be.at.most(CODE_BYTES_MAX);
      expect((bytecode.length - 2) / 2, name).to.be.at.most(INITCODE_BYTES_MAX);
    }
  });
});
