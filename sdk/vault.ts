import { decodeBinding, encodeBinding, bindingTypedData, type SignedBinding } from "../protocol/binding.ts";
import { equalBytes, fromHex, toHex, type Hex } from "../protocol/bytes.ts";
import { DEFAULT_SUITE, publicKeyOf, type Suite } from "../protocol/hpke.ts";
import { begun, isAuthentic, pastRoots, rootOfSlot } from "../protocol/keychain.ts";
import {
  compareSignatures,
  readerKeyId,
  rootFromSignature,
  ROOT_BYTES,
  vaultKeyRequest,
  vaultKeys,
  type VaultKeys,
} from "../protocol/keys.ts";
import { newRecoveryCode, recoverySecret } from "../protocol/recoveryCode.ts";
import { SealRefused } from "../protocol/sealRefused.ts";
import { normalizeSignature } from "../protocol/signature.ts";
import type { SlotKind } from "../protocol/slots.ts";
import {
  decodeVaultSlots,
  encodeVaultSlots,
  signingKeyOf,
  vaultIdOf,
  type RootSlot,
  type VaultSlots,
} from "../protocol/vault.ts";
import { bytesOf, random } from "./hex.ts";
import { failure } from "./errors.ts";
import type { Session } from "./session.ts";
import type { Wallet } from "./types.ts";
import type { Wire } from "./wire.ts";

/** The keys of one epoch. */
export interface EpochKeys {
  readonly epoch: number;
  readonly keys: VaultKeys;
  readonly publicKey: Uint8Array;
  readonly readerKeyId: Uint8Array;
}

/** The owner's keys, derived again each time and kept in memory only. */
export interface Vault extends EpochKeys {
  readonly chainId: Uint8Array;
  readonly account: Uint8Array;
  readonly suite: Suite;
  readonly root: Uint8Array;
  /** Keys of earlier epochs, newest first: what was sealed to them stays readable. */
  readonly past: readonly EpochKeys[];
}

export interface Enrolled {
  readonly chainId: Hex;
  /** 24 words, shown once and kept nowhere: the second way to the vault. */
  readonly recoveryWords: string;
  readonly signerKind: VaultSlots["signer"];
}

export interface VaultPorts {
  readonly wire: Wire;
  readonly session: Pick<Session, "token">;
  readonly wallet: Wallet;
  readonly origin: string;
}

interface Start {
  readonly chainId: Hex;
  readonly pepper: Hex;
  readonly ticket?: Hex;
  readonly slots?: Hex;
}

const start = async ({ wire, session }: VaultPorts): Promise<Start> =>
  wire.send<Start>({ method: "POST", path: "/enrolment/start", token: await session.token() });

async function signVaultRequest({ wallet, origin }: VaultPorts, epoch: number): Promise<Uint8Array> {
  return bytesOf(await wallet.signTypedData(vaultKeyRequest({ account: wallet.address, origin, epoch })));
}

function keysOf(root: Uint8Array, chainId: Uint8Array, epoch: number): EpochKeys {
  const vaultId = vaultIdOf(chainId);
  const keys = vaultKeys(root, { vaultId, epoch, suite: DEFAULT_SUITE });
  const publicKey = publicKeyOf(DEFAULT_SUITE, keys.kemSeed);
  return { epoch, keys, publicKey, readerKeyId: readerKeyId({ suite: DEFAULT_SUITE, publicKey, scope: vaultId }) };
}

/** The vault that a root opens, with the keys of every epoch before. */
export async function vaultOf(
  root: Uint8Array,
  slots: VaultSlots,
  at: { readonly chainId: Uint8Array; readonly wallet: Wallet },
): Promise<Vault> {
  const { chainId, wallet } = at;
  const past = await pastRoots(slots, { vaultId: vaultIdOf(chainId), root });
  if (past === undefined) throw failure("SLOTS_ALTERED");
  return {
    ...keysOf(root, chainId, slots.epoch),
    chainId,
    account: bytesOf(wallet.address),
    suite: DEFAULT_SUITE,
    root,
    past: past.map((earlier) => keysOf(earlier.root, chainId, earlier.epoch)),
  };
}

/** The root of an epoch: from two equal wallet signatures, or at random where they differ. */
export async function freshRoot(
  epoch: number,
  pepper: Uint8Array,
  ports: VaultPorts,
): Promise<{ readonly signer: VaultSlots["signer"]; readonly root: Uint8Array }> {
  const signer = compareSignatures(await signVaultRequest(ports, epoch), await signVaultRequest(ports, epoch));
  return signer.kind === "deterministic"
    ? { signer: signer.kind, root: rootFromSignature(signer.rs, pepper) }
    : { signer: signer.kind, root: random(ROOT_BYTES) };
}

/** The wallet's word that these are the keys of its chain, canonical. */
export async function signedBinding(vault: Vault, wallet: Wallet): Promise<Uint8Array> {
  const { account, chainId, suite, publicKey, readerKeyId, epoch, keys } = vault;
  const unsigned = {
    account,
    chainId,
    suite,
    publicKey,
    readerKeyId,
    signingKey: signingKeyOf(keys.sigSeed),
    epoch,
  };
  return encodeBinding({ ...unsigned, signature: bytesOf(await wallet.signTypedData(bindingTypedData(unsigned))) });
}

/** Opens a chain: keys from two equal wallet signatures (or at random), a recovery code, and the signed key binding. */
export async function enrol(ports: VaultPorts): Promise<Enrolled & { readonly vault: Vault }> {
  const { chainId: chainHex, pepper, ticket } = await start(ports);
  if (ticket === undefined) throw failure("HAS_CHAIN");
  const chainId = bytesOf(chainHex);
  const { signer, root } = await freshRoot(0, bytesOf(pepper), ports);
  const { words, secret } = newRecoveryCode();
  const slots = await begun(signer, { kind: "recoveryCode", secret }, { vaultId: vaultIdOf(chainId), root });
  const vault = await vaultOf(root, slots, { chainId, wallet: ports.wallet });
  const binding = toHex(await signedBinding(vault, ports.wallet));
  const json = { ticket, binding, slots: toHex(encodeVaultSlots(slots)) };
  await ports.wire.send({ method: "POST", path: "/enrolment", token: await ports.session.token(), json });
  return { chainId: chainHex, recoveryWords: words, signerKind: signer, vault };
}

/** A way into the vault, tried on what the relayer keeps. */
export type WayIn = (started: Started, ports: VaultPorts) => Promise<Uint8Array>;

export async function unlock(way: WayIn, ports: VaultPorts): Promise<Vault> {
  const started = await startedOf(ports);
  const root = await way(started, ports);
  const { chainId, slots } = started;
  const { publicKey } = keysOf(root, chainId, slots.epoch);
  const binding = await readBinding(toHex(bytesOf(ports.wallet.address)), ports);
  // Keys that are not the chain's own would seal what nobody can open: another site, wallet or pepper.
  if (!equalBytes(binding.publicKey, publicKey)) throw failure("WRONG_KEY");
  if (!isAuthentic(slots, { vaultId: vaultIdOf(chainId), root })) throw failure("SLOTS_ALTERED");
  return vaultOf(root, slots, { chainId, wallet: ports.wallet });
}

/** One wallet signature. */
export const byWallet: WayIn = async ({ pepper, slots }, ports) => {
  if (slots.signer === "slotsOnly") throw failure("SLOTS_ONLY");
  const rs = normalizeSignature(await signVaultRequest(ports, slots.epoch));
  if (rs === undefined) throw failure("SLOTS_ONLY");
  return rootFromSignature(rs, pepper);
};

/** The 24 words instead of the wallet's signature. */
export const byWords =
  (words: string): WayIn =>
  async (started) => {
    const secret = secretOf(words);
    const root = await rootOfSlots(started, "recoveryCode", () => secret);
    if (root === undefined) throw failure("WRONG_WORDS");
    return root;
  };

/** The root, if one of the slots of a kind opens with what `secretFor` gives. */
export async function rootOfSlots(
  { chainId, slots }: Pick<Started, "chainId" | "slots">,
  kind: SlotKind,
  secretFor: (slot: RootSlot) => Uint8Array | undefined,
): Promise<Uint8Array | undefined> {
  for (const slot of slots.slots.filter((candidate) => candidate.kind === kind)) {
    const secret = secretFor(slot);
    if (secret === undefined) continue;
    const root = await rootOfSlot(slot, { secret, vaultId: vaultIdOf(chainId), epoch: slots.epoch });
    if (root !== undefined) return root;
  }
  return undefined;
}

function secretOf(words: string): Uint8Array {
  try {
    return recoverySecret(words);
  } catch (error) {
    if (error instanceof SealRefused) throw failure("WRONG_WORDS");
    throw error;
  }
}

/** What the relayer keeps for the owner. */
export interface Started {
  readonly chainId: Uint8Array;
  readonly pepper: Uint8Array;
  readonly slots: VaultSlots;
  /** The same slots as they are stored. */
  readonly slotsBytes: Uint8Array;
}

export async function startedOf(ports: VaultPorts): Promise<Started> {
  const { chainId, pepper, slots } = await start(ports);
  if (slots === undefined) throw failure("NO_CHAIN");
  const slotsBytes = bytesOf(slots);
  return { chainId: bytesOf(chainId), pepper: bytesOf(pepper), slots: decodeVaultSlots(slotsBytes), slotsBytes };
}

/** The signed keys of an account, as the relayer serves them. */
export async function readBinding(account: Hex, { wire, session }: Pick<VaultPorts, "wire" | "session">) {
  const { binding } = await wire.get<{ readonly binding: Hex }>(`/keys/${account}`, await session.token());
  const decoded: SignedBinding = decodeBinding(fromHex(binding) ?? new Uint8Array(0));
  return decoded;
}
