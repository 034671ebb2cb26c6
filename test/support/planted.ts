import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/local/run.ts";

/** A mistake that somebody could make, kept to see whether it would be noticed. */
export interface Planted {
  readonly why: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Where to begin to look: the seed that found it when it was written down. */
  readonly from: number;
}

interface Report {
  readonly ok: boolean;
  readonly failures: readonly { readonly seed: number; readonly rules: readonly string[] }[];
}

const CHUNK_SEEDS = 25;

/** Simulates on a copy with the mistake in it until it is found, over at most so many seeds. */
export function findPlanted(planted: Planted, seedsMax: number): Report["failures"][number] | undefined {
  const copy = mkdtempSync(join(tmpdir(), "midchain-planted-"));
  try {
    for (const name of ["protocol", "relayer", "scripts", "package.json"])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const path = join(copy, planted.file);
    const text = readFileSync(path, "utf8");
    if (text.split(planted.find).length !== 2) throw new Error(`${planted.file}: the text to change is not there once`);
    writeFileSync(
      path,
      text.replace(planted.find, () => planted.replace),
    );
    for (let from = planted.from; from < planted.from + seedsMax; from += CHUNK_SEEDS) {
      const command = [
        "scripts/simulate.ts",
        "--seeds",
        String(CHUNK_SEEDS),
        "--from",
        String(from),
        "--no-shrink",
        "--json",
      ];
      const ran = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", ...command], {
        cwd: copy,
        encoding: "utf8",
        env: { PATH: process.env["PATH"] },
      });
      const [failure] = (JSON.parse(ran.stdout) as Report).failures;
      if (failure !== undefined) return failure;
    }
    return undefined;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
