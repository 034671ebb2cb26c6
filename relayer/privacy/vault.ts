import { Fault } from "../errors.ts";
import { decodeErasing } from "../midc/erasing.ts";
import { keys } from "../midc/keys.ts";
import { decodeVault, type VaultRow } from "../midc/rows.ts";
import { keepNewest } from "../ops/newest.ts";
import type { Keyring, StateView } from "../ports.ts";
import { shredKeyOf, type ShredKey } from "./shred.ts";

const CACHED_KEYS_MAX = 50_000;

/**
 * The users' shred keys, unwrapped as they are needed. The cache is dropped by the oldest, and per chain on erasure.
 */
export interface Vault {
  readonly row: (chainId: Uint8Array) => VaultRow | undefined;
  /** Undefined when the chain has no vault (unknown, or erased). Throws VAULT_KEY_MISSING when this node cannot unwrap it. */
  readonly shredKey: (chainId: Uint8Array) => ShredKey | undefined;
  /** The same, and of an erased chain while a transaction on it is not final; for the notary, nobody is served from it. */
  readonly dealKey: (chainId: Uint8Array) => ShredKey | undefined;
  readonly forget: (chainId: Uint8Array) => void;
}

export function openVault(view: StateView, keyring: Pick<Keyring, "unwrap">): Vault {
  const cache = new Map<string, ShredKey>();
  const nameOf = (chainId: Uint8Array): string => Buffer.from(chainId).toString("latin1");
  const row = (chainId: Uint8Array): VaultRow | undefined => {
    const bytes = view.get(keys.vault(chainId));
    return bytes === undefined ? undefined : decodeVault(bytes);
  };
  const unwrapped = (wrapped: Uint8Array, chainId: Uint8Array): ShredKey => {
    const bytes = keyring.unwrap(wrapped, chainId);
    if (bytes === undefined) throw new Fault("VAULT_KEY_MISSING");
    return shredKeyOf(bytes);
  };
  const shredKey = (chainId: Uint8Array): ShredKey | undefined => {
    const name = nameOf(chainId);
    const cached = cache.get(name);
    if (cached !== undefined) return cached;
    const vault = row(chainId);
    if (vault === undefined) return undefined;
    const key = unwrapped(vault.shredKey, chainId);
    cache.set(name, key);
    keepNewest(cache, CACHED_KEYS_MAX);
    return key;
  };
  return {
    row,
    shredKey,
    dealKey(chainId) {
      const live = shredKey(chainId);
      const erasing = live === undefined ? view.get(keys.erasing(chainId)) : undefined;
      return erasing === undefined ? live : unwrapped(decodeErasing(erasing).shredKey, chainId);
    },
    forget(chainId) {
      cache.delete(nameOf(chainId));
    },
  };
}
