import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.ts";

const KEPT_MAX = 3;
/** Everything that the bundle is made of. */
const SOURCES = ["portal/**/*.*", "sdk/**/*.ts", "protocol/**/*.ts", "package-lock.json"];

/** Names what the bundle is made of; the same sources have the same bundle. */
function fingerprint(): string {
  const hash = createHash("sha256");
  for (const file of globSync(SOURCES, { cwd: root }).toSorted()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

/** The folder of the built portal; built when these sources have not been built before. A few seconds, no network. */
export async function bringPortal(): Promise<string> {
  const home = join(root, ".cache/portal");
  const dir = join(home, fingerprint());
  if (existsSync(join(dir, "index.html"))) return dir;
  mkdirSync(home, { recursive: true });
  const stage = join(home, `stage.${process.pid}`);
  const { build } = await import("vite");
  await build({ configFile: join(root, "portal/vite.config.ts"), build: { outDir: stage } });
  try {
    renameSync(stage, dir);
  } catch (error) {
    // Another call has built the same in the meantime.
    rmSync(stage, { recursive: true, force: true });
    if (!existsSync(join(dir, "index.html"))) throw error;
  }
  forgetOld(home, dir);
  return dir;
}

function forgetOld(home: string, current: string): void {
  const built = readdirSync(home).filter((name) => /^[0-9a-f]{16}$/.test(name) && join(home, name) !== current);
  for (const name of built.slice(0, Math.max(0, built.length - KEPT_MAX))) {
    rmSync(join(home, name), { recursive: true, force: true });
  }
}
