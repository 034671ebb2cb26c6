import { backupFaults } from "./faults/backups.ts";
import { callFaults } from "./faults/calls.ts";
import { diskFaults } from "./faults/disks.ts";
import { erasureFaults } from "./faults/erasures.ts";
import { databaseFaults } from "./faults/databases.ts";
import type { Fault } from "./faults/fault.ts";
import { logFaults } from "./faults/log.ts";
import { pastFaults } from "./faults/pasts.ts";
import { powerFaults } from "./faults/power.ts";
import { relayerFaults } from "./faults/relayers.ts";
import { serverFaults } from "./faults/servers.ts";
import { trimFaults } from "./faults/trims.ts";

export const faults: readonly Fault[] = [
  ...relayerFaults,
  ...serverFaults,
  ...logFaults,
  ...diskFaults,
  ...pastFaults,
  ...databaseFaults,
  ...callFaults,
  ...powerFaults,
  ...trimFaults,
  ...backupFaults,
  ...erasureFaults,
];

interface Elsewhere {
  readonly row: string;
  readonly why: string;
}

/** What this machine cannot do: never silent, because what did not run has not passed. */
export const elsewhere = (): readonly Elsewhere[] =>
  faults.flatMap(({ name, rows, lacking }) => {
    const why = lacking?.();
    return why === undefined ? [] : [{ row: `${rows.join(" ")} ${name}`, why }];
  });
