import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * One relayer per data folder: the embedded log gives out sequences in memory, so two writers would overwrite each
 * other. Returns the way to let go, or the pid that holds the folder.
 */
export function lockDataDir(dir: string): (() => void) | { readonly heldBy: number } {
  const path = join(dir, "relayer.pid");
  for (;;) {
    try {
      const file = openSync(path, "wx", 0o600);
      writeSync(file, String(process.pid));
      closeSync(file);
      return () => {
        rmSync(path, { force: true });
      };
    } catch {
      const pid = readPid(path);
      if (pid !== undefined && isAlive(pid) && pid !== process.pid) return { heldBy: pid };
      // Its owner was killed: the folder is free.
      rmSync(path, { force: true });
    }
  }
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
