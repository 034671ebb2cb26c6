import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { isNewEnough, VERSION_MIN_TEXT } from "../../relayer/adapters/jetstream/gate.ts";
import type { BroughtServer } from "./redis.ts";
import { root, run } from "./run.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** What a person does where we cannot bring one. */
export const NATS_FIX = `put nats-server ${VERSION_MIN_TEXT} or newer on PATH (github.com/nats-io/nats-server/releases, or Debian's package)`;

/**
 * Finds a nats-server that is new enough on PATH or in the project's cache; where apt can, unpacks the package of
 * Debian's newest suite into that cache. Nothing is installed system-wide.
 */
export async function bringNats(): Promise<BroughtServer> {
  const found = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((dir) => join(dir, "nats-server"))
    .find((path) => existsSync(path) && isNewEnough(natsVersion(path)));
  return found === undefined ? bringNatsOf("sid") : { kind: "found", path: found };
}

/** The nats-server of one Debian suite. The tests also want an old one, to see it refused. */
export async function bringNatsOf(suite: "sid" | "trixie"): Promise<BroughtServer> {
  const home = join(root, ".cache", `nats-${suite}`);
  const program = join(home, "root/usr/sbin/nats-server");
  if (existsSync(program)) return { kind: "found", path: program };
  const stage = `${home}-stage-${process.pid}`;
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(join(stage, "lists/partial"), { recursive: true });
  try {
    const why = await unpackFrom(suite, stage);
    if (why !== undefined) return { kind: "missing", why };
    rmSync(home, { recursive: true, force: true });
    renameSync(stage, home);
    return { kind: "found", path: program };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Downloads and unpacks with package lists of its own, so that the machine's apt is left as it is. */
async function unpackFrom(suite: string, stage: string): Promise<string | undefined> {
  const mirror = await debianMirror();
  if (mirror === undefined) return "no nats-server that is new enough is on PATH, and this machine has no Debian apt";
  const signed = existsSync(KEYRING) ? ` [signed-by=${KEYRING}]` : "";
  writeFileSync(join(stage, "sources.list"), `deb${signed} ${mirror} ${suite} main\n`);
  const own = [
    `Dir::Etc::sourcelist=${join(stage, "sources.list")}`,
    "Dir::Etc::sourceparts=-",
    `Dir::State::lists=${join(stage, "lists")}`,
    `Dir::Cache=${join(stage, "cache")}`,
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
  const updated = await run(["apt-get", ...own, "update"], { cwd: stage });
  const fetched = await run(["apt-get", ...own, "download", "nats-server"], { cwd: stage });
  const archive = readdirSync(stage).find((name) => name.endsWith(".deb"));
  if (archive === undefined)
    return `apt-get download failed: ${(updated.output + fetched.output).trim().split("\n").at(-1) ?? ""}`;
  await run(["dpkg-deb", "-x", archive, "root"], { cwd: stage });
  for (const name of ["lists", "cache", archive]) rmSync(join(stage, name), { recursive: true, force: true });
  return existsSync(join(stage, "root/usr/sbin/nats-server")) ? undefined : "the package holds no nats-server";
}

/** Where this machine gets its Debian packages from. */
async function debianMirror(): Promise<string | undefined> {
  const targets = await run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
  return targets.output.split("\n").find((uri) => /\/debian\/?$/.test(uri));
}

/** `2.15.1` of a program that answers `nats-server: v2.15.1`; empty for one that is none. */
function natsVersion(path: string): string {
  try {
    const text = execFileSync(path, ["--version"], { encoding: "utf8", timeout: 10_000 });
    return /v(\d+\.\d+\.\d+\S*)/.exec(text)?.[1] ?? "";
  } catch {
    return "";
  }
}
