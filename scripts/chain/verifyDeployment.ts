import { readDeployment } from "./deploymentFile.ts";
import { releaseArtifact } from "./releaseArtifacts.ts";

const EXPLORERS = ["etherscan", "blockscout", "sourcify"] as const;

/** What one explorer said about one contract. */
export interface Verified {
  readonly contract: string;
  readonly explorer: (typeof EXPLORERS)[number];
  readonly outcome: string;
}

/** Publishes the sources of every deployed contract; one explorer that refuses or is down does not stop the others. */
export async function verifyDeployment(network: string, chainId: number): Promise<Verified[]> {
  const { createHardhatRuntimeEnvironment } = await import("hardhat/hre");
  const { verifyContract } = await import("@nomicfoundation/hardhat-verify/verify");
  const { default: config } = await import("../../hardhat.config.ts");
  const hre = await createHardhatRuntimeEnvironment(config, { network, buildProfile: "release" });
  const results: Verified[] = [];
  for (const [name, { address, args, txHash }] of Object.entries((await readDeployment(chainId)) ?? {})) {
    const { sourceName } = await releaseArtifact(name);
    for (const explorer of EXPLORERS) {
      const request = {
        address,
        constructorArgs: args.map(narrow),
        contract: `${sourceName}:${name}`,
        provider: explorer,
        creationTxHash: txHash,
      };
      const outcome = await verifyContract(request, hre).then(
        () => "verified",
        (fault: unknown) => (fault instanceof Error ? fault.message : String(fault)).split("\n")[0] ?? "",
      );
      results.push({ contract: name, explorer, outcome });
    }
  }
  return results;
}

/** Back from the way amounts are written in the file. */
function narrow(value: unknown): unknown {
  if (typeof value === "string" && /^\d+n$/.test(value)) return BigInt(value.slice(0, -1));
  if (Array.isArray(value)) return value.map(narrow);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, narrow(one)]));
}
