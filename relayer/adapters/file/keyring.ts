import { createHmac, createPrivateKey, createPublicKey, createSecretKey, hash, sign } from "node:crypto";
import { existsSync } from "node:fs";
import { systemClock } from "../../ops/clock.ts";
import type { Keyring } from "../../ports.ts";
import { freshKeys, readKeys, writeKeys } from "./keyFile.ts";
import { openVaultKeys } from "./vaultKeys.ts";

const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * Writes the key files of a cluster's nodes: each node signs with a key of its own, and all share the keys under which
 * users' keys are wrapped, accounts are found and sessions are recognised. A file that is there is an error: whoever
 * overwrites one makes every user's data unreadable.
 */
export function writeClusterKeys(paths: readonly string[]): void {
  const taken = paths.find((path) => existsSync(path));
  if (taken !== undefined) throw new Error(`${taken} is there already`);
  const { vault, directory } = freshKeys(systemClock.now());
  for (const path of paths) writeKeys(path, { ...freshKeys(0), vault, directory });
}

/** A further node's key file, with the shared keys of an existing one. */
export function writeJoiningKeys(path: string, from: string): void {
  if (existsSync(path)) throw new Error(`${path} is there already`);
  const { vault, directory } = readKeys(from, systemClock.now()).file;
  writeKeys(path, { ...freshKeys(0), vault, directory });
}

/** Opens the node's key file (mode 0600), making it on the first start. */
export function openFileKeyring(path: string): Keyring {
  if (!existsSync(path)) writeKeys(path, freshKeys(systemClock.now()));
  const { file, isOld } = readKeys(path, systemClock.now());
  if (isOld) writeKeys(path, file);
  const directoryKey = createSecretKey(file.directory, "base64");
  const nodeKey = createPrivateKey({
    key: Buffer.concat([PKCS8_ED25519, Buffer.from(file.node, "base64")]),
    format: "der",
    type: "pkcs8",
  });
  const spki = createPublicKey(nodeKey).export({ format: "der", type: "spki" });
  const nodePublicKey = new Uint8Array(spki.subarray(spki.length - 32));
  const { node, directory } = file;
  const vault = openVaultKeys(file.vault, (keys) => {
    writeKeys(path, { version: 2, node, directory, vault: keys });
  });
  return {
    nodeId: new Uint8Array(hash("sha256", nodePublicKey, "buffer").subarray(0, 16)),
    nodePublicKey,
    sign: (message) => new Uint8Array(sign(null, message, nodeKey)),
    ...vault,
    ownerTag: (account) =>
      new Uint8Array(
        createHmac("sha256", directoryKey).update("MIDC/v1 owner").update(account).digest().subarray(0, 16),
      ),
    sessionTag: (token) =>
      new Uint8Array(createHmac("sha256", directoryKey).update("MIDC/v1 session").update(token).digest()),
  };
}
