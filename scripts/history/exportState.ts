import { toHex } from "../../protocol/bytes.ts";
import { isErased } from "../../relayer/midc/erasing.ts";
import { decodePosition, isTx, keys, wholeTable } from "../../relayer/midc/keys.ts";
import { decodeApplied, decodeBatch, decodeBlock, decodeHead } from "../../relayer/midc/rows.ts";
import { readTx } from "../../relayer/midc/tx.ts";
import type { Row, StateView } from "../../relayer/ports.ts";
import type { Line } from "./line.ts";

const PAGE_ROWS = 1_000;

/** Everything the checker wants to know of one node, read from its state. */
export function* exportState(
  view: StateView,
  { node, partitions }: { readonly node: string; readonly partitions: number },
): Generator<Line> {
  for (let partition = 0; partition < partitions; partition += 1) {
    const { seq, digest } = decodeApplied(view.get(keys.applied(partition)));
    yield { k: "partition", node, partition, applied: seq, digest: toHex(digest) };
    yield* keptLines(view, node, partition);
  }
  for (const { key, value } of rowsOf(view, "h")) {
    const [chainId, head] = [key.slice(1), decodeHead(value)];
    const keyed = view.get(keys.vault(chainId)) ?? view.get(keys.erasing(chainId));
    const { height, hash } = head;
    const facts = { erased: isErased(head), keyed: keyed !== undefined };
    yield { k: "head", node, chain: toHex(chainId), height, hash: toHex(hash), ...facts };
  }
  for (const { key, value } of rowsOf(view, "b")) {
    const { header, sealed } = decodeBlock(value);
    yield { k: "block", node, ...decodePosition(key.slice(1)), header: toHex(header), sealed: sealed.length };
  }
  for (const { key } of rowsOf(view, "t")) {
    const tx = isTx(key) ? readTx(key.slice(1), view) : undefined;
    if (tx === undefined) continue;
    const { outcome, ended, parties, batch, begun } = tx;
    yield {
      k: "tx",
      node,
      tx: toHex(key.slice(1)),
      state: outcome?.state ?? "pending",
      ended,
      parties: parties.map(({ chainId }) => toHex(chainId)),
      ...(batch === undefined ? {} : { batch: { partition: begun.partition, seq: batch.seq } }),
    };
  }
  for (const { key, value } of rowsOf(view, "c")) {
    const { seq, headerHash } = decodeBatch(value);
    const partition = ((key[1] ?? 0) << 8) | (key[2] ?? 0);
    yield { k: "batch", node, partition, seq, headerHash: toHex(headerHash) };
  }
}

function* keptLines(view: StateView, node: string, partition: number): Generator<Line> {
  for (let next = 0; ;) {
    const page = view.range({ ...keys.keptOf(partition, next), limit: PAGE_ROWS });
    for (const { key, value } of page) {
      next = Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(key.byteLength - 8)) + 1;
      yield { k: "kept", node, partition, seq: next - 1, digest: toHex(value.subarray(0, 32)) };
    }
    if (page.length < PAGE_ROWS) return;
  }
}

function* rowsOf(view: StateView, letter: Parameters<typeof wholeTable>[0]): Generator<Row> {
  const { from, to } = wholeTable(letter);
  let after = from;
  for (;;) {
    const page = view.range({ from: after, to, limit: PAGE_ROWS });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ROWS) return;
    // The smallest key above the last one.
    after = new Uint8Array([...last.key, 0]);
  }
}
