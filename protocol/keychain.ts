import { expand } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { GCM_NONCE_BYTES, gcmOpen, gcmSeal } from "./aesGcm.ts";
import { ascii, concat, equalBytes, uintToBytes } from "./bytes.ts";
import { DEFAULT_SUITE, hpkeOpen, hpkeSeal, publicKeyOf } from "./hpke.ts";
import { ROOT_BYTES } from "./keys.ts";
import { unwrapSeed, wrapSeed, type SlotKind } from "./slots.ts";
import { EPOCHS_MAX, macInput, SLOTS_MAX, type PastRoot, type RootSlot, type VaultSlots } from "./vault.ts";

/**
 * How the root of a vault is found, changed and kept. Each slot has a key pair of its own, whose seed only the slot's
 * secret opens, and the current root is sealed to it. So a new root reaches every slot that stays without asking anybody
 * for words or passkeys, and no slot that is left out.
 *
 * What always holds: a list of slots is believed only with the current root's `mac`; a slot is taken away only together
 * with a new root (`turned`), so that within an epoch lists only grow and an older one has nothing that opens more.
 */

export interface Keychain {
  readonly vaultId: Uint8Array;
  readonly root: Uint8Array;
}

/** A way in that does not exist yet. */
export interface SlotDraft {
  readonly kind: SlotKind;
  readonly secret: Uint8Array;
  readonly hint?: Uint8Array;
  readonly guarded?: RootSlot["guarded"];
}

/** The slots of a new vault. */
export const begun = async (signer: VaultSlots["signer"], first: SlotDraft, keychain: Keychain): Promise<VaultSlots> =>
  sealed({ signer, epoch: 0, slots: [await newSlot(first, 0, keychain)], past: [] }, keychain);

/** One more slot. Throws RangeError when there is no room. */
export async function withSlot(vault: VaultSlots, slot: SlotDraft, keychain: Keychain): Promise<VaultSlots> {
  if (vault.slots.length >= SLOTS_MAX) throw new RangeError(`a vault has at most ${SLOTS_MAX} slots`);
  return sealed({ ...vault, slots: [...vault.slots, await newSlot(slot, vault.epoch, keychain)] }, keychain);
}

/** The next epoch: another root, sealed to `keep` and to new slots; the root of before is sealed under it. */
export async function turned(
  vault: VaultSlots,
  turn: {
    readonly signer: VaultSlots["signer"];
    readonly root: Uint8Array;
    readonly keep: readonly RootSlot[];
    readonly fresh: readonly SlotDraft[];
  },
  keychain: Keychain,
): Promise<VaultSlots> {
  const { vaultId } = keychain;
  const epoch = vault.epoch + 1;
  if (epoch >= EPOCHS_MAX) throw new RangeError(`a vault has at most ${EPOCHS_MAX} epochs`);
  const next = { vaultId, root: turn.root };
  const kept = await Promise.all(turn.keep.map(async (slot) => ({ ...slot, root: await sealRoot(slot, epoch, next) })));
  const fresh = await Promise.all(turn.fresh.map((slot) => newSlot(slot, epoch, next)));
  const past = [...vault.past, await sealPast(vault.epoch, keychain.root, next)];
  return sealed({ signer: turn.signer, epoch, slots: [...kept, ...fresh], past }, next);
}

/** The current root as a slot gives it; undefined for a wrong secret, another vault, or an altered slot. */
export async function rootOfSlot(
  slot: RootSlot,
  input: { readonly secret: Uint8Array; readonly vaultId: Uint8Array; readonly epoch: number },
): Promise<Uint8Array | undefined> {
  const seed = await unwrapSeed(slot, input);
  if (seed === undefined) return undefined;
  const { vaultId, epoch } = input;
  return hpkeOpen({ suite: DEFAULT_SUITE, seed, info: ROOT_INFO, aad: rootAad(slot, epoch, vaultId), ...slot.root });
}

/** Whether whoever knew this root has left exactly these slots. */
export const isAuthentic = (vault: VaultSlots, keychain: Keychain): boolean =>
  equalBytes(macOf(vault, keychain), vault.mac);

/** The roots of all earlier epochs, newest first; undefined where one does not open. */
export async function pastRoots(
  vault: Pick<VaultSlots, "epoch" | "past">,
  { vaultId, root }: Keychain,
): Promise<readonly { readonly epoch: number; readonly root: Uint8Array }[] | undefined> {
  const found: { epoch: number; root: Uint8Array }[] = [];
  let above = root;
  for (const past of [...vault.past].reverse()) {
    const epoch = vault.epoch - 1 - found.length;
    const key = pastKey({ vaultId, root: above }, epoch);
    const opened = await gcmOpen({ key, nonce: past.nonce, aad: vaultId, data: past.ct });
    if (past.epoch !== epoch || opened === undefined) return undefined;
    found.push({ epoch, root: opened });
    above = opened;
  }
  return found.length === vault.epoch ? found : undefined;
}

async function newSlot(
  { kind, secret, hint, guarded }: SlotDraft,
  epoch: number,
  keychain: Keychain,
): Promise<RootSlot> {
  const seed = crypto.getRandomValues(new Uint8Array(ROOT_BYTES));
  const publicKey = publicKeyOf(DEFAULT_SUITE, seed);
  const slot = await wrapSeed({ seed, secret, kind, vaultId: keychain.vaultId, epoch });
  const root = await sealRoot({ ...slot, publicKey }, epoch, keychain);
  return {
    ...slot,
    publicKey,
    root,
    hint: hint ?? new Uint8Array(0),
    ...(guarded === undefined ? {} : { guarded }),
  };
}

const ROOT_INFO = ascii("MIDC/v1 slot root");

/** vaultId || slotId || epoch: a root sealed for one epoch is none of another. */
const rootAad = (slot: Pick<RootSlot, "slotId">, epoch: number, vaultId: Uint8Array): Uint8Array =>
  concat(vaultId, slot.slotId, uintToBytes(BigInt(epoch), 4));

const sealRoot = (slot: Pick<RootSlot, "slotId" | "publicKey">, epoch: number, { vaultId, root }: Keychain) =>
  hpkeSeal({
    suite: DEFAULT_SUITE,
    publicKey: slot.publicKey,
    plaintext: root,
    info: ROOT_INFO,
    aad: rootAad(slot, epoch, vaultId),
  });

const derive = (root: Uint8Array, label: string, vaultId: Uint8Array, epoch: number): Uint8Array =>
  expand(sha256, root, concat(ascii(`MIDC/v1 ${label}`), vaultId, uintToBytes(BigInt(epoch), 4)), 32);

const pastKey = ({ vaultId, root }: Keychain, epoch: number): Uint8Array => derive(root, "past root", vaultId, epoch);

async function sealPast(epoch: number, old: Uint8Array, next: Keychain): Promise<PastRoot> {
  const nonce = crypto.getRandomValues(new Uint8Array(GCM_NONCE_BYTES));
  return { epoch, nonce, ct: await gcmSeal({ key: pastKey(next, epoch), nonce, aad: next.vaultId, data: old }) };
}

const macOf = (vault: Omit<VaultSlots, "mac">, { vaultId, root }: Keychain): Uint8Array =>
  hmac(sha256, derive(root, "slots mac", vaultId, vault.epoch), macInput(vault));

const sealed = (vault: Omit<VaultSlots, "mac">, keychain: Keychain): VaultSlots => {
  const { signer, epoch, slots, past } = vault;
  return { signer, epoch, slots, past, mac: macOf({ signer, epoch, slots, past }, keychain) };
};
