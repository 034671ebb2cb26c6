import toolbox from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import { configVariable, defineConfig } from "hardhat/config";

// The compiler comes from npm, so that compiling never downloads. The path must be absolute (a relative one is
// resolved against Hardhat's own folder).
const compiler = { version: "0.8.37", path: `${import.meta.dirname}/node_modules/solc/soljson.js` };
const settings = { evmVersion: "prague", optimizer: { enabled: true, runs: 200 } };

const DEPLOYER = configVariable("MIDCHAIN_DEPLOYER_KEY");
const remote = (name: string, chainId: number) => ({
  type: "http" as const,
  chainType: "generic" as const,
  chainId,
  url: configVariable(`MIDCHAIN_RPC_${name}`),
  accounts: [DEPLOYER],
});

export default defineConfig({
  plugins: [toolbox, hardhatViem],
  paths: { sources: "contracts", tests: { solidity: "test/contracts", mocha: "test/contracts" } },
  solidity: {
    profiles: {
      default: { ...compiler, settings },
      coverage: { ...compiler, settings: { ...settings, optimizer: { enabled: false } } },
      // Isolated: what one contract compiles to never depends on which others there are.
      release: {
        ...compiler,
        isolated: true,
        settings: { ...settings, viaIR: true, optimizer: { enabled: true, runs: 10_000 } },
      },
    },
    npmFilesToBuild: [
      "@openzeppelin/contracts/governance/TimelockController.sol",
      "@openzeppelin/contracts/access/manager/AccessManager.sol",
      "@openzeppelin/contracts/crosschain/CrosschainRemoteExecutor.sol",
    ],
  },
  // The generated types use syntax our own sources may not.
  typechain: { tsNocheck: true },
  networks: {
    default: { type: "edr-simulated", chainType: "l1", hardfork: "osaka" },
    local: { type: "http", chainType: "l1", chainId: 31337, url: "http://127.0.0.1:8545" },
    sepolia: remote("SEPOLIA", 11_155_111),
    hoodi: remote("HOODI", 560_048),
    baseSepolia: remote("BASE_SEPOLIA", 84_532),
    opSepolia: remote("OP_SEPOLIA", 11_155_420),
    arbitrumSepolia: remote("ARBITRUM_SEPOLIA", 421_614),
    polygonAmoy: remote("POLYGON_AMOY", 80_002),
  },
  test: {
    solidity: {
      // `hardhat test solidity --test-profile long` is the night run.
      profiles: {
        default: { fuzz: { runs: 256 }, invariant: { runs: 256, depth: 128 } },
        long: { fuzz: { runs: 10_000 }, invariant: { runs: 10_000, depth: 500 } },
      },
    },
  },
});
