import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A disk in a file, mounted in the place of a folder. What a process has written and not synced is in the memory of the
 * mounted file system and not in the file: a copy of the file is what a power cut at that moment leaves.
 */
export interface Disk {
  /** Keeps what the disk holds at this moment; the processes that write to it must stand still. */
  readonly cut: () => void;
  /** Puts the disk as it was at the cut in its place; nobody may have a file open on it. */
  readonly restore: () => void;
  /** Turns it into a folder again. */
  readonly remove: () => void;
}

/** Nothing but an explicit sync may reach the file: no commit of the journal by time, no sync on rename. */
const MOUNT = ["-o", "loop,commit=600,noauto_da_alloc"];
const SIZE = "512M";

const sh = (file: string, ...args: readonly string[]): void => {
  execFileSync(file, args, { stdio: "pipe" });
};

/** A mount outlives its process; an interrupted run must leave none behind. */
const mounted = new Set<string>();
process.once("exit", () => {
  for (const folder of mounted) sh("umount", "-l", folder);
});

export function putOnDisk(folder: string): Disk {
  const [image, plain, kept] = [`${folder}.img`, `${folder}.plain`, `${folder}.cut`];
  sh("truncate", "-s", SIZE, image);
  sh("mkfs.ext4", "-q", "-F", image);
  renameSync(folder, plain);
  mkdirSync(folder, { mode: 0o700 });
  sh("mount", ...MOUNT, image, folder);
  mounted.add(folder);
  sh("cp", "-a", `${plain}/.`, folder);
  sh("sync", "-f", folder);
  rmSync(plain, { recursive: true });
  return {
    cut() {
      sh("cp", "--sparse=always", image, kept);
    },
    restore() {
      sh("umount", folder);
      renameSync(kept, image);
      sh("mount", ...MOUNT, image, folder);
    },
    remove() {
      mkdirSync(plain, { mode: 0o700 });
      sh("cp", "-a", `${folder}/.`, plain);
      sh("umount", folder);
      mounted.delete(folder);
      rmdirSync(folder);
      rmSync(image);
      rmSync(join(plain, "lost+found"), { recursive: true, force: true });
      renameSync(plain, folder);
    },
  };
}

/** Why this machine cannot mount a disk of its own; undefined where it can. */
export function lacksDisks(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "midchain-disk-"));
  try {
    const place = join(folder, "place");
    mkdirSync(place);
    putOnDisk(place).remove();
    return undefined;
  } catch {
    return "needs root, mkfs.ext4 and loop mounts, to have disks that forget what was not synced";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
