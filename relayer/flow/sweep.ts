import { decodeHeader } from "../../protocol/block.ts";
import type { Replica } from "../log/replica.ts";
import { decodeErasing, heldBodies } from "../midc/erasing.ts";
import { keys, partitionOf, wholeTable, type Position } from "../midc/keys.ts";
import { decodeBlock } from "../midc/rows.ts";
import { readTx } from "../midc/tx.ts";
import { SWEEP_MAX, type VaultCommand } from "../midc/vaultCommands.ts";
import type { Clock, StateView } from "../ports.ts";

/**
 * Finishes erasures: takes the bodies off erased chains, step by step, and those of transactions once they have ended.
 * Any node may do it at any time; what is left to do is in the rows.
 */

type Sweep = VaultCommand & { readonly kind: "sweep" };

/** The next step of an erasure; undefined when nothing is left, or what is left waits for transactions to end. */
export function nextSweep(chainId: Uint8Array, view: StateView): Sweep | undefined {
  const bytes = view.get(keys.erasing(chainId));
  if (bytes === undefined) return undefined;
  const { next } = decodeErasing(bytes);
  const held = heldBodies(chainId, view, SWEEP_MAX);
  const ended = held.filter((txId) => isOver(txId, view));
  const hasGrants = view.range({ ...keys.grantsOf(chainId), limit: 1 }).length > 0;
  const hasEnvelopes = view.range({ ...keys.envelopesOn(chainId), limit: 1 }).length > 0;
  if (next === undefined && ended.length === 0 && held.length > 0 && !hasGrants && !hasEnvelopes) return undefined;
  return {
    kind: "sweep",
    chainId,
    ...(next === undefined ? {} : { from: next }),
    pending: pendingFrom(next, view),
    ended,
  };
}

/** Transactions below `from` that are not over, as far as one sweep looks. */
function pendingFrom(from: Position | undefined, view: StateView): readonly Uint8Array[] {
  const pending: Uint8Array[] = [];
  let at = from;
  for (let seen = 0; at !== undefined && seen < SWEEP_MAX; seen += 1) {
    const bytes = view.get(keys.block(at));
    if (bytes === undefined) break;
    const { header, prev } = decodeBlock(bytes);
    const { kind, txId } = decodeHeader(header);
    if (kind === "pending" && !isOver(txId, view)) pending.push(txId);
    at = prev;
  }
  return pending;
}

/** Its outcome lies on every chain, so nobody builds its batch again. */
const isOver = (txId: Uint8Array, view: StateView): boolean => readTx(txId, view)?.ended === true;

export interface SweepPorts {
  readonly replica: Pick<Replica, "submit" | "view" | "partitions">;
}

/** What one caller may wait for; the sweeper does the rest. */
const STEPS_AT_ONCE_MAX = 32;

/** Sweeps one chain as far as it goes now. */
export async function sweepChain(chainId: Uint8Array, { replica }: SweepPorts): Promise<void> {
  const partition = partitionOf(chainId, replica.partitions);
  for (let steps = 0; steps < STEPS_AT_ONCE_MAX; steps += 1) {
    const sweep = nextSweep(chainId, replica.view);
    if (sweep === undefined) return;
    await replica.submit(partition, sweep);
  }
}

const TICK_MS = 2_000;
const CHAINS_MAX = 256;

/** Goes on with the erasures of the partitions that this node works on. */
export function startSweeper(
  options: { readonly owns: (partition: number) => boolean; readonly onFault: (error: unknown) => void },
  ports: SweepPorts & { readonly clock: Clock },
): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController();
  const { replica, clock } = ports;
  const look = async (): Promise<void> => {
    const rows = replica.view.range({ ...wholeTable("x"), limit: CHAINS_MAX });
    const chains = rows.map(({ key }) => Uint8Array.from(key.subarray(1)));
    for (const chainId of chains.filter((id) => options.owns(partitionOf(id, replica.partitions)))) {
      if (stopping.signal.aborted) return;
      await sweepChain(chainId, ports);
    }
  };
  const sweeping = (async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await look().catch(options.onFault);
      await clock.sleep(TICK_MS, stopping.signal);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await sweeping;
    },
  };
}
