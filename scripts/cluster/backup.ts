import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { placeFolder, ROWS_FILE, writeDurably } from "../../relayer/adapters/file/folder.ts";
import { isSigned, manifestIn, type Manifest } from "../../relayer/audit/snapshot.ts";
import type { Audit } from "../../relayer/cluster/audits.ts";
import { checkBytes } from "../../relayer/copies.ts";
import { Fault } from "../../relayer/errors.ts";
import { MANIFEST_FILE } from "../../relayer/snapshots.ts";
import { operate } from "./operate.ts";

/** Takes a snapshot at one node and brings it into a new folder, whole or not at all. */
export async function backUp(url: string, folder: string): Promise<Manifest> {
  const to = resolve(folder);
  if (existsSync(to) && readdirSync(to).length > 0) throw new Error(`${folder} is not empty`);
  // What one node holds is worth keeping only if the others hold the same.
  const audit = await operate<Audit>(url, "/audit?scrub=false&repair=false");
  if (!audit.ok) throw new Error("the audit finds something wrong: ./midchain audit says what");
  const { name, manifest: said } = await operate<{ name: string; manifest: unknown }>(url, "/cluster/snapshot");
  const manifest = manifestIn(JSON.stringify(said));
  if (manifest === undefined || !isSigned(manifest)) throw new Fault("BACKUP_DAMAGED", "the manifest is not signed");
  const part = `${to}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true, mode: 0o700 });
  await download({ url, name, bytes: manifest.bytes }, join(part, ROWS_FILE));
  await checkBytes(part, manifest);
  writeDurably(join(part, MANIFEST_FILE), `${JSON.stringify(manifest, undefined, 1)}\n`);
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  placeFolder(part, to);
  return manifest;
}

async function download(
  { url, name, bytes }: { readonly url: string; readonly name: string; readonly bytes: number },
  path: string,
): Promise<void> {
  writeFileSync(path, "", { mode: 0o600 });
  const file = await open(path, "w", 0o600);
  try {
    for (let offset = 0; offset < bytes;) {
      const response = await fetch(new URL(`/cluster/snapshot/${name}?offset=${offset}`, url), {
        headers: { "x-midchain-operator": "backup" },
      });
      const part = response.ok ? new Uint8Array(await response.arrayBuffer()) : new Uint8Array(0);
      if (part.length === 0) throw new Error(`the node stopped handing its snapshot over (${response.status})`);
      await file.write(part);
      offset += part.length;
    }
  } finally {
    await file.close();
  }
}
