import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root, run } from "./run.ts";

export type BroughtServer =
  { readonly kind: "found"; readonly path: string } | { readonly kind: "missing"; readonly why: string };

/** The Debian packages that hold redis-server and the libraries it links to. */
const PACKAGES = [
  "redis-server",
  "redis-tools",
  "libjemalloc2",
  "liblzf1",
  "liblua5.1-0",
  "lua-bitop",
  "lua-cjson",
  "libhiredis0.14",
  "libatomic1",
];

const onPath = (name: string): string | undefined =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((dir) => join(dir, name))
    .find((path) => existsSync(path));

/**
 * Finds redis-server on PATH or in the project's cache; where apt can, unpacks Debian's packages into that cache
 * (nothing is installed system-wide). The returned path is runnable as it is.
 */
export async function bringRedis(): Promise<BroughtServer> {
  const found = onPath("redis-server");
  if (found !== undefined) return { kind: "found", path: found };
  const home = join(root, ".cache", "redis");
  const launcher = join(home, "redis-server");
  if (existsSync(launcher)) return { kind: "found", path: launcher };
  if (onPath("apt-get") === undefined || onPath("dpkg-deb") === undefined) {
    return { kind: "missing", why: "redis-server is not on PATH and this machine has no apt" };
  }
  const stage = join(root, ".cache", `redis-stage-${process.pid}`);
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  let fetched = await run(["apt-get", "download", ...PACKAGES], { cwd: stage });
  if (fetched.code !== 0) {
    // The package lists may be missing or old; renewing them needs root and is worth one try.
    await run(["apt-get", "update"]);
    fetched = await run(["apt-get", "download", ...PACKAGES], { cwd: stage });
  }
  const archives = readdirSync(stage).filter((name) => name.endsWith(".deb"));
  for (const archive of archives) await run(["dpkg-deb", "-x", archive, "root"], { cwd: stage });
  if (!existsSync(join(stage, "root/usr/bin/redis-server"))) {
    rmSync(stage, { recursive: true, force: true });
    return { kind: "missing", why: `apt-get download failed: ${fetched.output.trim().split("\n").at(-1) ?? ""}` };
  }
  writeLauncher(stage);
  rmSync(home, { recursive: true, force: true });
  renameSync(stage, home);
  return { kind: "found", path: launcher };
}

/** The unpacked program finds its libraries beside it, wherever the project's folder is. */
function writeLauncher(stage: string): void {
  const libraries = readdirSync(join(stage, "root/usr/lib")).map((arch) => `$here/root/usr/lib/${arch}`);
  const script = `#!/bin/sh\nhere=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)\nLD_LIBRARY_PATH="${libraries.join(":")}" exec "$here/root/usr/bin/redis-server" "$@"\n`;
  writeFileSync(join(stage, "redis-server"), script, { mode: 0o755 });
}
