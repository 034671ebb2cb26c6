import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { ascii, concat, equalBytes, toHex, uintToBytes, type Hex } from "./bytes.ts";
import type { Suite } from "./hpke.ts";
import { normalizeSignature } from "./signature.ts";
import { SealRefused, requireLength } from "./sealRefused.ts";

/**
 * Keys are not stored: they are derived again from a wallet signature and a 32-byte pepper the relayer holds for
 * (account, epoch). Neither half alone gives anything; deleting the pepper shreds the vault.
 */

export const PEPPER_BYTES = 32;
export const ROOT_BYTES = 32;

/** Typed data as viem's `signTypedData` takes it. The domain names no chain: the vault must not change with it. */
export interface VaultKeyRequest {
  readonly domain: { readonly name: "MIDC Vault Key"; readonly version: "1"; readonly salt: Hex };
  readonly types: { readonly VaultKeyRequest: readonly { readonly name: string; readonly type: string }[] };
  readonly primaryType: "VaultKeyRequest";
  readonly message: {
    readonly warning: string;
    readonly account: Hex;
    readonly origin: string;
    readonly epoch: number;
  };
}

/** What a wallet is asked to sign to open the vault. `origin` is the scheme and host of the dApp. */
export function vaultKeyRequest(input: { account: Hex; origin: string; epoch: number }): VaultKeyRequest {
  const origin = new URL(input.origin).origin;
  return {
    domain: { name: "MIDC Vault Key", version: "1", salt: toHex(keccak_256(ascii("midc.vault.key/v1"))) },
    types: {
      VaultKeyRequest: [
        { name: "warning", type: "string" },
        { name: "account", type: "address" },
        { name: "origin", type: "string" },
        { name: "epoch", type: "uint32" },
      ],
    },
    primaryType: "VaultKeyRequest",
    message: {
      warning: `Only sign this on ${origin}. It unlocks your private vault.`,
      account: input.account,
      origin,
      epoch: input.epoch,
    },
  };
}

/** Whether a wallet's signatures can carry a vault, learnt by asking for the same one twice. */
export type SignerKind =
  | { readonly kind: "deterministic"; readonly rs: Uint8Array }
  /** Signatures differ, or are not ECDSA: the root is random and lives in key slots only. */
  | { readonly kind: "slotsOnly" };

/** Some wallets hedge their nonces and never sign alike twice; a vault keyed by one signature would lock them out. */
export function compareSignatures(first: Uint8Array, second: Uint8Array): SignerKind {
  const [a, b] = [normalizeSignature(first), normalizeSignature(second)];
  if (a === undefined || b === undefined || !equalBytes(a, b)) return { kind: "slotsOnly" };
  return { kind: "deterministic", rs: a };
}

/** root = HKDF-Extract-SHA256(salt = pepper, ikm = r || s). `rs` is what `normalizeSignature` gives. */
export function rootFromSignature(rs: Uint8Array, pepper: Uint8Array): Uint8Array {
  requireLength(pepper, PEPPER_BYTES);
  // Anything not normalized would derive keys that no other device finds again.
  if (rs.length !== 64 || !equalBytes(normalizeSignature(concat(rs, Uint8Array.of(27))) ?? new Uint8Array(), rs)) {
    throw new SealRefused("badSignature");
  }
  return extract(sha256, rs, pepper);
}

export interface VaultKeys {
  /** Imported as the KEM private key of the suite. */
  readonly kemSeed: Uint8Array;
  /** Ed25519 private key. */
  readonly sigSeed: Uint8Array;
  /** Keys the coded identifiers. */
  readonly cidKey: Uint8Array;
  /** Key-encryption key of the wallet's own key slot. */
  readonly backupKek: Uint8Array;
}

/** HKDF-Expand of the root: kem = label || suite || vaultId || epoch, the others label || vaultId || epoch. */
export function vaultKeys(
  root: Uint8Array,
  vault: { readonly vaultId: Uint8Array; readonly epoch: number; readonly suite: Suite },
): VaultKeys {
  requireLength(root, ROOT_BYTES);
  requireLength(vault.vaultId, 32);
  const place = concat(vault.vaultId, uintToBytes(BigInt(vault.epoch), 4));
  const derive = (label: string, ...context: Uint8Array[]) =>
    expand(sha256, root, concat(ascii(`MIDC/v1 ${label}`), ...context), 32);
  return {
    kemSeed: derive("kem", Uint8Array.of(vault.suite), place),
    sigSeed: derive("sig", place),
    cidKey: derive("cid", place),
    backupKek: derive("slot", place),
  };
}

/** Name of a public key towards one counterparty: SHA-256("MIDC/v1 kid" || suite || scope || key), first 16 bytes. */
export function readerKeyId(input: { suite: Suite; publicKey: Uint8Array; scope: Uint8Array }): Uint8Array {
  requireLength(input.scope, 32);
  const { suite, scope, publicKey } = input;
  return sha256(concat(ascii("MIDC/v1 kid"), Uint8Array.of(suite), scope, publicKey)).slice(0, 16);
}
