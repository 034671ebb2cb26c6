import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { z } from "zod";

const PARAMETERS_DIR = join(import.meta.dirname, "../../ignition/parameters");

// JSON has no integers beyond 2^53: amounts are written as decimal strings that end with n.
const wei = z
  .string()
  .regex(/^\d+n$/)
  .transform((text) => BigInt(text.slice(0, -1)));
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const seconds = z.number().int().nonnegative();
const bps = z.number().int().min(0).max(10_000);
const count = z.number().int().min(0).max(255);

const committeeRules = z.strictObject({
  quorumBps: bps,
  minSigners: count,
  maxMembers: count,
  grace: seconds,
  staleAfter: seconds,
});

const homeParameters = z.strictObject({
  guardian: address,
  genesisHolder: address,
  genesisSupply: wei,
  mintCap: wei,
  inflationBpsMax: bps,
  inflationBps: bps,
  unbondDelayMin: seconds,
  unbondDelay: seconds,
  stakersShareBps: bps,
  equivocationBps: bps,
  committeeRules,
  electionRules: z.strictObject({
    minStake: wei,
    epochLength: seconds,
    challengeWindow: seconds,
    challengeWindowMin: seconds,
  }),
  timelockDelay: seconds,
  certificateFeeBps: bps,
  marketFeeBps: bps,
  bridgeOutCapacity: wei,
  bridgeInCapacity: wei,
  bridgeWindow: seconds,
  governorRules: z.strictObject({
    votingDelay: seconds,
    votingPeriod: seconds,
    voteExtension: seconds,
    spanMax: seconds,
    guardianTerm: seconds,
    proposalThreshold: wei,
    quorumBps: bps,
    quorumFloor: wei,
    quorumFloorMax: wei,
    deposit: wei,
    depositMax: wei,
  }),
});

const remoteParameters = z.strictObject({
  homeChainId: z.number().int().positive(),
  guardian: address,
  committeeRules,
  firstEpoch: z.number().int().positive(),
  firstSeats: z.array(z.strictObject({ key: address, weight: wei })),
  bridgeOutCapacity: wei,
  bridgeInCapacity: wei,
  bridgeWindow: seconds,
});

const chainId = z.number().int().positive();
const parametersFile = z.union([
  z.strictObject({ chainId, Home: homeParameters }),
  z.strictObject({ chainId, Remote: remoteParameters }),
]);

export type HomeParameters = z.infer<typeof homeParameters>;
export type RemoteParameters = z.infer<typeof remoteParameters>;
export type ParametersFile = z.infer<typeof parametersFile>;

/** Networks with a reviewed file of parameters. */
export async function networksWithParameters(): Promise<string[]> {
  const files = await readdir(PARAMETERS_DIR);
  return files
    .filter((file) => file.endsWith(".json"))
    .map((file) => basename(file, ".json"))
    .toSorted();
}

/** The reviewed parameters of a network; rejects when a field is missing, unknown or malformed. */
export async function readParameters(network: string): Promise<ParametersFile> {
  return parametersFile.parse(JSON.parse(await readFile(join(PARAMETERS_DIR, `${network}.json`), "utf8")));
}
