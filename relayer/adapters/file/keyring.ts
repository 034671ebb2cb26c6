import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hash,
  randomBytes,
  sign,
  type KeyObject,
} from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Keyring } from "../../ports.ts";

/** What the file holds; base64. Losing it makes every user's data unreadable, leaking it makes it readable: back it up
 * apart from the data. */
interface KeyFile {
  readonly version: 1;
  readonly node: string;
  readonly vault: string;
  readonly directory: string;
}

function freshKeys(): KeyFile {
  const random = (): string => randomBytes(32).toString("base64");
  return { version: 1, node: random(), vault: random(), directory: random() };
}

/** Written whole or not at all: a temporary file, fsync, rename, fsync of the folder. */
function writeDurably(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = openSync(`${path}.new`, "w", 0o600);
  writeSync(fresh, text);
  fsyncSync(fresh);
  closeSync(fresh);
  renameSync(`${path}.new`, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}

const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * Writes the key files of a cluster's nodes: each node signs with a key of its own, and all share the keys under which
 * users' keys are wrapped, accounts are found and sessions are recognised. A file that is there is an error: whoever
 * overwrites one makes every user's data unreadable.
 */
export function writeClusterKeys(paths: readonly string[]): void {
  const taken = paths.find((path) => existsSync(path));
  if (taken !== undefined) throw new Error(`${taken} is there already`);
  const { vault, directory } = freshKeys();
  for (const path of paths) writeKeys(path, { ...freshKeys(), vault, directory });
}

/** A further node's key file, with the shared keys of an existing one. */
export function writeJoiningKeys(path: string, from: string): void {
  if (existsSync(path)) throw new Error(`${path} is there already`);
  const { vault, directory } = JSON.parse(readFileSync(from, "utf8")) as KeyFile;
  writeKeys(path, { ...freshKeys(), vault, directory });
}

const writeKeys = (path: string, file: KeyFile): void => {
  writeDurably(path, `${JSON.stringify(file, undefined, 2)}\n`);
};

/** Opens the node's key file (mode 0600), making it on the first start. */
export function openFileKeyring(path: string): Keyring {
  if (!existsSync(path)) writeKeys(path, freshKeys());
  const file = JSON.parse(readFileSync(path, "utf8")) as KeyFile;
  const vaultKey = createSecretKey(file.vault, "base64");
  const directoryKey = createSecretKey(file.directory, "base64");
  const nodeKey = createPrivateKey({
    key: Buffer.concat([PKCS8_ED25519, Buffer.from(file.node, "base64")]),
    format: "der",
    type: "pkcs8",
  });
  const spki = createPublicKey(nodeKey).export({ format: "der", type: "spki" });
  const nodePublicKey = new Uint8Array(spki.subarray(spki.length - 32));
  return {
    nodeId: new Uint8Array(hash("sha256", nodePublicKey, "buffer").subarray(0, 16)),
    nodePublicKey,
    sign: (message) => new Uint8Array(sign(null, message, nodeKey)),
    wrap: (secret, bound) => wrapUnder(vaultKey, secret, bound),
    unwrap: (wrapped, bound) => unwrapUnder(vaultKey, wrapped, bound),
    ownerTag: (account) =>
      new Uint8Array(
        createHmac("sha256", directoryKey).update("MIDC/v1 owner").update(account).digest().subarray(0, 16),
      ),
    sessionTag: (token) =>
      new Uint8Array(createHmac("sha256", directoryKey).update("MIDC/v1 session").update(token).digest()),
  };
}

function wrapUnder(key: KeyObject, secret: Uint8Array, bound: Uint8Array): Uint8Array {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(bound);
  return new Uint8Array(Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]));
}

function unwrapUnder(key: KeyObject, wrapped: Uint8Array, bound: Uint8Array): Uint8Array | undefined {
  if (wrapped.length < 28) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, wrapped.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(bound);
  decipher.setAuthTag(wrapped.subarray(wrapped.length - 16));
  try {
    return new Uint8Array(
      Buffer.concat([decipher.update(wrapped.subarray(12, wrapped.length - 16)), decipher.final()]),
    );
  } catch {
    return undefined;
  }
}
