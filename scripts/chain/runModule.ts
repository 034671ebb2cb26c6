import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import {
  deploy,
  DeploymentResultType,
  type DeploymentParameters,
  type DeploymentResult,
  type EIP1193Provider,
  type IgnitionModule,
} from "@nomicfoundation/ignition-core";
import { getAddress, getContractAddress, type Address } from "viem";

import { releaseArtifacts } from "./releaseArtifacts.ts";

/** One chain to deploy to, and how. */
export interface Deployment {
  readonly provider: EIP1193Provider;
  readonly deployer: Address;
  /** Where Ignition keeps its journal, so that an interrupted deployment goes on; none for a chain that is thrown away. */
  readonly journalDir?: string;
  readonly pollMs: number;
  readonly confirmations: number;
  /** When a transaction that is not mined is sent again with a higher fee; three minutes if not said. */
  readonly bumpAfterMs?: number;
}

/** Where a deployment began, kept beside the journal: an interrupted one must go on with the same prediction. */
export interface Beginning {
  readonly nonce: number;
  readonly block: number;
}

/** Reads or makes the beginning of a deployment. */
export async function beginning({ provider, deployer, journalDir }: Deployment): Promise<Beginning> {
  const file = journalDir === undefined ? undefined : join(journalDir, "beginning.json");
  const kept = file === undefined ? undefined : await readFile(file, "utf8").catch(() => undefined);
  if (kept !== undefined) return JSON.parse(kept) as Beginning;
  const ask = async (method: string, params: readonly unknown[]) => Number(await provider.request({ method, params }));
  const nonce = await ask("eth_getTransactionCount", [deployer, "latest"]);
  const begun = { nonce, block: await ask("eth_blockNumber", []) };
  if (file !== undefined) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(begun));
  }
  return begun;
}

/** The address of the contract that the deployer's transaction number `offset` of a deployment creates. */
export const predicted = (deployer: Address, { nonce }: Beginning, offset: number): Address =>
  getContractAddress({ from: deployer, nonce: BigInt(nonce + offset) });

/** Runs an Ignition module over the committed artifacts; answers addresses by contract name, throws if it failed. */
export async function runModule(
  deployment: Deployment,
  ignitionModule: IgnitionModule,
  deploymentParameters: DeploymentParameters,
): Promise<(contractName: string) => Address> {
  const { provider, deployer, journalDir, pollMs, confirmations, bumpAfterMs } = deployment;
  const result = await deploy({
    provider,
    ignitionModule,
    artifactResolver: releaseArtifacts,
    deploymentParameters,
    accounts: [deployer],
    defaultSender: deployer,
    config: {
      blockPollingInterval: pollMs,
      retryInterval: pollMs,
      requiredConfirmations: confirmations,
      ...(bumpAfterMs !== undefined && { timeBeforeBumpingFees: bumpAfterMs }),
    },
    ...(journalDir !== undefined && { deploymentDir: journalDir }),
  });
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
