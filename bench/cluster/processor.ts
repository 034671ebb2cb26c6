import { readFileSync } from "node:fs";
import { setTimeout as pass } from "node:timers/promises";

/** The unit of /proc/<pid>/stat on Linux. */
const TICKS_PER_SECOND = 100;

/** Processor time of a process until now, all its threads. */
function secondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Share of one core that each process takes over a while. */
export async function sharesOf(pids: readonly number[], ms: number): Promise<readonly number[]> {
  const before = pids.map(secondsOf);
  await pass(ms);
  return pids.map((pid, i) => ((secondsOf(pid) - (before[i] ?? 0)) * 1_000) / ms);
}
