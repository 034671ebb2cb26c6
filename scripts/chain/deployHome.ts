import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import {
  deploy,
  DeploymentResultType,
  type DeploymentResult,
  type EIP1193Provider,
} from "@nomicfoundation/ignition-core";
import { getAddress, getContractAddress, type Address } from "viem";

import { home, LEDGER_NONCE_OFFSET } from "../../ignition/modules/home.ts";
import { homeFaults } from "./homeFaults.ts";
import type { HomeParameters } from "./parameters.ts";
import { releaseArtifacts } from "./releaseArtifacts.ts";

/** The contracts of a home chain. */
export interface Addresses {
  readonly accessManager: Address;
  readonly platformToken: Address;
  readonly dvStaking: Address;
  readonly dvCommittee: Address;
  readonly settlementEngine: Address;
  readonly notaryLedger: Address;
  readonly timelock: Address;
  readonly governor: Address;
}

export interface HomeDeployment {
  readonly provider: EIP1193Provider;
  readonly deployer: Address;
  readonly parameters: HomeParameters;
  /** Where Ignition keeps its journal, so that an interrupted deployment goes on; none for a chain that is thrown away. */
  readonly journalDir?: string;
  readonly pollMs: number;
  readonly confirmations: number;
}

/** Deploys and wires a home chain with the Ignition module; safe to repeat when it has a journal. */
export async function deployHome(deployment: HomeDeployment): Promise<Addresses> {
  const { provider, deployer, parameters, journalDir, pollMs, confirmations } = deployment;
  const { predictedLedger, block } = await beginning(deployment);
  const result = await deploy({
    provider,
    ignitionModule: home,
    artifactResolver: releaseArtifacts,
    deploymentParameters: {
      Home: {
        ...parameters,
        governorRules: { ...parameters.governorRules, guardian: parameters.guardian },
        predictedLedger,
      },
    },
    accounts: [deployer],
    defaultSender: deployer,
    config: { blockPollingInterval: pollMs, retryInterval: pollMs, requiredConfirmations: confirmations },
    ...(journalDir !== undefined && { deploymentDir: journalDir }),
  });
  const at = deployedContracts(result);
  const addresses: Addresses = {
    accessManager: at("AccessManager"),
    platformToken: at("PlatformToken"),
    dvStaking: at("DVStaking"),
    dvCommittee: at("DVCommittee"),
    settlementEngine: at("SettlementEngine"),
    notaryLedger: at("NotaryLedger"),
    timelock: at("TimelockController"),
    governor: at("PlatformGovernor"),
  };
  const faults = await homeFaults(provider, addresses, {
    guardian: getAddress(parameters.guardian),
    sinceBlock: BigInt(block),
  });
  if (faults.length > 0) throw new Error(`the deployed roles are not as reviewed: ${faults.join("; ")}`);
  return addresses;
}

interface Beginning {
  readonly predictedLedger: Address;
  readonly block: number;
}

/** Where the deployment began, kept beside the journal: an interrupted one must go on with the same prediction. */
async function beginning({ provider, deployer, journalDir }: HomeDeployment): Promise<Beginning> {
  const file = journalDir === undefined ? undefined : join(journalDir, "beginning.json");
  const kept = file === undefined ? undefined : await readFile(file, "utf8").catch(() => undefined);
  if (kept !== undefined) return JSON.parse(kept) as Beginning;
  const ask = async (method: string, params: readonly unknown[]) => Number(await provider.request({ method, params }));
  const nonce = await ask("eth_getTransactionCount", [deployer, "latest"]);
  const predictedLedger = getContractAddress({ from: deployer, nonce: BigInt(nonce + LEDGER_NONCE_OFFSET) });
  const begun = { predictedLedger, block: await ask("eth_blockNumber", []) };
  if (file !== undefined) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(begun));
  }
  return begun;
}

/** Reads addresses by contract name out of Ignition's result; throws what went wrong if it did. */
function deployedContracts(result: DeploymentResult): (contractName: string) => Address {
  if (result.type !== DeploymentResultType.SUCCESSFUL_DEPLOYMENT) throw new Error(explain(result));
  const byName = new Map(Object.values(result.contracts).map((one) => [one.contractName, getAddress(one.address)]));
  return (contractName) => {
    const address = byName.get(contractName);
    if (address === undefined) throw new Error(`the module did not deploy ${contractName}`);
    return address;
  };
}

function explain(result: Exclude<DeploymentResult, { type: DeploymentResultType.SUCCESSFUL_DEPLOYMENT }>): string {
  if (result.type !== DeploymentResultType.EXECUTION_ERROR) {
    return Object.entries(result.errors)
      .map(([id, errors]) => `${id}: ${errors.join("; ")}`)
      .join("; ");
  }
  const failed = result.failed.map(({ futureId, error }) => `${futureId}: ${error}`);
  return [...failed, ...result.timedOut.map(({ futureId }) => `${futureId}: not mined in time`)].join("; ");
}
