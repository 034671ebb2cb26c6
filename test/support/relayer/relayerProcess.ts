import { startRelayer as start, type RelayerProcess } from "../../../scripts/local/stack.ts";

const READY_MS_MAX = 120_000;

/** A relayer process on free ports that says nothing but errors. */
export const startRelayer = (
  env: Readonly<Record<string, string>>,
  options: Parameters<typeof start>[1] = {},
): Promise<RelayerProcess> =>
  start(
    { MIDCHAIN_PORT: "0", MIDCHAIN_METRICS_PORT: "0", MIDCHAIN_LOG_LEVEL: "error", ...env },
    { readyMsMax: READY_MS_MAX, ...options },
  );
