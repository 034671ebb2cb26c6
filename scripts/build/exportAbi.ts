// Writes the committed release artifacts of the contracts and their typed ABIs (--check: fail if they are stale)
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { Command } from "commander";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";

import config from "../../hardhat.config.ts";
import { refuse } from "../terminal/refuse.ts";

const root = join(import.meta.dirname, "../..");
const RELEASE_DIR = "contracts/release";
const ABI_DIR = "protocol/abi";
const SOURCES = /^contracts\//;

/** Contracts deployed exactly as OpenZeppelin wrote them. */
const VENDORED = [
  "@openzeppelin/contracts/governance/TimelockController.sol:TimelockController",
  "@openzeppelin/contracts/access/manager/AccessManager.sol:AccessManager",
  "@openzeppelin/contracts/crosschain/CrosschainRemoteExecutor.sol:CrosschainRemoteExecutor",
] as const;

const CALLABLE: ReadonlySet<string> = new Set(["constructor", "function", "fallback", "receive"]);

// A folder of its own: a release build must not push the everyday build out of artifacts/.
const paths = { ...config.paths, artifacts: ".cache/release/artifacts", cache: ".cache/release/cache" };
const hre = await createHardhatRuntimeEnvironment(
  { ...config, paths },
  { buildProfile: "release", noTypechain: true },
  root,
);

type Artifact = Awaited<ReturnType<typeof hre.artifacts.readArtifact>>;

const banner = "// Made from the contracts by scripts/build/exportAbi.ts; do not edit.\n";

function camel(name: string): string {
  const head = /^[A-Z]+(?=[A-Z][a-z]|$)|^[A-Z]/.exec(name)?.[0] ?? "";
  return head.toLowerCase() + name.slice(head.length);
}

/** What a deployment needs and nothing else, so that the committed file changes only when the contract does. */
function release(artifact: Artifact): string {
  const { _format, contractName, sourceName, abi, bytecode, deployedBytecode, linkReferences, deployedLinkReferences } =
    artifact;
  const kept = {
    _format,
    contractName,
    sourceName,
    abi,
    bytecode,
    deployedBytecode,
    linkReferences,
    deployedLinkReferences,
  };
  return `${JSON.stringify(kept)}\n`;
}

function typedAbi(artifact: Artifact): string {
  const entries = artifact.abi.map((entry: unknown) => `  ${JSON.stringify(entry)},\n`).join("");
  return `${banner}export const ${camel(artifact.contractName)}Abi = [\n${entries}] as const;\n`;
}

async function wanted(): Promise<Map<string, string>> {
  const build = hre.tasks.getTask("build");
  await build.run({ noTests: true, quiet: true });
  const names = [...(await hre.artifacts.getAllFullyQualifiedNames())].filter((name) => SOURCES.test(name));
  const files = new Map<string, string>();
  for (const name of [...names, ...VENDORED].toSorted()) {
    const artifact = await hre.artifacts.readArtifact(name);
    // Interfaces and abstract contracts have no code, internal libraries no functions of their own.
    const isDeployable =
      artifact.bytecode !== "0x" && artifact.abi.some((entry: { type: string }) => CALLABLE.has(entry.type));
    if (!isDeployable) continue;
    files.set(`${RELEASE_DIR}/${artifact.contractName}.json`, release(artifact));
    files.set(`${ABI_DIR}/${artifact.contractName}.ts`, typedAbi(artifact));
  }
  return files;
}

async function present(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const dir of [RELEASE_DIR, ABI_DIR]) {
    for (const name of await readdir(join(root, dir)).catch(() => [])) {
      files.set(`${dir}/${name}`, await readFile(join(root, dir, name), "utf8"));
    }
  }
  return files;
}

async function main(options: { check?: true }): Promise<void> {
  const [now, before] = [await wanted(), await present()];
  const stale = [...now].filter(([path, text]) => before.get(path) !== text).map(([path]) => path);
  const orphaned = [...before.keys()].filter((path) => !now.has(path));
  if (options.check) {
    if (stale.length + orphaned.length === 0) return;
    return refuse(
      `stale: ${[...stale, ...orphaned].map((path) => basename(path)).join(" ")}`,
      "run npm run abi and commit what changes",
    );
  }
  await mkdir(join(root, RELEASE_DIR), { recursive: true });
  await mkdir(join(root, ABI_DIR), { recursive: true });
  for (const path of stale) await writeFile(join(root, path), now.get(path) ?? "");
  for (const path of orphaned) await rm(join(root, path));
  process.stdout.write(`${stale.length} written, ${orphaned.length} removed, ${now.size - stale.length} unchanged\n`);
}

await new Command("exportAbi")
  .option("--check", "write nothing, fail if a committed file is stale")
  .action(main)
  .parseAsync();
