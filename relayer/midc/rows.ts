import { Reader, Writer } from "../../protocol/canonical.ts";
import { decodePosition, encodePosition, type Position } from "./keys.ts";

/** The rows of the state, and their bytes. Facts only: what can be derived from them is not stored beside them. */

export interface HeadRow {
  readonly height: number;
  readonly hash: Uint8Array;
  /** Where the newest block lies; each block points to the one before. */
  readonly last: Position;
  readonly ownerTag: Uint8Array;
}

export interface StepRow {
  readonly pending?: Position;
  readonly outcome?: Position;
}

export interface TxParty {
  readonly chainId: Uint8Array;
  readonly codedId: Uint8Array;
}

/** What became of one member of a batch. */
export interface Verdict {
  readonly state: "completed" | "failed";
  /** SettlementEngine status of the deal; 0 where nothing was to be executed. */
  readonly status: number;
  /** Name of the decoded on-chain error, empty when there is none. */
  readonly reason: string;
}

/** Where a batch was mined. */
export interface MinedAt {
  readonly blockNumber: number;
  readonly blockHash: Uint8Array;
  readonly txHash: Uint8Array;
}

export interface Outcome extends Verdict, MinedAt {}

/** What became of a batch: one decision for all of its members. */
export interface Decision extends MinedAt {
  /** Members that share one verdict, which are most of them. */
  readonly rest: Verdict;
  /** The others, by their index in the batch, ascending. */
  readonly named: readonly { readonly index: number; readonly verdict: Verdict }[];
}

export interface TxRow {
  /** Wire number of the request's kind. */
  readonly kind: number;
  readonly begun: Position;
  /** Milliseconds since 1970 at the node that took it. */
  readonly at: number;
  readonly parties: readonly TxParty[];
  /** The leaf's commitment in the batch. */
  readonly commitment: Uint8Array;
  /** What its deal counts for when a batch is filled, in legs; 0 where nothing executes on chain. */
  readonly legs: number;
}

/** Where in the batches of its partition a transaction is. */
export interface Place {
  readonly seq: number;
  readonly index: number;
}

/** The decision of a batch; `ended` once every chain of every member has its outcome. */
export interface DecidedRow {
  readonly decision: Decision;
  readonly ended: boolean;
}

export interface BatchRow {
  readonly seq: number;
  readonly prev: Uint8Array;
  readonly root: Uint8Array;
  readonly itemsHash: Uint8Array;
  readonly headerHash: Uint8Array;
  readonly txIds: readonly Uint8Array[];
}

export interface BatchHeadRow {
  readonly next: number;
  readonly headerHash: Uint8Array;
}

export interface VaultRow {
  readonly shredKey: Uint8Array;
  readonly pepper: Uint8Array;
  /** The owner's key slots, sealed by the owner; opaque here. */
  readonly slots: Uint8Array;
  /** Names the owner's current reading key (protocol/keys); envelopes must be addressed to it. */
  readonly readerKeyId: Uint8Array;
  /** The owner's key binding, sealed under the shred key. */
  readonly binding: Uint8Array;
}

export interface AppliedRow {
  readonly seq: number;
  /** Running digest of the raw log: SHA-256(0x01 ‖ before ‖ seq ‖ SHA-256(record)). */
  readonly digest: Uint8Array;
}

const SLOTS_BYTES_MAX = 64 * 1024;
export const BATCH_TXS_MAX = 4096;

const optional = (w: Writer, position: Position | undefined): Writer =>
  position === undefined ? w.nothing() : w.bytes(encodePosition(position));
const readOptional = (r: Reader): Position | undefined => (r.isNothing() ? undefined : decodePosition(r.fixed(12)));

export const encodeHead = (row: HeadRow): Uint8Array =>
  new Writer().array(4).uint(row.height).bytes(row.hash).bytes(encodePosition(row.last)).bytes(row.ownerTag).done();

export function decodeHead(bytes: Uint8Array): HeadRow {
  const r = new Reader(bytes);
  r.array(4);
  return { height: r.uint(), hash: r.fixed(32), last: decodePosition(r.fixed(12)), ownerTag: r.fixed(16) };
}

export function encodeStep(row: StepRow): Uint8Array {
  const w = new Writer().array(2);
  optional(w, row.pending);
  return optional(w, row.outcome).done();
}

export function decodeStep(bytes: Uint8Array): StepRow {
  const r = new Reader(bytes);
  r.array(2);
  const pending = readOptional(r);
  const outcome = readOptional(r);
  return { ...(pending === undefined ? {} : { pending }), ...(outcome === undefined ? {} : { outcome }) };
}

function writeVerdict(w: Writer, verdict: Verdict): void {
  w.array(3)
    .uint(verdict.state === "completed" ? 1 : 2)
    .uint(verdict.status)
    .text(verdict.reason);
}

function readVerdict(r: Reader): Verdict {
  r.array(3);
  return { state: r.uint(2) === 1 ? "completed" : "failed", status: r.uint(255), reason: r.text(64) };
}

export function writeDecision(w: Writer, decision: Decision): void {
  w.array(5).uint(decision.blockNumber).bytes(decision.blockHash).bytes(decision.txHash);
  writeVerdict(w, decision.rest);
  w.array(decision.named.length);
  for (const { index, verdict } of decision.named) writeVerdict(w.array(2).uint(index), verdict);
}

export function readDecision(r: Reader): Decision {
  r.array(5);
  const mined = { blockNumber: r.uint(), blockHash: r.fixed(32), txHash: r.fixed(32) };
  const rest = readVerdict(r);
  const named = Array.from({ length: r.array(BATCH_TXS_MAX) }, () => {
    r.array(2);
    return { index: r.uint(BATCH_TXS_MAX - 1), verdict: readVerdict(r) };
  });
  return { ...mined, rest, named };
}

/** What a decision says of the member at `index`. */
export function outcomeAt(decision: Decision, index: number): Outcome {
  const { blockNumber, blockHash, txHash, rest, named } = decision;
  const verdict = named.find((one) => one.index === index)?.verdict ?? rest;
  return { ...verdict, blockNumber, blockHash, txHash };
}

export function encodeDecided(row: DecidedRow): Uint8Array {
  const w = new Writer().array(2).uint(row.ended ? 1 : 0);
  writeDecision(w, row.decision);
  return w.done();
}

export function decodeDecided(bytes: Uint8Array): DecidedRow {
  const r = new Reader(bytes);
  r.array(2);
  const ended = r.uint(1) === 1;
  return { ended, decision: readDecision(r) };
}

export function encodeTx(row: TxRow): Uint8Array {
  const w = new Writer()
    .array(6)
    .uint(row.kind)
    .bytes(encodePosition(row.begun))
    .uint(row.at)
    .array(row.parties.length);
  for (const party of row.parties) w.bytes(party.chainId).bytes(party.codedId);
  return w.bytes(row.commitment).uint(row.legs).done();
}

export function decodeTx(bytes: Uint8Array): TxRow {
  const r = new Reader(bytes);
  r.array(6);
  const kind = r.uint();
  const begun = decodePosition(r.fixed(12));
  const at = r.uint();
  const parties = Array.from({ length: r.array(64) }, () => ({ chainId: r.fixed(16), codedId: r.fixed(32) }));
  const commitment = r.fixed(32);
  const legs = r.uint();
  return { kind, begun, at, parties, commitment, legs };
}

export const encodePlace = (place: Place): Uint8Array => new Writer().array(2).uint(place.seq).uint(place.index).done();

export function decodePlace(bytes: Uint8Array): Place {
  const r = new Reader(bytes);
  r.array(2);
  return { seq: r.uint(), index: r.uint() };
}

export function encodeBatch(row: BatchRow): Uint8Array {
  const w = new Writer()
    .array(6)
    .uint(row.seq)
    .bytes(row.prev)
    .bytes(row.root)
    .bytes(row.itemsHash)
    .bytes(row.headerHash);
  w.array(row.txIds.length);
  for (const txId of row.txIds) w.bytes(txId);
  return w.done();
}

export function decodeBatch(bytes: Uint8Array): BatchRow {
  const r = new Reader(bytes);
  r.array(6);
  return {
    seq: r.uint(),
    prev: r.fixed(32),
    root: r.fixed(32),
    itemsHash: r.fixed(32),
    headerHash: r.fixed(32),
    txIds: Array.from({ length: r.array(BATCH_TXS_MAX) }, () => r.fixed(32)),
  };
}

export const encodeBatchHead = (row: BatchHeadRow): Uint8Array =>
  new Writer().array(2).uint(row.next).bytes(row.headerHash).done();

export function decodeBatchHead(bytes: Uint8Array | undefined): BatchHeadRow {
  if (bytes === undefined) return { next: 0, headerHash: new Uint8Array(32) };
  const r = new Reader(bytes);
  r.array(2);
  return { next: r.uint(), headerHash: r.fixed(32) };
}

export const encodeVault = (row: VaultRow): Uint8Array =>
  new Writer()
    .array(5)
    .bytes(row.shredKey)
    .bytes(row.pepper)
    .bytes(row.slots)
    .bytes(row.readerKeyId)
    .bytes(row.binding)
    .done();

export function decodeVault(bytes: Uint8Array): VaultRow {
  const r = new Reader(bytes);
  r.array(5);
  return {
    shredKey: r.bytes(256),
    pepper: r.bytes(256),
    slots: r.bytes(SLOTS_BYTES_MAX),
    readerKeyId: r.fixed(16),
    binding: r.bytes(8192),
  };
}

export const encodeApplied = (row: AppliedRow): Uint8Array =>
  new Writer().array(2).uint(row.seq).bytes(row.digest).done();

export function decodeApplied(bytes: Uint8Array | undefined): AppliedRow {
  if (bytes === undefined) return { seq: 0, digest: new Uint8Array(32) };
  const r = new Reader(bytes);
  r.array(2);
  return { seq: r.uint(), digest: r.fixed(32) };
}

/** A block row: where the block before it lies, its header, its sealed body (empty once erased). */
export interface BlockRow {
  readonly prev: Position | undefined;
  readonly header: Uint8Array;
  readonly sealed: Uint8Array;
}

const SEALED_BYTES_MAX = 4 * 1024 * 1024;

export const encodeBlock = (row: BlockRow): Uint8Array =>
  optional(new Writer().array(3), row.prev).bytes(row.header).bytes(row.sealed).done();

export function decodeBlock(bytes: Uint8Array): BlockRow {
  const r = new Reader(bytes);
  r.array(3);
  return { prev: readOptional(r), header: r.bytes(256), sealed: r.bytes(SEALED_BYTES_MAX) };
}
