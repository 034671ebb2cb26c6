import { createPublicKey, hash, verify, type KeyObject } from "node:crypto";
import { ascii, concat, uintToBytes } from "../../protocol/bytes.ts";
import { merkleTree, pathFrom, proofAt } from "../../protocol/merkle.ts";

/**
 * One entry of a partition's log: a signed batch of commands.
 *   0 version (1)   1 node id (16)   17 partition (2)   19 command count (4)   then per command: length (4), bytes
 *   then siblings (32 each), their count (1), Ed25519 by the node (64)
 * Records that leave together share a signature, which costs as much as checking a request. Signed is the root of a tree
 * with sorted pairs: a leaf is SHA-256("MIDC/v1 record" ‖ all before the siblings), a parent
 * SHA-256("MIDC/v1 records" ‖ lower (32) ‖ higher (32)); the siblings lead from the leaf to the root.
 */

const VERSION = 2;
const HEAD_BYTES = 23;
const SIGNATURE_BYTES = 64;
const SIBLING_BYTES = 32;
const SIBLINGS_MAX = 16;
export const RECORD_BYTES_MAX = 768 * 1024;
export const RECORD_COMMANDS_MAX = 512;
const TAG = ascii("MIDC/v1 record");
const PAIR_TAG = ascii("MIDC/v1 records");

/** Lent for the time of one hash: a tag in front of content that is hashed as one costs less than a hash object. */
const tagged = Buffer.alloc(TAG.length + RECORD_BYTES_MAX);
tagged.set(TAG);

function leafOf(content: Uint8Array): Uint8Array {
  if (content.length > RECORD_BYTES_MAX) return hash("sha256", concat(TAG, content), "buffer");
  tagged.set(content, TAG.length);
  return hash("sha256", tagged.subarray(0, TAG.length + content.length), "buffer");
}

const parentOf = (pair: Uint8Array): Uint8Array => hash("sha256", concat(PAIR_TAG, pair), "buffer");

export interface RecordContent {
  readonly nodeId: Uint8Array;
  readonly partition: number;
  readonly commands: readonly Uint8Array[];
}

/** Records of several partitions under one signature, in the order given. */
export function encodeRecords(
  contents: readonly RecordContent[],
  sign: (message: Uint8Array) => Uint8Array,
): readonly Uint8Array[] {
  if (contents.length === 0) return [];
  const encoded = contents.map(encodeContent);
  const tree = merkleTree(encoded.map(leafOf), parentOf);
  const signature = sign(tree.root);
  return encoded.map((content, i) => {
    const siblings = proofAt(tree, i);
    return concat(content, ...siblings, Uint8Array.of(siblings.length), signature);
  });
}

export const encodeRecord = (content: RecordContent, sign: (message: Uint8Array) => Uint8Array): Uint8Array =>
  encodeRecords([content], sign)[0] ?? new Uint8Array(0);

function encodeContent(content: RecordContent): Uint8Array {
  const size = content.commands.reduce((total, command) => total + 4 + command.length, HEAD_BYTES);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = VERSION;
  bytes.set(content.nodeId, 1);
  view.setUint16(17, content.partition);
  view.setUint32(19, content.commands.length);
  let at = HEAD_BYTES;
  for (const command of content.commands) {
    view.setUint32(at, command.length);
    bytes.set(command, at + 4);
    at += 4 + command.length;
  }
  return bytes;
}

export type OpenedRecord =
  | { readonly kind: "record"; readonly nodeId: Uint8Array; readonly commands: readonly Uint8Array[] }
  | { readonly kind: "void"; readonly why: "malformed" | "foreign" | "forged" };

/**
 * Opens a record of `partition`; whatever is not signed by a member node is void, for every node alike. Without
 * `publicKeyOf` the signature is not looked at: only for records that have been applied. `isMine` may say yes only for
 * bytes that this process has signed itself.
 */
export function openRecord(
  bytes: Uint8Array,
  partition: number,
  publicKeyOf: ((nodeId: Uint8Array) => Uint8Array | undefined) | undefined,
  isMine: (record: Uint8Array) => boolean = () => false,
): OpenedRecord {
  const size = contentSize(bytes);
  if (size < HEAD_BYTES || bytes[0] !== VERSION || bytes.length > RECORD_BYTES_MAX)
    return { kind: "void", why: "malformed" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(19);
  if (view.getUint16(17) !== partition || count > RECORD_COMMANDS_MAX) return { kind: "void", why: "malformed" };
  const commands: Uint8Array[] = [];
  let at = HEAD_BYTES;
  for (let i = 0; i < count; i += 1) {
    const length = at + 4 <= size ? view.getUint32(at) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > size) return { kind: "void", why: "malformed" };
    commands.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  if (at !== size) return { kind: "void", why: "malformed" };
  const nodeId = bytes.slice(1, 17);
  if (publicKeyOf === undefined) return { kind: "record", nodeId, commands };
  const publicKey = publicKeyOf(nodeId);
  if (publicKey === undefined) return { kind: "void", why: "foreign" };
  // A node need not check a signature that it has just made over these very bytes; the answer is the same.
  const genuine = isMine(bytes) || isSigned(bytes, size, publicKey);
  return genuine ? { kind: "record", nodeId, commands } : { kind: "void", why: "forged" };
}

/** How many bytes come before the siblings; negative when there cannot be so many. */
function contentSize(bytes: Uint8Array): number {
  const siblings = bytes.at(-SIGNATURE_BYTES - 1) ?? 0;
  return siblings > SIBLINGS_MAX ? -1 : bytes.length - SIGNATURE_BYTES - 1 - siblings * SIBLING_BYTES;
}

/**
 * What tells a record from every other one without reading it whole: its siblings and its signature, which are over
 * its own content and partition.
 */
export const recordName = (record: Uint8Array): string =>
  Buffer.from(record.subarray(Math.max(0, contentSize(record)))).toString("latin1");

const CHECKED_MAX = 4_096;
/** Signatures that have been checked: key, root and signature, each of which decides the answer. */
const checked = new Map<string, boolean>();

function isSigned(bytes: Uint8Array, size: number, publicKey: Uint8Array): boolean {
  const [siblings, signature] = [bytes.subarray(size, -SIGNATURE_BYTES - 1), bytes.subarray(-SIGNATURE_BYTES)];
  const path = Array.from({ length: siblings.length / SIBLING_BYTES }, (_, i) =>
    siblings.subarray(i * SIBLING_BYTES, (i + 1) * SIBLING_BYTES),
  );
  const leaf = leafOf(bytes.subarray(0, size));
  const root = pathFrom(leaf, path, parentOf).at(-1) ?? leaf;
  const name = Buffer.concat([publicKey, root, signature]).toString("latin1");
  let answer = checked.get(name);
  if (answer === undefined) {
    answer = verify(null, root, nodeKey(publicKey), signature);
    if (checked.size >= CHECKED_MAX) checked.clear();
    checked.set(name, answer);
  }
  return answer;
}

const SPKI = Uint8Array.from(Buffer.from("302a300506032b6570032100", "hex"));
const KEYS_MAX = 256;
const keyObjects = new Map<string, KeyObject>();

/** A node's public key, ready to verify with. */
export function nodeKey(publicKey: Uint8Array): KeyObject {
  const name = Buffer.from(publicKey).toString("latin1");
  let key = keyObjects.get(name);
  if (key === undefined) {
    if (keyObjects.size >= KEYS_MAX) keyObjects.clear();
    key = createPublicKey({ key: Buffer.from(concat(SPKI, publicKey)), format: "der", type: "spki" });
    keyObjects.set(name, key);
  }
  return key;
}

/** First 16 bytes of SHA-256 of the node's public key. */
export const nodeIdOf = (publicKey: Uint8Array): Uint8Array =>
  new Uint8Array(hash("sha256", publicKey, "buffer").subarray(0, 16));

const DIGEST_TAG = Uint8Array.of(1);

/** Running digest of a partition's raw log. */
export const nextDigest = (before: Uint8Array, seq: number, record: Uint8Array): Uint8Array =>
  hash("sha256", concat(DIGEST_TAG, before, uintToBytes(BigInt(seq), 8), hash("sha256", record, "buffer")), "buffer");
