import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  randomBytes,
  type KeyObject,
} from "node:crypto";
import { ascii, concat, equalBytes, uintToBytes } from "../../../protocol/bytes.ts";
import { DEFAULT_SUITE, encBytes, hpkeOpen, hpkeSeal, KEM_SEED_BYTES, publicKeyOf } from "../../../protocol/hpke.ts";
import { Fault } from "../../errors.ts";
import type { Keyring, KeyQuestion, VaultKeyName, VaultKeys } from "../../ports.ts";
import type { VaultKey } from "./keyFile.ts";

/**
 * Wrapped bytes: epoch (4) ‖ nonce (12) ‖ AES-256-GCM ciphertext ‖ tag (16). Those of the first key are told apart by
 * trying: before there were others they had no epoch.
 */
const EPOCH_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const FIRST_EPOCH = 1;

const PRINT_TAG = ascii("MIDC/v1 vault key");
const HANDOVER_TAG = ascii("MIDC/v1 vault key handover");

interface Held extends VaultKeyName {
  readonly since: number;
  readonly bytes: Buffer;
  readonly key: KeyObject;
}

function held({ epoch, key, since }: VaultKey): Held {
  const bytes = Buffer.from(key, "base64");
  const print = new Uint8Array(createHash("sha256").update(PRINT_TAG).update(bytes).digest());
  return { epoch, since, bytes, key: createSecretKey(bytes), print };
}

/** The vault keys of a file; `save` has them on disk when it returns, and is called before any change counts. */
export function openVaultKeys(
  stored: readonly VaultKey[],
  save: (vault: readonly VaultKey[]) => void,
): Pick<Keyring, "wrap" | "unwrap" | "vaultKeys"> {
  let all: readonly Held[] = stored.map(held);
  const put = (next: readonly VaultKey[]): void => {
    const ascending = next.toSorted((a, b) => a.epoch - b.epoch);
    save(ascending);
    all = ascending.map(held);
  };
  const others = (epoch: number): readonly VaultKey[] => all.filter((one) => one.epoch !== epoch).map(storedOf);
  const keyOf = (epoch: number): KeyObject | undefined => all.find((one) => one.epoch === epoch)?.key;
  const vaultKeys: VaultKeys = {
    list: () => all.map(({ epoch, print, since }) => ({ epoch, print, since })),
    make(epoch, since) {
      const made = { epoch, key: randomBytes(32).toString("base64"), since };
      put([...others(epoch), made]);
      return { epoch, print: held(made).print };
    },
    question: () =>
      askWith((taken) => {
        put([...others(taken.epoch), taken]);
      }),
    async sealFor(publicKey, name) {
      const found = all.find((one) => one.epoch === name.epoch && equalBytes(one.print, name.print));
      if (found === undefined) return undefined;
      const { enc, ct } = await hpkeSeal({ ...boundTo(name), publicKey, plaintext: found.bytes });
      return concat(enc, ct);
    },
    destroyBelow(epoch) {
      const kept = all.filter((one) => one.epoch >= epoch);
      if (kept.length === all.length || kept.length === 0) return;
      const gone = all.filter((one) => one.epoch < epoch);
      put(kept.map(storedOf));
      for (const { bytes } of gone) bytes.fill(0);
    },
  };
  return {
    vaultKeys,
    wrap(secret, bound, epoch) {
      const key = keyOf(epoch);
      if (key === undefined) throw new Fault("VAULT_KEY_MISSING", `the vault key of epoch ${epoch} is not here`);
      return concat(uintToBytes(BigInt(epoch), EPOCH_BYTES), encrypt(key, secret, bound));
    },
    unwrap(wrapped, bound) {
      const named = keyOf(epochIn(wrapped));
      const opened = named === undefined ? undefined : decrypt(named, wrapped.subarray(EPOCH_BYTES), bound);
      const first = opened === undefined ? keyOf(FIRST_EPOCH) : undefined;
      return first === undefined ? opened : decrypt(first, wrapped, bound);
    },
  };
}

function askWith(put: (taken: VaultKey) => void): KeyQuestion {
  const seed = new Uint8Array(randomBytes(KEM_SEED_BYTES));
  return {
    publicKey: publicKeyOf(DEFAULT_SUITE, seed),
    async take(sealed, name, since) {
      const [enc, ct] = [sealed.subarray(0, encBytes[DEFAULT_SUITE]), sealed.subarray(encBytes[DEFAULT_SUITE])];
      const bytes = await hpkeOpen({ ...boundTo(name), seed, enc, ct }).catch(() => undefined);
      if (bytes?.length !== KEY_BYTES) return false;
      const taken = { epoch: name.epoch, key: Buffer.from(bytes).toString("base64"), since };
      if (!equalBytes(held(taken).print, name.print)) return false;
      put(taken);
      return true;
    },
  };
}

const storedOf = ({ epoch, bytes, since }: Held): VaultKey => ({ epoch, key: bytes.toString("base64"), since });

const boundTo = ({ epoch, print }: VaultKeyName) => ({
  suite: DEFAULT_SUITE,
  info: HANDOVER_TAG,
  aad: concat(uintToBytes(BigInt(epoch), EPOCH_BYTES), print),
});

const epochIn = (wrapped: Uint8Array): number =>
  wrapped.length < EPOCH_BYTES ? 0 : new DataView(wrapped.buffer, wrapped.byteOffset, EPOCH_BYTES).getUint32(0);

function encrypt(key: KeyObject, secret: Uint8Array, bound: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(bound);
  return new Uint8Array(Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]));
}

function decrypt(key: KeyObject, sealed: Uint8Array, bound: Uint8Array): Uint8Array | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(bound);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const ciphertext = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
    return new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
  } catch {
    return undefined;
  }
}
