import { createHash, createPublicKey, hash, verify, type KeyObject } from "node:crypto";
import { ascii, concat, uintToBytes } from "../../protocol/bytes.ts";

/**
 * One entry of a partition's log: a signed batch of commands.
 *   0 version (1)   1 node id (16)   17 partition (2)   19 command count (4)   then per command: length (4), bytes
 *   last 64: Ed25519 by the node over SHA-256("MIDC/v1 record" ‖ everything before)
 */

const VERSION = 1;
const HEAD_BYTES = 23;
const SIGNATURE_BYTES = 64;
export const RECORD_BYTES_MAX = 768 * 1024;
export const RECORD_COMMANDS_MAX = 512;
const TAG = ascii("MIDC/v1 record");

const digest = (unsigned: Uint8Array): Uint8Array =>
  new Uint8Array(createHash("sha256").update(TAG).update(unsigned).digest());

export function encodeRecord(
  content: { readonly nodeId: Uint8Array; readonly partition: number; readonly commands: readonly Uint8Array[] },
  sign: (message: Uint8Array) => Uint8Array,
): Uint8Array {
  const size = content.commands.reduce((total, command) => total + 4 + command.length, HEAD_BYTES);
  const bytes = new Uint8Array(size + SIGNATURE_BYTES);
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
  bytes.set(sign(digest(bytes.subarray(0, size))), size);
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
  const size = bytes.length - SIGNATURE_BYTES;
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
  const genuine =
    isMine(bytes) || verify(null, digest(bytes.subarray(0, size)), nodeKey(publicKey), bytes.subarray(size));
  return genuine ? { kind: "record", nodeId, commands } : { kind: "void", why: "forged" };
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

/** Running digest of a partition's raw log. */
export const nextDigest = (before: Uint8Array, seq: number, record: Uint8Array): Uint8Array =>
  new Uint8Array(
    hash(
      "sha256",
      concat(Uint8Array.of(1), before, uintToBytes(BigInt(seq), 8), hash("sha256", record, "buffer")),
      "buffer",
    ),
  );
