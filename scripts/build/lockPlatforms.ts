// puts the optional packages of other platforms back into the lock file, for registries that do not carry all of them
import { readFileSync, writeFileSync } from "node:fs";

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const LOCK = new URL("../../package-lock.json", import.meta.url);
const SYSTEMS = ["darwin", "android", "freebsd", "openbsd", "netbsd", "openharmony", "win32", "linux"];
const PROCESSORS: Readonly<Record<string, string>> = {
  arm64: "arm64",
  armv7: "arm",
  armhf: "arm",
  "arm-": "arm",
  amd64: "x64",
  x64: "x64",
  ia32: "ia32",
  ppc64: "ppc64",
  riscv64: "riscv64",
  s390x: "s390x",
};

const lock = JSON.parse(readFileSync(LOCK, "utf8")) as { packages: Record<string, Locked> };

/** Whether a package at `path` would find `name` where Node looks for it. */
function isLocked(path: string, name: string): boolean {
  for (let folder = path; ;) {
    if (lock.packages[`${folder === "" ? "" : `${folder}/`}node_modules/${name}`] !== undefined) return true;
    if (folder === "") return false;
    const parent = folder.lastIndexOf("/node_modules/");
    folder = parent < 0 ? "" : folder.slice(0, parent);
  }
}

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isLocked(path, name)) continue;
    const os = SYSTEMS.find((system) => name.includes(system));
    const cpu = Object.entries(PROCESSORS).find(([word]) => name.includes(word))?.[1];
    lock.packages[`node_modules/${name}`] = {
      version: range.replace(/^[~^]/, ""),
      ...(cpu === undefined ? {} : { cpu: [cpu] }),
      ...(entry.dev === true ? { dev: true } : {}),
      optional: true,
      ...(os === undefined ? {} : { os: [os] }),
    };
    added += 1;
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(LOCK, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, undefined, 2)}\n`);
console.log(`${added} optional packages of other platforms put back`);
