import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../local/run.ts";

export const CLUSTER_HOME = join(root, ".data/cluster");

interface Started {
  /** The process that keeps it running. */
  readonly pid?: number;
  readonly relayers: readonly { readonly url: string; readonly metricsUrl: string; readonly dataDir: string }[];
}

/** The nodes of the cluster that was started last on this machine. */
function started(): Started {
  const file = join(CLUSTER_HOME, "cluster.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Started) : { relayers: [] };
}

export const localUrls = (): readonly string[] => started().relayers.map(({ url }) => url);
export const localOperatorUrls = (): readonly string[] => started().relayers.map(({ metricsUrl }) => metricsUrl);
export const localFolders = (): readonly string[] => started().relayers.map(({ dataDir }) => dataDir);

/** Has the process that keeps the local cluster running start its relayers again. */
export function restartLocal(): void {
  const { pid } = started();
  if (pid !== undefined) process.kill(pid, RESTART_SIGNAL);
}

export const RESTART_SIGNAL = "SIGUSR2";
