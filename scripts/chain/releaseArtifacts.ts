import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Artifact, ArtifactResolver } from "@nomicfoundation/ignition-core";

const RELEASE_DIR = join(import.meta.dirname, "../../contracts/release");

/** The committed release artifact of a contract, made by scripts/build/exportAbi.ts: nothing is compiled here. */
export async function releaseArtifact(contractName: string): Promise<Artifact> {
  return JSON.parse(await readFile(join(RELEASE_DIR, `${contractName}.json`), "utf8")) as Artifact;
}

/** What Ignition reads artifacts from, so that a deployment never needs the compiler. */
export const releaseArtifacts: ArtifactResolver = {
  loadArtifact: releaseArtifact,
  getBuildInfo: () => Promise.resolve(undefined),
};
