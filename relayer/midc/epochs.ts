import { concat, equalBytes } from "../../protocol/bytes.ts";
import { Reader, Writer } from "../../protocol/canonical.ts";
import { sha256 } from "../../protocol/sha256.ts";
import type { StateView } from "../ports.ts";
import { decodeErasing, encodeErasing } from "./erasing.ts";
import { keys, partitionOf } from "./keys.ts";
import { DONE, KNOWN, refused, type CommandResult } from "./result.ts";
import { decodeVault, encodeVault } from "./rows.ts";
import type { Rewrap, VaultCommand } from "./vaultCommands.ts";

/**
 * Under which vault key users' keys are wrapped. The log says which key is offered and from where on it counts, never
 * the key itself. What always holds: once a partition uses an epoch, nothing that is wrapped under an older one gets in.
 */

/** Nothing but its name is known of a vault key here. */
export interface KeyName {
  readonly epoch: number;
  readonly print: Uint8Array;
}

const encodeName = ({ epoch, print }: KeyName): Uint8Array => new Writer().array(2).uint(epoch).bytes(print).done();

function decodeName(bytes: Uint8Array | undefined): KeyName | undefined {
  if (bytes === undefined) return undefined;
  const r = new Reader(bytes);
  r.array(2);
  return { epoch: r.uint(), print: r.fixed(32) };
}

/** The newest key that members were told to fetch. */
export const offeredKey = (view: Pick<StateView, "get">): KeyName | undefined => decodeName(view.get(keys.offeredKey));

/** The oldest key under which a partition takes wrapped bytes; undefined before the first change of keys. */
export const usedKey = (view: Pick<StateView, "get">, partition: number): KeyName | undefined =>
  decodeName(view.get(keys.usedKey(partition)));

/** Wrapped bytes begin with their epoch; those of the first key, as it was before there were others, have none. */
const UNNAMED_BYTES = 60;
export const FIRST_EPOCH = 1;

export function epochOf(wrapped: Uint8Array): number {
  if (wrapped.length === UNNAMED_BYTES) return FIRST_EPOCH;
  return wrapped.length < 4 ? 0 : new DataView(wrapped.buffer, wrapped.byteOffset, 4).getUint32(0);
}

/** Whether a partition no longer takes these. */
export const isOld = (wrapped: Uint8Array, partition: number, view: Pick<StateView, "get">): boolean =>
  epochOf(wrapped) < (usedKey(view, partition)?.epoch ?? 0);

export const OLD_KEY = { kind: "refused", why: "wrapped under an older vault key" } as const;

/** Names what a rewrap stands in for. */
export const wrapsHash = (shredKey: Uint8Array, pepper: Uint8Array): Uint8Array => sha256(concat(shredKey, pepper));

interface Rows extends Pick<StateView, "get"> {
  put(key: Uint8Array, value: Uint8Array | undefined): void;
}

interface Place {
  readonly state: Rows;
  readonly partition: number;
  readonly partitions: number;
}

/** Of two keys offered at once the first counts: whoever made the other finds this one in its place. */
export function offerKey(offer: VaultCommand & { kind: "offerKey" }, { state, partition }: Place): CommandResult {
  if (partition !== 0) return refused("keys are offered in partition 0");
  return moveTo(offer, keys.offeredKey, state);
}

export const useKey = (use: VaultCommand & { kind: "useKey" }, { state, partition }: Place): CommandResult =>
  moveTo(use, keys.usedKey(partition), state);

function moveTo({ epoch, print }: KeyName, key: Uint8Array, state: Rows): CommandResult {
  const row = decodeName(state.get(key));
  if (row !== undefined && epoch <= row.epoch)
    return epoch === row.epoch && equalBytes(print, row.print) ? KNOWN : refused("not a newer vault key");
  state.put(key, encodeName({ epoch, print }));
  return DONE;
}

/** Each wrap stands in for exactly what it names: what was changed or erased meanwhile stays as it is. */
export function rewrap({ wraps }: VaultCommand & { kind: "rewrap" }, place: Place): CommandResult {
  const changed = wraps.filter((wrap) => rewrapOne(wrap, place));
  return changed.length > 0 ? DONE : KNOWN;
}

function rewrapOne({ chainId, from, shredKey, pepper }: Rewrap, { state, partition, partitions }: Place): boolean {
  if (partitionOf(chainId, partitions) !== partition || isOld(shredKey, partition, state)) return false;
  const vault = state.get(keys.vault(chainId));
  if (vault !== undefined) {
    const row = decodeVault(vault);
    if (isOld(pepper, partition, state) || !equalBytes(wrapsHash(row.shredKey, row.pepper), from)) return false;
    state.put(keys.vault(chainId), encodeVault({ ...row, shredKey, pepper }));
    return true;
  }
  const erasing = state.get(keys.erasing(chainId));
  if (erasing === undefined) return false;
  const row = decodeErasing(erasing);
  if (!equalBytes(wrapsHash(row.shredKey, NO_PEPPER), from)) return false;
  state.put(keys.erasing(chainId), encodeErasing({ ...row, shredKey }));
  return true;
}

const NO_PEPPER = new Uint8Array(0);
