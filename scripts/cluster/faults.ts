import { diskFaults } from "./faults/disks.ts";
import type { Fault } from "./faults/fault.ts";
import { logFaults } from "./faults/log.ts";
import { relayerFaults } from "./faults/relayers.ts";
import { serverFaults } from "./faults/servers.ts";

export const faults: readonly Fault[] = [...relayerFaults, ...serverFaults, ...logFaults, ...diskFaults];

/** Rows of the matrix that no command here does to real processes, and why. */
export const elsewhere: readonly { readonly row: string; readonly why: string }[] = [
  { row: "F10 power loss", why: "needs a disk that forgets what was not synced" },
  { row: "F11 EIO, ENOSPC, slow fsync", why: "needs a tracer that is allowed to inject errors" },
  { row: "F16 erasure during append", why: "erasure is not built yet" },
  { row: "F19 trim against a slow replica", why: "waits for trimming" },
];
