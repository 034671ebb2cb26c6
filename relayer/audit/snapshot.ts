import { verify } from "node:crypto";
import { z } from "zod";
import { headerHash } from "../../protocol/block.ts";
import { ascii, concat, equalBytes, fromHex, toHex } from "../../protocol/bytes.ts";
import { keys, wholeTable } from "../midc/keys.ts";
import { nodeKey } from "../midc/record.ts";
import { decodeApplied, decodeBatch, decodeBatchHead, decodeBlock, decodeHead } from "../midc/rows.ts";
import type { StateView } from "../ports.ts";

/**
 * What a node says of a copy of its state: how far each partition is in it, and the hash of its bytes, signed. The copy
 * holds what the state holds and no more: what can be erased is sealed under users' keys, which are wrapped under the
 * vault key, and that one is never in it.
 */

const hash32 = z.string().regex(/^0x[0-9a-f]{64}$/);
const count = z.int().min(0);
const place = z.object({
  /** Last record applied, and the running digest after it. */
  seq: count,
  digest: hash32,
  /** Batches closed, and the hash of the last one's header. */
  batches: count,
  header: hash32,
});

const schema = z.object({
  version: z.literal(1),
  network: z.string(),
  chain: count,
  ledger: z.string().regex(/^0x[0-9a-f]{40}$/),
  takenAt: z.iso.datetime(),
  /** Public key of the node that took it. */
  node: hash32,
  bytes: count,
  sha256: hash32,
  partitions: z.array(place).min(1).max(1_024),
  signature: z.string().regex(/^0x[0-9a-f]{128}$/),
});

export type Manifest = z.infer<typeof schema>;
export type Unsigned = Omit<Manifest, "signature">;
export type Place = z.infer<typeof place>;

export function manifestIn(text: string): Manifest | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const TAG = ascii("MIDC/v1 snapshot ");

/** One text for one manifest, whatever order its names came in. */
function signedText(unsigned: Unsigned): Uint8Array {
  const { version, network, chain, ledger, takenAt, node, bytes, sha256 } = unsigned;
  const partitions = unsigned.partitions.map(({ seq, digest, batches, header }) => [seq, digest, batches, header]);
  return concat(
    TAG,
    ascii(JSON.stringify([version, network, chain, ledger, takenAt, node, bytes, sha256, partitions])),
  );
}

export const signManifest = (unsigned: Unsigned, sign: (message: Uint8Array) => Uint8Array): Manifest => ({
  ...unsigned,
  signature: toHex(sign(signedText(unsigned))),
});

export const isSigned = (manifest: Manifest): boolean =>
  verify(
    null,
    signedText(manifest),
    nodeKey(fromHex(manifest.node) ?? new Uint8Array(32)),
    fromHex(manifest.signature) ?? new Uint8Array(64),
  );

/** How far each partition is in a state. */
export const placesOf = (view: StateView, partitions: number): readonly Place[] =>
  Array.from({ length: partitions }, (_, partition) => {
    const { seq, digest } = decodeApplied(view.get(keys.applied(partition)));
    const { next, headerHash: header } = decodeBatchHead(view.get(keys.batchHead(partition)));
    return { seq, digest: toHex(digest), batches: next, header: toHex(header) };
  });

/** The first thing in a copy that is not what its manifest says or that contradicts itself; undefined when all holds. */
export function faultIn(view: StateView, manifest: Manifest): string | undefined {
  const places = placesOf(view, manifest.partitions.length);
  const wrong = places.findIndex((at, p) => JSON.stringify(at) !== JSON.stringify(manifest.partitions[p]));
  if (wrong !== -1) return `partition ${wrong} is not where the manifest says`;
  return contradictionIn(view, places);
}

/** The first place where the rows of a state contradict one another. */
export const contradictionIn = (view: StateView, places: readonly Place[]): string | undefined =>
  brokenBatch(view, places) ?? brokenHead(view);

function brokenBatch(view: StateView, places: readonly Place[]): string | undefined {
  for (const [partition, { batches, header }] of places.entries()) {
    // Hash-linked from the last one down: each names the one before it.
    let expected: string = header;
    for (let seq = batches - 1; seq >= 0; seq -= 1) {
      const bytes = view.get(keys.batch(partition, seq));
      const batch = bytes === undefined ? undefined : decodeBatch(bytes);
      if (batch === undefined || toHex(batch.headerHash) !== expected)
        return `batch ${seq} of partition ${partition} is missing or not linked`;
      expected = toHex(batch.prev);
    }
  }
  return undefined;
}

const PAGE_ROWS = 1_000;

/** Every chain's newest block is there, and it is the one that the chain's head names. */
function brokenHead(view: StateView): string | undefined {
  const { from, to } = wholeTable("h");
  for (let after = from; ;) {
    const page = view.range({ from: after, to, limit: PAGE_ROWS });
    for (const { key, value } of page) {
      const head = decodeHead(value);
      const block = view.get(keys.block(head.last));
      if (block === undefined || !equalBytes(headerHash(decodeBlock(block).header), head.hash))
        return `the newest block of chain ${toHex(key.slice(1))} is missing or not the one its head names`;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ROWS) return undefined;
    after = new Uint8Array([...last.key, 0]);
  }
}
