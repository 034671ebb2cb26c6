import { keccak_256 } from "@noble/hashes/sha3.js";
import { ascii } from "./bytes.ts";
import { Reader, Writer } from "./canonical.ts";
import { LEGS_MAX, PARTIES_MAX, readPart, SIGNATURE_BYTES_MAX, writePart, type SealedPart } from "./request.ts";
import type { BatchHeader } from "./typedData.ts";

/** What lies in the bodies of blocks, below the shred sealing: canonical bytes that the owner of a chain gets to read. */

/** Body of a pending block: everything that proves who agreed to what, and the owner's own sealed content. */
export interface PendingBody {
  /** Which of the request's parties this chain belongs to. */
  readonly party: number;
  readonly bodyBytes: Uint8Array;
  readonly signatures: readonly Uint8Array[];
  readonly dealSignatures: readonly Uint8Array[];
  /** The relayer's half of the commitment's salt. */
  readonly relayerSalt: Uint8Array;
  readonly part?: SealedPart;
}

export function encodePendingBody(body: PendingBody): Uint8Array {
  const w = new Writer();
  w.map(body.part === undefined ? 5 : 6)
    .uint(1)
    .uint(body.party)
    .uint(2)
    .bytes(body.bodyBytes);
  w.uint(3).array(body.signatures.length);
  for (const signature of body.signatures) w.bytes(signature);
  w.uint(4).array(body.dealSignatures.length);
  for (const signature of body.dealSignatures) w.bytes(signature);
  w.uint(5).bytes(body.relayerSalt);
  if (body.part !== undefined) writePart(w.uint(6), body.part);
  return w.done();
}

const BODY_BYTES_MAX = 64 * 1024;

/** Throws NotCanonical. */
export function decodePendingBody(bytes: Uint8Array): PendingBody {
  const r = new Reader(bytes);
  const size = r.map();
  const party = r.key(1).uint(PARTIES_MAX - 1);
  const bodyBytes = r.key(2).bytes(BODY_BYTES_MAX);
  const signatures = Array.from({ length: r.key(3).array(PARTIES_MAX) }, () => r.bytes(SIGNATURE_BYTES_MAX));
  const dealSignatures = Array.from({ length: r.key(4).array(LEGS_MAX) }, () => r.bytes(SIGNATURE_BYTES_MAX));
  const relayerSalt = r.key(5).fixed(32);
  const part = size === 6 ? readPart(r.key(6)) : undefined;
  r.end();
  return { party, bodyBytes, signatures, dealSignatures, relayerSalt, ...(part === undefined ? {} : { part }) };
}

/** What the ledger keeps as outcome root of a batch that governance has voided (NotaryLedger.VOID). */
export const VOID_ROOT = keccak_256(ascii("NotaryLedger.VOID"));

export const PROOF_LENGTH_MAX = 20;
export const REASON_BYTES_MAX = 256;

/** How the deal of a transaction ended on chain, with its place in the batch's outcome tree. */
export interface ItemProof {
  readonly index: number;
  readonly dealId: Uint8Array;
  readonly status: number;
  /** Revert data as the chain kept it. */
  readonly reason: Uint8Array;
  readonly outcomeRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Body of a completion or failure block: the inclusion proof of the transaction in a notarized batch. */
export interface OutcomeBody {
  readonly batch: BatchHeader;
  readonly inputProof: readonly Uint8Array[];
  readonly item?: ItemProof;
  readonly txHash: Uint8Array;
  readonly blockHash: Uint8Array;
  readonly blockNumber: number;
}

function writeHashes(w: Writer, hashes: readonly Uint8Array[]): void {
  w.array(hashes.length);
  for (const hash of hashes) w.bytes(hash);
}
const readHashes = (r: Reader): Uint8Array[] => Array.from({ length: r.array(PROOF_LENGTH_MAX) }, () => r.fixed(32));

export function encodeOutcomeBody(body: OutcomeBody): Uint8Array {
  const { batch, item } = body;
  const w = new Writer();
  w.map(item === undefined ? 5 : 6)
    .uint(1)
    .array(6)
    .bytes(batch.partition)
    .uint(Number(batch.seq))
    .bytes(batch.prev);
  w.bytes(batch.root).uint(batch.count).bytes(batch.itemsHash);
  writeHashes(w.uint(2), body.inputProof);
  w.uint(3).bytes(body.txHash).uint(4).bytes(body.blockHash).uint(5).uint(body.blockNumber);
  if (item !== undefined) {
    w.uint(6).array(6).uint(item.index).bytes(item.dealId).uint(item.status).bytes(item.reason).bytes(item.outcomeRoot);
    writeHashes(w, item.proof);
  }
  return w.done();
}

/** Throws NotCanonical. */
export function decodeOutcomeBody(bytes: Uint8Array): OutcomeBody {
  const r = new Reader(bytes);
  const size = r.map();
  r.key(1).array(6);
  const batch: BatchHeader = {
    partition: r.fixed(32),
    seq: BigInt(r.uint()),
    prev: r.fixed(32),
    root: r.fixed(32),
    count: r.uint(2 ** 32 - 1),
    itemsHash: r.fixed(32),
  };
  const inputProof = readHashes(r.key(2));
  const txHash = r.key(3).fixed(32);
  const blockHash = r.key(4).fixed(32);
  const blockNumber = r.key(5).uint();
  const item = size === 6 ? readItem(r.key(6)) : undefined;
  r.end();
  return { batch, inputProof, txHash, blockHash, blockNumber, ...(item === undefined ? {} : { item }) };
}

function readItem(r: Reader): ItemProof {
  r.array(6);
  return {
    index: r.uint(),
    dealId: r.fixed(32),
    status: r.uint(255),
    reason: r.bytes(REASON_BYTES_MAX),
    outcomeRoot: r.fixed(32),
    proof: readHashes(r),
  };
}
