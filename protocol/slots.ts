import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ascii, concat, uintToBytes } from "./bytes.ts";
import { GCM_NONCE_BYTES, gcmOpen, gcmSeal } from "./aesGcm.ts";
import { ROOT_BYTES } from "./keys.ts";
import { requireLength } from "./sealRefused.ts";

/**
 * Key slots: several ways to the same root, so that a lost wallet or a wallet that never signs alike twice does not lose
 * the vault. A slot is ciphertext and is kept with the vault; every account has at least two ways in. What a slot's
 * secret opens is 32 bytes: the seed of the slot's own key pair, to which the root is sealed (keychain.ts).
 */

/** How a slot is opened; the wire number is the index. A new name goes to the end. */
export const slotKinds = ["wallet", "passkey", "recoveryCode", "guardians"] as const;
export type SlotKind = (typeof slotKinds)[number];

export const SLOT_ID_BYTES = 16;
/** The least entropy a slot accepts: a secret of 256 bits, never a password. */
export const SLOT_SECRET_BYTES = 32;

export interface KeySlot {
  readonly kind: SlotKind;
  readonly slotId: Uint8Array;
  /** The epoch in which the slot was made. */
  readonly epoch: number;
  readonly nonce: Uint8Array;
  /** The seed, sealed: 48 bytes. */
  readonly ct: Uint8Array;
}

/**
 * Wraps 32 bytes under a 32-byte secret: `wallet` = backupKek of a signature's root, `passkey` = output of the WebAuthn
 * PRF extension, `recoveryCode` = `recoverySecret(words)`, `guardians` = what the shares combine to.
 */
export async function wrapSeed(input: {
  readonly seed: Uint8Array;
  readonly secret: Uint8Array;
  readonly kind: SlotKind;
  readonly vaultId: Uint8Array;
  readonly epoch: number;
}): Promise<KeySlot> {
  requireLength(input.seed, ROOT_BYTES);
  const slotId = crypto.getRandomValues(new Uint8Array(SLOT_ID_BYTES));
  const nonce = crypto.getRandomValues(new Uint8Array(GCM_NONCE_BYTES));
  const place = { kind: input.kind, slotId, epoch: input.epoch };
  const ct = await gcmSeal({
    key: kekOf(input.secret, place),
    nonce,
    aad: aadOf(input.vaultId, place),
    data: input.seed,
  });
  return { ...place, nonce, ct };
}

/** The 32 bytes; undefined for a wrong secret, another vault, or an altered slot. */
export async function unwrapSeed(
  slot: KeySlot,
  input: { readonly secret: Uint8Array; readonly vaultId: Uint8Array },
): Promise<Uint8Array | undefined> {
  requireLength(slot.nonce, GCM_NONCE_BYTES);
  const key = kekOf(input.secret, slot);
  return gcmOpen({ key, nonce: slot.nonce, aad: aadOf(input.vaultId, slot), data: slot.ct });
}

type SlotPlace = Pick<KeySlot, "kind" | "slotId" | "epoch">;

/** One key per slot: the same secret used in two slots still gives two keys. */
function kekOf(secret: Uint8Array, slot: SlotPlace): Uint8Array {
  requireLength(secret, SLOT_SECRET_BYTES);
  requireLength(slot.slotId, SLOT_ID_BYTES);
  const info = concat(ascii("MIDC/v1 slot kek"), Uint8Array.of(slotKinds.indexOf(slot.kind)));
  return hkdf(sha256, secret, slot.slotId, info, 32);
}

/** vaultId || slotId || epoch. */
function aadOf(vaultId: Uint8Array, slot: SlotPlace): Uint8Array {
  requireLength(vaultId, 32);
  return concat(vaultId, slot.slotId, uintToBytes(BigInt(slot.epoch), 4));
}

/**
 * What a passkey's PRF extension is asked to evaluate (`prf.eval.first`) for a vault. A passkey answers with 32 bytes of
 * its own for each input, so the same passkey opens other vaults with other secrets.
 */
export const passkeyPrfInput = (vaultId: Uint8Array): Uint8Array =>
  sha256(concat(ascii("MIDC/v1 passkey prf"), vaultId));
