import { toHex } from "../../protocol/bytes.ts";
import { isWrong, judgeBranches } from "../audit/branches.ts";
import { Fault } from "../errors.ts";
import { keys } from "../midc/keys.ts";
import { decodeApplied } from "../midc/rows.ts";
import type { Keyring } from "../ports.ts";
import { askPasts, type AuditPorts } from "./auditor.ts";
import { isShared, type SharedPorts } from "./audits.ts";

/** An audit mends it meanwhile, or a person does; the operator hears of it each time. */
const AGAIN_MS = 5_000;

export interface DifferingPorts extends SharedPorts, Pick<AuditPorts, "onFault"> {
  readonly keyring: Pick<Keyring, "nodeId">;
  readonly partitions: number;
}

/**
 * Resolves once nothing says that this node holds another past than the rest. The servers may have lost what it alone had
 * applied, and the others have gone on without it while it was off: whoever were served from it would be shown blocks
 * that are none. Where too few are heard to tell, nothing says so.
 */
export async function untilShared(ports: DifferingPorts, signal: AbortSignal): Promise<void> {
  const { partitions, onFault, clock } = ports;
  const isStopped = (): boolean => signal.aborted;
  const untilAlike = async (partition: number): Promise<void> => {
    while (!isStopped()) {
      try {
        if (!(await isDiffering(partition, ports))) return;
        onFault(new Fault("STATE_DIFFERS", `partition ${partition}`));
      } catch (error) {
        // Stopped meanwhile, the state is closed.
        if (!isStopped()) onFault(error);
      }
      await clock.sleep(AGAIN_MS, signal);
    }
  };
  await Promise.all(Array.from({ length: partitions }, (_, partition) => untilAlike(partition)));
}

async function isDiffering(partition: number, ports: DifferingPorts): Promise<boolean> {
  const { seq } = decodeApplied(ports.view.get(keys.applied(partition)));
  if (seq === 0 || (await isShared(partition, seq, ports))) return false;
  // Some are behind, or silent, or hold something else: who holds what decides.
  const nodes = await askPasts(partition, ports);
  return isWrong(judgeBranches({ partition, nodes }), toHex(ports.keyring.nodeId));
}
