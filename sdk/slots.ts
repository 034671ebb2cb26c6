import { keysContentHash, slotsContentHash, type Approval } from "../protocol/approval.ts";
import { toHex, type Hex } from "../protocol/bytes.ts";
import { isAuthentic, turned, withSlot, type Keychain, type SlotDraft } from "../protocol/keychain.ts";
import { newRecoveryCode } from "../protocol/recoveryCode.ts";
import type { SlotKind } from "../protocol/slots.ts";
import { encodeVaultSlots, SLOTS_MAX, vaultIdOf, type RootSlot } from "../protocol/vault.ts";
import type { Approve } from "./approve.ts";
import { failure } from "./errors.ts";
import { bytesOf } from "./hex.ts";
import { freshRoot, signedBinding, startedOf, vaultOf, type Started, type Vault, type VaultPorts } from "./vault.ts";

/** A way to the own vault, as its owner sees it. */
export interface KeySlotInfo {
  readonly slotId: Hex;
  readonly kind: SlotKind;
  /** The epoch in which it was made. */
  readonly epoch: number;
  readonly guardians?: { readonly threshold: number; readonly accounts: readonly Hex[] };
}

export interface KeySlots {
  /** 0, and one more with each rotation. */
  readonly epoch: number;
  /** Whether the wallet's signature opens the vault; otherwise only the slots do. */
  readonly wallet: boolean;
  readonly slots: readonly KeySlotInfo[];
}

export interface SlotPorts extends VaultPorts {
  readonly vault: Vault;
  readonly approve: Approve;
}

export async function keySlots(ports: SlotPorts): Promise<KeySlots> {
  const { slots } = await current(ports);
  return { epoch: slots.epoch, wallet: slots.signer === "deterministic", slots: slots.slots.map(infoOf) };
}

const infoOf = ({ slotId, kind, epoch, guarded }: RootSlot): KeySlotInfo => ({
  slotId: toHex(slotId),
  kind,
  epoch,
  ...(guarded === undefined
    ? {}
    : { guardians: { threshold: guarded.threshold, accounts: guarded.shares.map(({ account }) => toHex(account)) } }),
});

/** One more slot around the same keys. */
export async function addSlot(draft: SlotDraft, ports: SlotPorts): Promise<KeySlotInfo> {
  const { slots: before, slotsBytes } = await current(ports);
  if (before.slots.length >= SLOTS_MAX) throw failure("SLOTS_FULL");
  const after = await withSlot(before, draft, keychainOf(ports.vault));
  const slots = encodeVaultSlots(after);
  const approval = await approved(ports, "replace key slots", slotsContentHash(slots));
  const json = { slots: toHex(slots), replaces: toHex(slotsContentHash(slotsBytes)), approval };
  await ports.wire.send({ method: "PUT", path: "/me/slots", token: await ports.session.token(), json });
  return infoOf(after.slots.at(-1) as RootSlot);
}

export interface Turn {
  /** Which of the slots go on. */
  readonly keep: (slot: RootSlot) => boolean;
  readonly fresh: readonly SlotDraft[];
}

/**
 * New keys. Every slot that is kept opens them without being asked for its secret; one that is not kept opens what lies
 * on the chain already, for whoever has a copy, and nothing after that.
 */
export async function rotate({ keep, fresh }: Turn, ports: SlotPorts): Promise<Vault> {
  const { chainId, slots: before, slotsBytes } = await current(ports);
  const kept = before.slots.filter(keep);
  if (kept.length + fresh.length === 0) throw failure("LAST_SLOT");
  const { pepper, ticket } = await ports.wire.send<{ readonly pepper: Hex; readonly ticket: Hex }>({
    method: "POST",
    path: "/me/keys/start",
    token: await ports.session.token(),
  });
  const { signer, root } = await freshRoot(before.epoch + 1, bytesOf(pepper), ports);
  const after = await turned(before, { signer, root, keep: kept, fresh }, keychainOf(ports.vault));
  const vault = await vaultOf(root, after, { chainId, wallet: ports.wallet });
  const [binding, slots] = [await signedBinding(vault, ports.wallet), encodeVaultSlots(after)];
  const approval = await approved(ports, "rotate keys", keysContentHash(binding, slots));
  const replaces = toHex(slotsContentHash(slotsBytes));
  const json = { ticket, binding: toHex(binding), slots: toHex(slots), replaces, approval };
  await ports.wire.send({ method: "PUT", path: "/me/keys", token: await ports.session.token(), json });
  return vault;
}

/** Takes a slot away, which takes new keys: its secret may have been seen. */
export async function removeSlot(slotId: Hex, ports: SlotPorts): Promise<Vault> {
  const isIt = (slot: RootSlot): boolean => toHex(slot.slotId) === slotId.toLowerCase();
  const { slots } = await current(ports);
  if (!slots.slots.some(isIt)) throw failure("NO_SUCH_SLOT");
  return rotate({ keep: (slot) => !isIt(slot), fresh: [] }, ports);
}

/** New recovery words with new keys; every other kind of slot goes on. */
export async function renewRecovery(
  ports: SlotPorts,
): Promise<{ readonly recoveryWords: string; readonly vault: Vault }> {
  const { words, secret } = newRecoveryCode();
  const fresh = [{ kind: "recoveryCode", secret }] as const;
  const vault = await rotate({ keep: ({ kind }) => kind !== "recoveryCode", fresh }, ports);
  return { recoveryWords: words, vault };
}

const keychainOf = ({ root, chainId }: Vault): Keychain => ({ root, vaultId: vaultIdOf(chainId) });

/** The stored slots, if they are what this vault's root has left. */
async function current(ports: SlotPorts): Promise<Started> {
  const started = await startedOf(ports);
  // The keys were rotated elsewhere since this vault was opened.
  if (started.slots.epoch !== ports.vault.epoch) throw failure("KEYS_ROTATED");
  if (!isAuthentic(started.slots, keychainOf(ports.vault))) throw failure("SLOTS_ALTERED");
  return started;
}

const approved = (ports: SlotPorts, action: Approval["action"], contentHash: Uint8Array) =>
  ports.approve({ action, reader: new Uint8Array(20), notAfter: 0, purpose: "other", contentHash });
