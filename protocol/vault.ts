import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "./sha256.ts";
import { ascii, concat } from "./bytes.ts";
import { GCM_NONCE_BYTES } from "./aesGcm.ts";
import { NotCanonical, Reader, Writer } from "./canonical.ts";
import { SLOT_ID_BYTES, slotKinds, type KeySlot } from "./slots.ts";

/** What a client keeps with its chain so that it finds its keys again: how they are found, and the key slots. */

/** The wire number is the index. `slotsOnly`: the wallet never signs alike twice, so only a slot opens the vault. */
export const signerKinds = ["deterministic", "slotsOnly"] as const;

export interface VaultSlots {
  readonly signer: (typeof signerKinds)[number];
  readonly slots: readonly KeySlot[];
}

const SLOTS_MAX = 16;
const ROOT_CT_BYTES = 48;

/** SHA-256("MIDC/v1 vault" || chainId (16)): names the vault of a chain in every key derivation. */
export const vaultIdOf = (chainId: Uint8Array): Uint8Array => sha256(concat(ascii("MIDC/v1 vault"), chainId));

/** The public half of `sigSeed`. */
export const signingKeyOf = (sigSeed: Uint8Array): Uint8Array => ed25519.getPublicKey(sigSeed);

export function encodeVaultSlots(vault: VaultSlots): Uint8Array {
  const w = new Writer().array(2).uint(signerKinds.indexOf(vault.signer)).array(vault.slots.length);
  for (const slot of vault.slots) {
    w.array(5).uint(slotKinds.indexOf(slot.kind)).bytes(slot.slotId).uint(slot.epoch).bytes(slot.nonce).bytes(slot.ct);
  }
  return w.done();
}

/** Throws NotCanonical. */
export function decodeVaultSlots(bytes: Uint8Array): VaultSlots {
  const r = new Reader(bytes);
  if (r.array(2) !== 2) throw new NotCanonical("key slots have 2 fields");
  const signer = signerKinds[r.uint()];
  if (signer === undefined) throw new NotCanonical("unknown kind of signer");
  const slots = Array.from({ length: r.array(SLOTS_MAX) }, () => readSlot(r));
  r.end();
  return { signer, slots };
}

function readSlot(r: Reader): KeySlot {
  if (r.array(5) !== 5) throw new NotCanonical("a key slot has 5 fields");
  const kind = slotKinds[r.uint()];
  if (kind === undefined) throw new NotCanonical("unknown kind of key slot");
  return {
    kind,
    slotId: r.fixed(SLOT_ID_BYTES),
    epoch: r.uint(2 ** 32 - 1),
    nonce: r.fixed(GCM_NONCE_BYTES),
    ct: r.fixed(ROOT_CT_BYTES),
  };
}
