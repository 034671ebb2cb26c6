import { readFileSync } from "node:fs";

const KIB_PER_MIB = 1_024;

/** What a process keeps in memory, as Linux counts it (proc_pid_status(5)). */
export function memoryOf(pid: number): { readonly privateMb: number; readonly mappedMb: number } {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  const mbOf = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? Number.NaN) / KIB_PER_MIB;
  return { privateMb: mbOf("RssAnon") + mbOf("RssShmem"), mappedMb: mbOf("RssFile") };
}
