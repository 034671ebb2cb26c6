import { equalBytes } from "../../protocol/bytes.ts";
import { Reader, Writer } from "../../protocol/canonical.ts";
import { decodeHeader } from "../../protocol/block.ts";
import type { StateView } from "../ports.ts";
import type { BlockDraft } from "./command.ts";
import { decodePosition, encodePosition, keys, type Position } from "./keys.ts";
import { DONE, KNOWN, type CommandResult } from "./result.ts";
import { decodeBlock, decodeStep, decodeVault, encodeBlock, type HeadRow } from "./rows.ts";
import { SWEEP_MAX, type VaultCommand } from "./vaultCommands.ts";

/**
 * Erasing a chain. At once: its vault, its account's way to it, and with that everything anybody is served. Then, in
 * steps of bounded work, the bodies of its blocks; the headers stay, and keep verifying. Last of all the user's wrapped
 * key, of which after that only copies under a vault key that is destroyed are left (relayer/privacy/rotation.ts).
 *
 * A transaction that is not final is finished first: the chain of the ledger needs its deal, and the other parties their
 * outcome. Its body, and the key to it, stay until it has ended, for the notary alone.
 */

/** The owner of an erased chain: no account's tag is this. */
export const NOBODY = new Uint8Array(16);

export const isErased = ({ ownerTag }: Pick<HeadRow, "ownerTag">): boolean => equalBytes(ownerTag, NOBODY);

/** Is there while not all of an erased chain's bodies are gone. */
export interface ErasingRow {
  /** The user's wrapped shred key. */
  readonly shredKey: Uint8Array;
  /** Where the sweep goes on; undefined once it has seen the genesis block. */
  readonly next: Position | undefined;
}

export function encodeErasing({ shredKey, next }: ErasingRow): Uint8Array {
  const w = new Writer().array(2).bytes(shredKey);
  return (next === undefined ? w.nothing() : w.bytes(encodePosition(next))).done();
}

const WRAP_BYTES_MAX = 256;

export function decodeErasing(bytes: Uint8Array): ErasingRow {
  const r = new Reader(bytes);
  r.array(2);
  const shredKey = r.bytes(WRAP_BYTES_MAX);
  return { shredKey, next: r.isNothing() ? undefined : decodePosition(r.fixed(12)) };
}

interface Rows extends StateView {
  put(key: Uint8Array, value: Uint8Array | undefined): void;
}

const NOTHING = new Uint8Array(0);
/** Being there is all that it says. */
const HELD = Uint8Array.of(1);

/** Takes away what makes a chain its owner's. The caller lays the tombstone, with nobody as the owner. */
export function beginErasing(chainId: Uint8Array, { ownerTag, last }: HeadRow, state: Rows): void {
  const vault = state.get(keys.vault(chainId));
  const shredKey = vault === undefined ? NOTHING : decodeVault(vault).shredKey;
  state.put(keys.vault(chainId), undefined);
  const owned = state.get(keys.directory(ownerTag));
  if (owned !== undefined && equalBytes(owned, chainId)) state.put(keys.directory(ownerTag), undefined);
  dropGrants(chainId, state);
  state.put(keys.erasing(chainId), encodeErasing({ shredKey, next: last }));
}

/** Removes up to so many rows of each kind, from which nobody is served any more; how many. */
function dropGrants(chainId: Uint8Array, state: Rows): number {
  const grants = state.range({ ...keys.grantsOf(chainId), limit: SWEEP_MAX });
  const envelopes = state.range({ ...keys.envelopesOn(chainId), limit: SWEEP_MAX });
  for (const { key } of [...grants, ...envelopes]) state.put(key, undefined);
  return grants.length + envelopes.length;
}

const OF_TRANSACTIONS: ReadonlySet<string> = new Set<BlockDraft["kind"]>(["pending", "completed", "failed"]);

/** What began before goes on: blocks of transactions are laid on an erased chain too, all others are refused. */
export const mayFollow = ({ kind }: Pick<BlockDraft, "kind">): boolean => OF_TRANSACTIONS.has(kind);

/** The body that a block keeps on an erased chain: only a pending one's, while there is a key to open it with. */
export function bodyOnErased({ chainId, kind, txId, sealed }: BlockDraft, state: Rows): Uint8Array {
  if (kind !== "pending" || state.get(keys.erasing(chainId)) === undefined) return NOTHING;
  state.put(keys.heldBody(chainId, txId), HELD);
  return sealed;
}

export function sweep(command: VaultCommand & { kind: "sweep" }, state: Rows): CommandResult {
  const { chainId, ended } = command;
  const bytes = state.get(keys.erasing(chainId));
  if (bytes === undefined) return KNOWN;
  const row = decodeErasing(bytes);
  const released = ended.filter((txId) => release(chainId, txId, state));
  const isNext = row.next !== undefined && command.from !== undefined && isAt(command.from, row.next);
  const next = isNext ? walk(command, command.from, state) : row.next;
  const dropped = dropGrants(chainId, state);
  const isOver = next === undefined && dropped < SWEEP_MAX && heldBodies(chainId, state, 1).length === 0;
  if (!isNext && released.length === 0 && dropped === 0 && !isOver) return KNOWN;
  state.put(keys.erasing(chainId), isOver ? undefined : encodeErasing({ ...row, next }));
  return DONE;
}

const isAt = (one: Position, other: Position): boolean => equalBytes(encodePosition(one), encodePosition(other));

/** Empties blocks from the newest down; returns where to go on. */
function walk(
  { chainId, pending }: VaultCommand & { kind: "sweep" },
  from: Position | undefined,
  state: Rows,
): Position | undefined {
  let at = from;
  for (let seen = 0; at !== undefined && seen < SWEEP_MAX; seen += 1) {
    const bytes = state.get(keys.block(at));
    if (bytes === undefined) return undefined;
    const row = decodeBlock(bytes);
    const { kind, txId } = decodeHeader(row.header);
    if (kind === "pending" && pending.some((open) => equalBytes(open, txId)))
      state.put(keys.heldBody(chainId, txId), HELD);
    else if (row.sealed.length > 0) state.put(keys.block(at), encodeBlock({ ...row, sealed: NOTHING }));
    at = row.prev;
  }
  return at;
}

/** Empties a pending block whose transaction has ended. */
function release(chainId: Uint8Array, txId: Uint8Array, state: Rows): boolean {
  const step = state.get(keys.step(chainId, txId));
  const { pending, outcome } = step === undefined ? {} : decodeStep(step);
  const held = keys.heldBody(chainId, txId);
  if (pending === undefined || outcome === undefined || state.get(held) === undefined) return false;
  const block = state.get(keys.block(pending));
  if (block !== undefined) state.put(keys.block(pending), encodeBlock({ ...decodeBlock(block), sealed: NOTHING }));
  state.put(held, undefined);
  return true;
}

/** Transactions whose pending block keeps its body on an erased chain. */
export const heldBodies = (chainId: Uint8Array, view: Pick<StateView, "range">, limit: number): readonly Uint8Array[] =>
  view.range({ ...keys.heldBodiesOf(chainId), limit }).map(({ key }) => Uint8Array.from(key.subarray(-32)));
