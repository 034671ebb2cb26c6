import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "./sha256.ts";
import { ascii, concat } from "./bytes.ts";
import { GCM_NONCE_BYTES } from "./aesGcm.ts";
import { NotCanonical, Reader, Writer } from "./canonical.ts";
import { GUARDIANS_MAX, type SealedShare } from "./guardians.ts";
import { DEFAULT_SUITE, encBytes, publicKeyBytes } from "./hpke.ts";
import { SLOT_ID_BYTES, slotKinds, type KeySlot } from "./slots.ts";

/**
 * What a client keeps with its chain so that it finds its keys again: how they are found, the key slots, and the roots
 * of earlier epochs. The relayer stores it and cannot read into it; `mac` tells its owner that nobody has changed it.
 */

/** The wire number is the index. `slotsOnly`: the wallet never signs alike twice, so only a slot opens the vault. */
export const signerKinds = ["deterministic", "slotsOnly"] as const;

/** A slot with its own key pair: whoever knows the root can seal the next one to a slot without knowing its secret. */
export interface RootSlot extends KeySlot {
  /** Suite 1 public key of the sealed seed. */
  readonly publicKey: Uint8Array;
  /** The current root, sealed to `publicKey`. */
  readonly root: { readonly enc: Uint8Array; readonly ct: Uint8Array };
  /** Which passkey: its credential id. Empty for other kinds. */
  readonly hint: Uint8Array;
  /** For `guardians`: how many are needed, and everybody's share in order. */
  readonly guarded?: {
    readonly threshold: number;
    readonly shares: readonly (SealedShare & { readonly account: Uint8Array })[];
  };
}

/** The root of an earlier epoch, sealed under the root of the epoch after it. */
export interface PastRoot {
  readonly epoch: number;
  readonly nonce: Uint8Array;
  readonly ct: Uint8Array;
}

export interface VaultSlots {
  readonly signer: (typeof signerKinds)[number];
  readonly epoch: number;
  readonly slots: readonly RootSlot[];
  /** Oldest first, without a gap up to the epoch before the current one. */
  readonly past: readonly PastRoot[];
  /** HMAC-SHA256 of everything above, under a key of the current root. */
  readonly mac: Uint8Array;
}

export const SLOTS_MAX = 8;
export const EPOCHS_MAX = 256;
const SEALED_SECRET_BYTES = 48;
const SHARE_CT_BYTES_MAX = 64;
const HINT_BYTES_MAX = 1023;
const MAC_BYTES = 32;

/** SHA-256("MIDC/v1 vault" || chainId (16)): names the vault of a chain in every key derivation. */
export const vaultIdOf = (chainId: Uint8Array): Uint8Array => sha256(concat(ascii("MIDC/v1 vault"), chainId));

/** The public half of `sigSeed`. */
export const signingKeyOf = (sigSeed: Uint8Array): Uint8Array => ed25519.getPublicKey(sigSeed);

export function encodeVaultSlots(vault: VaultSlots): Uint8Array {
  return writeBody(new Writer().array(5), vault).bytes(vault.mac).done();
}

/** What `mac` is over. */
export const macInput = (vault: Omit<VaultSlots, "mac">): Uint8Array => writeBody(new Writer().array(4), vault).done();

function writeBody(w: Writer, { signer, epoch, slots, past }: Omit<VaultSlots, "mac">): Writer {
  w.uint(signerKinds.indexOf(signer)).uint(epoch).array(slots.length);
  for (const slot of slots) writeSlot(w, slot);
  w.array(past.length);
  for (const root of past) w.array(3).uint(root.epoch).bytes(root.nonce).bytes(root.ct);
  return w;
}

function writeSlot(w: Writer, slot: RootSlot): void {
  w.array(10).uint(slotKinds.indexOf(slot.kind)).bytes(slot.slotId).uint(slot.epoch).bytes(slot.nonce).bytes(slot.ct);
  w.bytes(slot.publicKey).bytes(slot.root.enc).bytes(slot.root.ct).bytes(slot.hint);
  if (slot.guarded === undefined) {
    w.nothing();
    return;
  }
  w.array(2).uint(slot.guarded.threshold).array(slot.guarded.shares.length);
  for (const share of slot.guarded.shares)
    w.array(4).bytes(share.account).uint(share.suite).bytes(share.enc).bytes(share.ct);
}

/** Throws NotCanonical. */
export function decodeVaultSlots(bytes: Uint8Array): VaultSlots {
  const r = new Reader(bytes);
  if (r.array(5) !== 5) throw new NotCanonical("key slots have 5 fields");
  const signer = signerKinds[r.uint()];
  if (signer === undefined) throw new NotCanonical("unknown kind of signer");
  const epoch = r.uint(2 ** 32 - 1);
  const slots = Array.from({ length: r.array(SLOTS_MAX) }, () => readSlot(r));
  const past = Array.from({ length: r.array(EPOCHS_MAX) }, () => {
    if (r.array(3) !== 3) throw new NotCanonical("an earlier root has 3 fields");
    return { epoch: r.uint(2 ** 32 - 1), nonce: r.fixed(GCM_NONCE_BYTES), ct: r.fixed(SEALED_SECRET_BYTES) };
  });
  const mac = r.fixed(MAC_BYTES);
  r.end();
  return { signer, epoch, slots, past, mac };
}

function readSlot(r: Reader): RootSlot {
  if (r.array(10) !== 10) throw new NotCanonical("a key slot has 10 fields");
  const kind = slotKinds[r.uint()];
  if (kind === undefined) throw new NotCanonical("unknown kind of key slot");
  const slot = {
    kind,
    slotId: r.fixed(SLOT_ID_BYTES),
    epoch: r.uint(2 ** 32 - 1),
    nonce: r.fixed(GCM_NONCE_BYTES),
    ct: r.fixed(SEALED_SECRET_BYTES),
    publicKey: r.fixed(publicKeyBytes[DEFAULT_SUITE]),
    root: { enc: r.fixed(encBytes[DEFAULT_SUITE]), ct: r.fixed(SEALED_SECRET_BYTES) },
    hint: r.bytes(HINT_BYTES_MAX),
  };
  return r.isNothing() ? slot : { ...slot, guarded: readGuarded(r) };
}

function readGuarded(r: Reader): NonNullable<RootSlot["guarded"]> {
  if (r.array(2) !== 2) throw new NotCanonical("guardians have 2 fields");
  const threshold = r.uint(GUARDIANS_MAX);
  const shares = Array.from({ length: r.array(GUARDIANS_MAX) }, () => {
    if (r.array(4) !== 4) throw new NotCanonical("a share has 4 fields");
    const account = r.fixed(20);
    const suite = r.uint(1) === 1 ? (1 as const) : (0 as const);
    return { account, suite, enc: r.fixed(encBytes[suite]), ct: r.bytes(SHARE_CT_BYTES_MAX) };
  });
  return { threshold, shares };
}
