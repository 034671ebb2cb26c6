import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fromHex, toHex, type Hex } from "../../protocol/bytes.ts";
import { openFileKeyring } from "../../relayer/adapters/file/keyring.ts";
import { openLmdbState } from "../../relayer/adapters/lmdb/state.ts";
import { keys } from "../../relayer/midc/keys.ts";
import { decodeVault } from "../../relayer/midc/rows.ts";
import type { Arena } from "./arena.ts";

/**
 * C10, as somebody would try it who has every disk and remembers every wrapped key: whether anything of the erased can
 * still be opened. What is looked for was read before it was erased.
 */
export interface Evidence {
  /** A person's wrapped shred key as it was at some moment, and what was in it. */
  readonly wraps: { readonly chainId: Uint8Array; readonly wrapped: Uint8Array; readonly secret: Uint8Array }[];
  /** Vault keys as they were at some moment, base64 as in the key file. */
  readonly vaultKeys: Set<string>;
}

export const noEvidence = (): Evidence => ({ wraps: [], vaultKeys: new Set() });

const keyFile = z.object({ vault: z.array(z.object({ epoch: z.int(), key: z.string() })) });

const keyPath = (dataDir: string): string => join(dataDir, "keys.json");
const storedKeys = (dataDir: string) => keyFile.parse(JSON.parse(readFileSync(keyPath(dataDir), "utf8"))).vault;

/** The epochs that a node's key file holds now. */
export const epochsOf = (dataDir: string): readonly number[] => storedKeys(dataDir).map(({ epoch }) => epoch);

/** Takes down how a chain's key is wrapped now, and under which keys. */
export async function takeEvidence(chain: Hex, { cluster }: Arena, evidence: Evidence): Promise<void> {
  const chainId = fromHex(chain) ?? new Uint8Array(0);
  const [{ dataDir } = { dataDir: "" }] = cluster.relayers;
  const keyring = openFileKeyring(keyPath(dataDir));
  const state = openLmdbState(join(dataDir, "state"));
  const row = state.get(keys.vault(chainId));
  const wrapped = row === undefined ? undefined : Uint8Array.from(decodeVault(row).shredKey);
  await state.close();
  const secret = wrapped === undefined ? undefined : keyring.unwrap(wrapped, chainId);
  if (wrapped === undefined || secret === undefined) throw new Error(`${chain} is not readable before it is erased`);
  evidence.wraps.push({ chainId, wrapped, secret });
  for (const { key } of storedKeys(dataDir)) evidence.vaultKeys.add(key);
}

/** Throws unless nothing of the evidence can be opened or found anywhere any more. */
export function requireGone({ wraps, vaultKeys }: Evidence, { cluster }: Arena): void {
  for (const { name, dataDir } of cluster.relayers) {
    const keyring = openFileKeyring(keyPath(dataDir));
    for (const { chainId, wrapped } of wraps)
      if (keyring.unwrap(wrapped, chainId) !== undefined) throw new Error(`C10: ${name} still opens ${toHex(chainId)}`);
  }
  const secrets = [...wraps.map(({ secret }) => Buffer.from(secret)), ...[...vaultKeys].map(bytesOf)];
  const needles = secrets.flatMap(formsOf);
  const folders = [
    ...cluster.relayers.map(({ dataDir }) => dataDir),
    ...cluster.nats.servers.map(({ storeDir }) => storeDir),
  ];
  let files = 0;
  for (const path of folders.flatMap(filesUnder)) {
    const content = contentOf(path);
    files += content.length > 0 ? 1 : 0;
    if (needles.some((needle) => content.includes(needle)))
      throw new Error(`C10: an erased or destroyed key is in ${path}`);
  }
  if (files < folders.length) throw new Error("C10: hardly a file was there to be searched");
}

const bytesOf = (base64: string): Buffer => Buffer.from(base64, "base64");

/** As bytes, and as either text form in which a key may be written down. */
const formsOf = (secret: Buffer): readonly Buffer[] => [
  secret,
  Buffer.from(secret.toString("hex")),
  Buffer.from(secret.toString("base64")),
];

const filesUnder = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });

/** A server may take a file away while it is being looked at. */
function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
