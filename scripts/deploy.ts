// deploy the contracts to a network (off the local chain it only rehearses, until you say --broadcast)
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import { Command } from "commander";
import { formatEther, isAddress, zeroAddress, type Address } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { deployHome } from "./chain/deployHome.ts";
import { readDeployment, writeDeployment } from "./chain/deploymentFile.ts";
import { deployRemote, type HomeContracts } from "./chain/deployRemote.ts";
import { keyProvider } from "./chain/keyProvider.ts";
import { networksWithParameters, readParameters, type ParametersFile } from "./chain/parameters.ts";
import type { Deployment } from "./chain/runModule.ts";
import { verifyDeployment } from "./chain/verifyDeployment.ts";
import { ANVIL_KEYS } from "./local/deployLocal.ts";
import { refuse } from "./terminal/refuse.ts";

const LOCAL_RPC = "http://127.0.0.1:8545";
const CONFIRMATIONS = 5;
const POLL_MS = 1_000;
const LOCAL_POLL_MS = 50;

interface Options {
  readonly dryRun?: true;
  readonly broadcast?: true;
  readonly json?: true;
  readonly verify?: true;
  readonly deployer?: string;
}

/** The chain as its operator configured it: an RPC address, and the key that pays. */
interface Door {
  readonly provider: EIP1193Provider;
  readonly deployer: Address;
}

async function main(network: string, options: Options): Promise<void> {
  const known = await networksWithParameters();
  if (!known.includes(network)) {
    refuse(`there is no network "${network}"`, `name one of: ${known.join(", ")}`, 2);
  }
  const file = await readParameters(network).catch((fault: unknown) =>
    refuse(
      `ignition/parameters/${network}.json is not valid: ${firstLine(fault)}`,
      "correct that field and run this again",
    ),
  );
  const isRehearsal = network === "local" ? options.dryRun === true : options.broadcast !== true;
  if (isRehearsal) await rehearsal(network, file, options);
  else await broadcast(network, file, options);
}

async function rehearsal(network: string, file: ParametersFile, options: Options): Promise<void> {
  if (options.deployer !== undefined && !isAddress(options.deployer)) {
    refuse(`"${options.deployer}" is not an address`, "give --deployer as 0x and 40 hex digits", 2);
  }
  const door = options.deployer === undefined ? await openDoor(network).catch(() => undefined) : undefined;
  const deployer = options.deployer ?? door?.deployer ?? privateKeyToAddress(ANVIL_KEYS[0]);
  const ask = async (method: string, params: readonly unknown[]): Promise<bigint | undefined> =>
    door === undefined ? undefined : BigInt((await door.provider.request({ method, params })) as string);
  const nonce = Number((await ask("eth_getTransactionCount", [deployer, "latest"]).catch(() => undefined)) ?? 0n);
  const gasPrice = await ask("eth_gasPrice", []).catch(() => undefined);
  const { complete, unset } = standIns(file, deployer);
  const run = await deployerOf(network, complete);
  const { rehearse } = await import("./chain/rehearse.ts");
  const { addresses, gas, transactions } = await rehearse({ deployer, nonce }, run);
  const cost = gasPrice === undefined ? undefined : formatEther(gas * gasPrice);
  const result = {
    network,
    chainId: file.chainId,
    dryRun: true,
    deployer,
    nonce,
    transactions,
    gas: Number(gas),
    cost,
    unset,
    addresses,
  };
  report(options, result, [
    `rehearsed for ${network} (chain ${file.chainId}); nothing was sent`,
    `  deployer      ${deployer} from nonce ${nonce}${door === undefined ? " (no RPC or key configured: nonce and price are unknown)" : ""}`,
    `  transactions  ${transactions}`,
    `  gas           ${gas.toLocaleString("en-US")}${cost === undefined ? "" : ` = ${cost} ether now`}`,
    ...Object.entries(addresses).map(([name, address]) => `  ${name.padEnd(20)}${address}`),
    "  roles         checked: as reviewed, the deployer is left with nothing",
    ...(unset.length === 0
      ? []
      : [`  not set yet   ${unset.join(", ")} in ignition/parameters/${network}.json (stood in by the deployer)`]),
    `  to deploy     ./midchain deploy ${network}${network === "local" ? "" : " --broadcast"}`,
  ]);
}

async function broadcast(network: string, file: ParametersFile, options: Options): Promise<void> {
  const isLocal = network === "local";
  const { unset } = standIns(file, zeroAddress);
  if (unset.length > 0) {
    refuse(
      `${unset.join(", ")} not set for ${network}`,
      `write them in ignition/parameters/${network}.json, have it reviewed, run this again`,
    );
  }
  const run = await deployerOf(network, file);
  const door = await openDoor(network).catch((fault: unknown) => refuse(firstLine(fault), howToConfigure(network)));
  const chainId = await door.provider
    .request({ method: "eth_chainId" })
    .then(Number, () =>
      refuse(
        `no answer from the RPC address of ${network}`,
        isLocal ? "start the chain: ./midchain up" : howToConfigure(network),
      ),
    );
  if (chainId !== file.chainId) {
    refuse(`the RPC address answers for chain ${chainId}, not ${file.chainId}`, howToConfigure(network));
  }
  const journalDir = isLocal
    ? await mkdtemp(join(tmpdir(), "midchain-journal-"))
    : join("ignition/deployments", `chain-${chainId}`);
  const pace = isLocal
    ? { pollMs: LOCAL_POLL_MS, confirmations: 1 }
    : { pollMs: POLL_MS, confirmations: CONFIRMATIONS };
  const addresses = await run({ ...door, ...pace, journalDir }).catch((fault: unknown) =>
    refuse(`the deployment stopped: ${firstLine(fault)}`, "run the same command again: it goes on where it stopped"),
  );
  const path = await writeDeployment(door.provider, chainId, journalDir);
  if (isLocal) await rm(journalDir, { recursive: true });
  const verified = options.verify === true ? await verifyDeployment(network, chainId) : undefined;
  report(options, { network, chainId, dryRun: false, deployer: door.deployer, addresses, file: path, verified }, [
    `deployed to ${network} (chain ${chainId}); the deployer is left with nothing`,
    ...Object.entries(addresses).map(([name, address]) => `  ${name.padEnd(20)}${address}`),
    `  written       ${path}`,
    ...(verified ?? []).map(({ contract, explorer, outcome }) => `  ${explorer.padEnd(14)}${contract}: ${outcome}`),
  ]);
}

/** The one way to deploy this network, with the parameters given; refuses when the home chain is not there yet. */
async function deployerOf(network: string, file: ParametersFile): Promise<(deployment: Deployment) => Promise<object>> {
  if ("Home" in file) return (deployment) => deployHome(deployment, file.Home);
  const { homeChainId } = file.Remote;
  const homeFile = await readDeployment(homeChainId);
  const at = (name: string): Address =>
    homeFile?.[name]?.address ??
    refuse(
      `${network} needs its home chain ${homeChainId}, which is not deployed`,
      `deploy that first, or bring its deployments/${homeChainId}.json`,
    );
  const homeContracts: HomeContracts = {
    governor: at("PlatformGovernor"),
    committeeGateway: at("CommitteeGateway"),
    homeBridge: at("HomeBridge"),
    commitmentMirror: at("CommitmentMirror"),
  };
  return (deployment) => deployRemote(deployment, file.Remote, homeContracts);
}

/** Fills in who is not named yet, so that a rehearsal is possible before the file is complete. */
function standIns(file: ParametersFile, standIn: Address): { complete: ParametersFile; unset: string[] } {
  const people =
    "Home" in file
      ? { guardian: file.Home.guardian, genesisHolder: file.Home.genesisHolder }
      : { guardian: file.Remote.guardian };
  const unset = Object.entries(people).flatMap(([name, address]) => (address === zeroAddress ? [name] : []));
  const named = Object.fromEntries(unset.map((name) => [name, standIn]));
  if ("Home" in file) return { complete: { ...file, Home: { ...file.Home, ...named } }, unset };
  const seats = file.Remote.firstSeats;
  if (seats.length > 0) return { complete: { ...file, Remote: { ...file.Remote, ...named } }, unset };
  const firstSeats = [1n, 2n, 3n].map((n) => ({ key: `0x${n.toString().padStart(40, "0")}`, weight: n }));
  return { complete: { ...file, Remote: { ...file.Remote, ...named, firstSeats } }, unset: [...unset, "firstSeats"] };
}

async function openDoor(network: string): Promise<Door> {
  if (network === "local") {
    const [key] = ANVIL_KEYS;
    return { provider: keyProvider(LOCAL_RPC, key, 31_337), deployer: privateKeyToAddress(key) };
  }
  const hardhat = await import("hardhat");
  const { provider } = await hardhat.network.create({ network });
  const [deployer] = (await provider.request({ method: "eth_accounts" })) as [Address];
  return { provider, deployer };
}

function howToConfigure(network: string): string {
  const suffix = network.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return `npx hardhat keystore set MIDCHAIN_RPC_${suffix}, and MIDCHAIN_DEPLOYER_KEY likewise`;
}

const firstLine = (fault: unknown): string =>
  (fault instanceof Error ? fault.message : String(fault)).split("\n")[0] ?? "";

function report(options: Options, result: object, lines: readonly string[]): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(result)}\n` : `${lines.join("\n")}\n`);
}

await new Command("./midchain deploy")
  .description("deploys and wires the contracts of a network from its reviewed parameters (ignition/parameters)")
  .argument("<network>", "local, or one of the networks of hardhat.config.ts")
  .option("--dry-run", "only rehearse: cost, addresses, roles (the default off the local chain)")
  .option("--broadcast", "really deploy")
  .option("--deployer <address>", "rehearse as this account")
  .option("--verify", "publish the sources on Etherscan, Blockscout and Sourcify afterwards")
  .option("--json", "one JSON object instead of text")
  .action(main)
  .parseAsync()
  .catch((fault: unknown) => refuse(firstLine(fault), "./midchain deploy --help lists what this verb takes"));
