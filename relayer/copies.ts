import { ascii, toHex } from "../protocol/bytes.ts";
import { hashRows } from "./adapters/file/folder.ts";
import { compareWithChain } from "./audit/anchored.ts";
import { faultIn, isSigned, type Manifest } from "./audit/snapshot.ts";
import type { Config } from "./config.ts";
import { Fault } from "./errors.ts";
import { requireLayout } from "./layout.ts";
import { keys } from "./midc/keys.ts";
import { decodeBatch } from "./midc/rows.ts";
import { ledgerPartition } from "./notary/notary.ts";
import type { Anchors, StateView } from "./ports.ts";

/** What a copy of the state has to pass before anything of it is used, wherever it came from. */

export type Network = Pick<
  Config,
  "MIDCHAIN_NETWORK" | "MIDCHAIN_CHAIN_ID" | "MIDCHAIN_LEDGER" | "MIDCHAIN_PARTITIONS"
>;

/** Its manifest is signed, and it is of this network. */
export function checkManifest(manifest: Manifest, config: Network): void {
  if (!isSigned(manifest)) throw new Fault("BACKUP_DAMAGED", "the manifest is not what was signed");
  const [found, wanted] = [
    [manifest.network, manifest.chain, manifest.ledger, manifest.partitions.length],
    [config.MIDCHAIN_NETWORK, config.MIDCHAIN_CHAIN_ID, config.MIDCHAIN_LEDGER, config.MIDCHAIN_PARTITIONS],
  ];
  const wrong = ["network", "chain", "ledger", "partitions"].findIndex((_, i) => found[i] !== wanted[i]);
  if (wrong === -1) return;
  const name = ["network", "chain", "ledger", "number of partitions"][wrong] ?? "";
  throw new Fault("BACKUP_FOREIGN", `${name} ${String(found[wrong])} there, ${String(wanted[wrong])} here`);
}

/** Its bytes are those that were hashed; to be asked before it is opened. */
export async function checkBytes(folder: string, manifest: Manifest): Promise<void> {
  const { bytes, sha256 } = await hashRows(folder).catch(() => ({ bytes: 0, sha256: new Uint8Array(0) }));
  if (bytes !== manifest.bytes || toHex(sha256) !== manifest.sha256)
    throw new Fault("BACKUP_DAMAGED", `${bytes} bytes of ${manifest.bytes}, or other ones`);
}

/**
 * Its rows lie where this version looks for them and are those that the manifest tells of, they do not contradict
 * themselves, and its batches are those of the chain. Answers in which partitions the chain holds more batches than the
 * copy: those it must get from the log.
 */
export async function checkRows(
  view: StateView,
  manifest: Manifest,
  { anchors, config }: { readonly anchors: Anchors; readonly config: Network },
): Promise<readonly number[]> {
  requireLayout(view);
  const fault = faultIn(view, manifest);
  if (fault !== undefined) throw new Fault("BACKUP_DAMAGED", fault);
  const tag = ascii(config.MIDCHAIN_NETWORK);
  const behind: number[] = [];
  for (const [p, place] of manifest.partitions.entries()) {
    const headerOf = (seq: number): string | undefined => {
      const bytes = view.get(keys.batch(p, seq));
      return bytes === undefined ? undefined : toHex(decodeBatch(bytes).headerHash);
    };
    const anchored = await compareWithChain(place, headerOf, { anchors, partition: ledgerPartition(tag, p) });
    if (anchored === "conflict") throw new Fault("BACKUP_FOREIGN", `the chain holds other batches of partition ${p}`);
    if (anchored === "behind") behind.push(p);
  }
  return behind;
}
