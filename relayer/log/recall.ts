import { decodeCommand, type BlockDraft } from "../midc/command.ts";
import { keys, type Position } from "../midc/keys.ts";
import { decodeTx } from "../midc/rows.ts";
import { openRecord } from "../midc/record.ts";
import type { PartitionLog, StateView } from "../ports.ts";

/**
 * The pending blocks a transaction began with, read back from its record in the log: what an executor lays when the
 * node that took the request stopped before it had laid them all.
 */
export async function recallBlocks(
  txId: Uint8Array,
  ports: { readonly view: StateView; readonly log: Pick<PartitionLog, "read"> },
): Promise<readonly BlockDraft[]> {
  const bytes = ports.view.get(keys.tx(txId));
  if (bytes === undefined) return [];
  return blocksAt(decodeTx(bytes).begun, ports.log);
}

async function blocksAt(begun: Position, log: Pick<PartitionLog, "read">): Promise<readonly BlockDraft[]> {
  const [entry] = await log.read(begun.partition, begun.seq, 1);
  if (entry?.seq !== begun.seq) return [];
  // The record was judged when it was applied; here it is only taken apart, so any key may have signed it.
  const commands = commandsOf(entry.bytes, begun.partition);
  const command = commands[begun.index];
  if (command === undefined) return [];
  const decoded = decodeCommand(command);
  return decoded.kind === "begin" ? decoded.blocks : [];
}

function commandsOf(record: Uint8Array, partition: number): readonly Uint8Array[] {
  const opened = openRecord(record, partition, undefined);
  return opened.kind === "record" ? opened.commands : [];
}
