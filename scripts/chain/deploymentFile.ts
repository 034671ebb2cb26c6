import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { listTransactions, type EIP1193Provider } from "@nomicfoundation/ignition-core";
import { getAddress, keccak256, stringToHex, type Address, type Hex } from "viem";

import { releaseArtifact, releaseArtifacts } from "./releaseArtifacts.ts";

const DEPLOYMENTS_DIR = join(import.meta.dirname, "../../deployments");

/** What is kept of one deployed contract. */
export interface DeployedContract {
  readonly address: Address;
  readonly block: number;
  readonly txHash: Hex;
  readonly abiHash: Hex;
  readonly args: readonly unknown[];
}

export type DeploymentFile = Readonly<Record<string, DeployedContract>>;

/** Reads what is deployed on a chain; undefined when nothing is. */
export async function readDeployment(chainId: number): Promise<DeploymentFile | undefined> {
  const text = await readFile(join(DEPLOYMENTS_DIR, `${chainId}.json`), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as DeploymentFile);
}

/** Writes deployments/<chainId>.json from Ignition's journal, and answers the path. */
export async function writeDeployment(provider: EIP1193Provider, chainId: number, journalDir: string): Promise<string> {
  const file: Record<string, DeployedContract> = {};
  for (const { name, address, txHash, params = [] } of await listTransactions(journalDir, releaseArtifacts)) {
    if (name === undefined || address === undefined) continue;
    const receipt = (await provider.request({ method: "eth_getTransactionReceipt", params: [txHash] })) as {
      blockNumber: Hex;
    };
    const { abi } = await releaseArtifact(name);
    file[name] = {
      address: getAddress(address),
      block: Number(receipt.blockNumber),
      txHash: txHash as Hex,
      abiHash: keccak256(stringToHex(JSON.stringify(abi))),
      args: params,
    };
  }
  await mkdir(DEPLOYMENTS_DIR, { recursive: true });
  const path = join(DEPLOYMENTS_DIR, `${chainId}.json`);
  // Amounts beyond 2^53 are written as decimal strings that end with n, as in the parameter files.
  const wide = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);
  await writeFile(path, `${JSON.stringify(file, wide, 2)}\n`);
  return path;
}
