import type { BlockDraft } from "../midc/command.ts";
import { keys, partitionOf } from "../midc/keys.ts";
import { decodeStep, decodeTx, type TxRow } from "../midc/rows.ts";
import type { PartitionLog, StateView } from "../ports.ts";
import { recallBlocks } from "./recall.ts";
import type { Replica } from "./replica.ts";

/** Puts blocks on their chains; those that are there already stay as they are. */
export async function layBlocks(
  blocks: readonly BlockDraft[],
  replica: Pick<Replica, "submit" | "partitions">,
): Promise<void> {
  await Promise.all(
    blocks.map((block) => replica.submit(partitionOf(block.chainId, replica.partitions), { kind: "block", block })),
  );
}

/** Whether every party of a transaction has its pending block. */
export const isLaid = (txId: Uint8Array, { parties }: Pick<TxRow, "parties">, view: StateView): boolean =>
  parties.every(({ chainId }) => isThere(chainId, txId, view));

function isThere(chainId: Uint8Array, txId: Uint8Array, view: StateView): boolean {
  const step = view.get(keys.step(chainId, txId));
  return step !== undefined && decodeStep(step).pending !== undefined;
}

/**
 * Lays what the node that took the request did not come to lay; the record that began the transaction holds it all. That
 * record is looked for only while something is missing: once a transaction is final its record may be trimmed.
 */
export async function layMissing(
  txId: Uint8Array,
  {
    replica,
    log,
  }: {
    readonly replica: Pick<Replica, "submit" | "partitions" | "view">;
    readonly log: Pick<PartitionLog, "read">;
  },
): Promise<void> {
  const row = replica.view.get(keys.tx(txId));
  if (row === undefined || isLaid(txId, decodeTx(row), replica.view)) return;
  const blocks = await recallBlocks(txId, { view: replica.view, log });
  await layBlocks(
    blocks.filter(({ chainId }) => !isThere(chainId, txId, replica.view)),
    replica,
  );
}
