import { cp, mkdtemp, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../local/run.ts";

const COPIED = [
  "contracts",
  "ignition",
  "protocol",
  "scripts",
  "test",
  "hardhat.config.ts",
  "package.json",
  "tsconfig.json",
];

/** What the contracts' tests need, to be changed: a run that is stopped leaves nothing changed behind. */
export async function copyContracts(what: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), `midchain-${what}-`));
  for (const name of COPIED) await cp(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}
