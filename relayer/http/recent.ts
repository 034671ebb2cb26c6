import { decodeHeader } from "../../protocol/block.ts";
import { keys } from "../midc/keys.ts";
import { decodeBlock, decodeTx } from "../midc/rows.ts";
import type { StateView } from "../ports.ts";
import type { HttpNode } from "./door.ts";

/** The newest transactions of the network, newest first: a bounded list that is filled from the state at the start. */

export const RECENT_MAX = 2_000;
const BLOCKS_PER_PARTITION = 200;

export interface Recent {
  /** At most `limit` ids that came before `cursor`, and the cursor of the next page. */
  readonly page: (
    limit: number,
    cursor: string | undefined,
  ) => { readonly ids: readonly Uint8Array[]; readonly cursor?: string };
  readonly stop: () => void;
}

export function followRecent(replica: HttpNode["replica"]): Recent {
  const ids: Uint8Array[] = [...lastOnes(replica.view, replica.partitions)];
  /** How many have been dropped at the front, so that a cursor stays a place in an ever-growing list. */
  let dropped = 0;
  const unlisten = replica.onHappened((happened) => {
    if (happened.kind !== "begun") return;
    ids.push(happened.txId);
    if (ids.length > RECENT_MAX * 2) {
      dropped += ids.length - RECENT_MAX;
      ids.splice(0, ids.length - RECENT_MAX);
    }
  });
  return {
    page(limit, cursor) {
      const end = cursor === undefined ? ids.length : Math.min(ids.length, Math.max(0, Number(cursor) - dropped));
      const start = Math.max(0, end - limit);
      const more = start > 0 ? { cursor: String(start + dropped) } : {};
      return { ids: ids.slice(start, end).reverse(), ...more };
    },
    stop: unlisten,
  };
}

/** Ids of the transactions that left the newest pending blocks, in the order in which they were taken. */
function lastOnes(view: StateView, partitions: number): readonly Uint8Array[] {
  const found = new Map<string, { readonly id: Uint8Array; readonly at: number }>();
  for (let partition = 0; partition < partitions; partition += 1) {
    const from = keys.block({ partition, seq: 0, index: 0 });
    const to = keys.block({ partition: partition + 1, seq: 0, index: 0 });
    for (const row of view.range({ from, to, limit: BLOCKS_PER_PARTITION, reverse: true })) {
      const { kind, txId } = decodeHeader(decodeBlock(row.value).header);
      const name = Buffer.from(txId).toString("latin1");
      const bytes = kind === "pending" && !found.has(name) ? view.get(keys.tx(txId)) : undefined;
      if (bytes !== undefined) found.set(name, { id: txId, at: decodeTx(bytes).at });
    }
  }
  return [...found.values()]
    .sort((a, b) => a.at - b.at)
    .slice(-RECENT_MAX)
    .map(({ id }) => id);
}
