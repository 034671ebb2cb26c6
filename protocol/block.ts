import { sha256 } from "./sha256.ts";
import { allocate, ascii, concat, equalBytes } from "./bytes.ts";
import { NotCanonical } from "./canonical.ts";

/**
 * One link of a chain. The header is 192 bytes, always clear and never erased; the body is sealed, erasable, and bound
 * by a salted commitment, so that links keep verifying after the body is gone. Offsets, big-endian, gaps are zero:
 *
 *     0 version    1 kind    2 category    3 jurisdiction    4 retention class    8 height (8)
 *    16 chain id (16)       32 prev (32)  64 tx id (32)     96 coded id (32)    128 body commitment (32)
 *   160 day (4)            164 zero (28)
 */

export const HEADER_BYTES = 192;
const VERSION = 1;

/** Wire numbers of block kinds; a new name goes to the end. */
export const blockKinds = [
  "genesis",
  "pending",
  "completed",
  "failed",
  "personal",
  "grant",
  "revocation",
  "tombstone",
  "keys",
] as const;
export type BlockKind = (typeof blockKinds)[number];

export interface BlockHeader {
  readonly kind: BlockKind;
  /** Wire numbers of the coarse labels (protocol/request.ts); zero where a block has none. */
  readonly category: number;
  readonly jurisdiction: number;
  readonly retentionClass: number;
  /** 0 is the genesis block. */
  readonly height: number;
  readonly chainId: Uint8Array;
  /** Hash of the previous header; zero at height 0. */
  readonly prev: Uint8Array;
  /** The transaction it belongs to, or the block's own random id. */
  readonly txId: Uint8Array;
  readonly codedId: Uint8Array;
  readonly bodyCommitment: Uint8Array;
  /** Days since 1970-01-01: coarse on purpose. */
  readonly day: number;
}

export const ZERO32 = new Uint8Array(32);
const BODY_TAG = ascii("MIDC/v1 body");
const HEADER_TAG = ascii("MIDC/v1 header");

/** Hides the body: `salt` is 32 random bytes that live and die with it. */
export const bodyCommitment = (salt: Uint8Array, body: Uint8Array): Uint8Array => sha256(concat(BODY_TAG, salt, body));

export function encodeHeader(header: BlockHeader): Uint8Array {
  const bytes = allocate(HEADER_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  bytes[0] = VERSION;
  bytes[1] = blockKinds.indexOf(header.kind);
  bytes[2] = header.category;
  bytes[3] = header.jurisdiction;
  bytes[4] = header.retentionClass;
  view.setBigUint64(8, BigInt(header.height));
  bytes.set(header.chainId, 16);
  bytes.set(header.prev, 32);
  bytes.set(header.txId, 64);
  bytes.set(header.codedId, 96);
  bytes.set(header.bodyCommitment, 128);
  view.setUint32(160, header.day);
  return bytes;
}

/** Throws NotCanonical unless these are exactly the bytes `encodeHeader` would write. */
export function decodeHeader(bytes: Uint8Array): BlockHeader {
  if (bytes.length !== HEADER_BYTES || bytes[0] !== VERSION) throw new NotCanonical("not a block header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = blockKinds[bytes[1] ?? 255];
  if (kind === undefined) throw new NotCanonical("unknown block kind");
  const header: BlockHeader = {
    kind,
    category: bytes[2] ?? 0,
    jurisdiction: bytes[3] ?? 0,
    retentionClass: bytes[4] ?? 0,
    height: Number(view.getBigUint64(8)),
    chainId: bytes.slice(16, 32),
    prev: bytes.slice(32, 64),
    txId: bytes.slice(64, 96),
    codedId: bytes.slice(96, 128),
    bodyCommitment: bytes.slice(128, 160),
    day: view.getUint32(160),
  };
  if (!equalBytes(encodeHeader(header), bytes)) throw new NotCanonical("a block header with stray bytes");
  return header;
}

/** The name of a block; what the next one links to. */
export const headerHash = (encoded: Uint8Array): Uint8Array => sha256(concat(HEADER_TAG, encoded));
