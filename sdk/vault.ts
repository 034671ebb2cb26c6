import { slotsContentHash } from "../protocol/approval.ts";
import { decodeBinding, encodeBinding, bindingTypedData, type SignedBinding } from "../protocol/binding.ts";
import { equalBytes, fromHex, toHex, type Hex } from "../protocol/bytes.ts";
import { DEFAULT_SUITE, publicKeyOf, type Suite } from "../protocol/hpke.ts";
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
import { unwrapRoot, wrapRoot } from "../protocol/slots.ts";
import { decodeVaultSlots, encodeVaultSlots, signingKeyOf, vaultIdOf, type VaultSlots } from "../protocol/vault.ts";
import type { Approve } from "./approve.ts";
import { bytesOf } from "./hex.ts";
import { failure } from "./errors.ts";
import type { Session } from "./session.ts";
import type { Wallet } from "./types.ts";
import type { Wire } from "./wire.ts";

/** The owner's keys, derived again each time and kept in memory only. */
export interface Vault {
  readonly chainId: Uint8Array;
  readonly account: Uint8Array;
  readonly suite: Suite;
  readonly epoch: number;
  readonly keys: VaultKeys;
  readonly publicKey: Uint8Array;
  readonly readerKeyId: Uint8Array;
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

/** Vaults are not rotated yet: the epoch is part of every derivation so that they can be. */
const EPOCH = 0;

const start = async ({ wire, session }: VaultPorts): Promise<Start> =>
  wire.send<Start>({ method: "POST", path: "/enrolment/start", token: await session.token() });

async function signVaultRequest({ wallet, origin }: VaultPorts): Promise<Uint8Array> {
  return bytesOf(await wallet.signTypedData(vaultKeyRequest({ account: wallet.address, origin, epoch: EPOCH })));
}

function vaultOf(root: Uint8Array, chainId: Uint8Array, wallet: Wallet): Vault {
  const vaultId = vaultIdOf(chainId);
  const keys = vaultKeys(root, { vaultId, epoch: EPOCH, suite: DEFAULT_SUITE });
  const publicKey = publicKeyOf(DEFAULT_SUITE, keys.kemSeed);
  return {
    chainId,
    account: bytesOf(wallet.address),
    suite: DEFAULT_SUITE,
    epoch: EPOCH,
    keys,
    publicKey,
    readerKeyId: readerKeyId({ suite: DEFAULT_SUITE, publicKey, scope: vaultId }),
  };
}

/** Opens a chain: keys from two equal wallet signatures (or at random), a recovery code, and the signed key binding. */
export async function enrol(ports: VaultPorts): Promise<Enrolled & { readonly vault: Vault }> {
  const { chainId: chainHex, pepper, ticket } = await start(ports);
  if (ticket === undefined) throw failure("HAS_CHAIN");
  const chainId = bytesOf(chainHex);
  const signer = compareSignatures(await signVaultRequest(ports), await signVaultRequest(ports));
  const root =
    signer.kind === "deterministic"
      ? rootFromSignature(signer.rs, bytesOf(pepper))
      : crypto.getRandomValues(new Uint8Array(ROOT_BYTES));
  const vault = vaultOf(root, chainId, ports.wallet);
  const { words, secret } = newRecoveryCode();
  const slot = await wrapRoot({ root, secret, kind: "recoveryCode", vaultId: vaultIdOf(chainId), epoch: EPOCH });
  const unsigned = {
    account: vault.account,
    chainId,
    suite: vault.suite,
    publicKey: vault.publicKey,
    readerKeyId: vault.readerKeyId,
    signingKey: signingKeyOf(vault.keys.sigSeed),
    epoch: EPOCH,
  };
  const signature = bytesOf(await ports.wallet.signTypedData(bindingTypedData(unsigned)));
  const json = {
    ticket,
    binding: toHex(encodeBinding({ ...unsigned, signature })),
    slots: toHex(encodeVaultSlots({ signer: signer.kind, slots: [slot] })),
  };
  await ports.wire.send({ method: "POST", path: "/enrolment", token: await ports.session.token(), json });
  return { chainId: chainHex, recoveryWords: words, signerKind: signer.kind, vault };
}

/** Derives the keys again from one wallet signature. */
export async function unlock(ports: VaultPorts): Promise<Vault> {
  const start = await started(ports);
  return checked(vaultOf(await rootFromWallet(start, ports), start.chainId, ports.wallet), ports);
}

/** Opens the vault with the 24 words instead of the wallet's signature. */
export async function unlockWithRecovery(words: string, ports: VaultPorts): Promise<Vault> {
  const start = await started(ports);
  return checked(vaultOf(await rootFromWords(words, start), start.chainId, ports.wallet), ports);
}

type Started = Awaited<ReturnType<typeof started>>;

async function rootFromWallet({ pepper, slots }: Started, ports: VaultPorts): Promise<Uint8Array> {
  if (slots.signer === "slotsOnly") throw failure("SLOTS_ONLY");
  const rs = normalizeSignature(await signVaultRequest(ports));
  if (rs === undefined) throw failure("SLOTS_ONLY");
  return rootFromSignature(rs, pepper);
}

async function rootFromWords(words: string, { chainId, slots }: Started): Promise<Uint8Array> {
  const secret = secretOf(words);
  for (const slot of slots.slots.filter(({ kind }) => kind === "recoveryCode")) {
    const root = await unwrapRoot(slot, { secret, vaultId: vaultIdOf(chainId) });
    if (root !== undefined) return root;
  }
  throw failure("WRONG_WORDS");
}

/** New recovery words; every other kind of slot stays as it is. */
export async function renewRecovery(
  words: string | undefined,
  ports: VaultPorts & { readonly approve: Approve },
): Promise<{ readonly recoveryWords: string }> {
  const start = await started(ports);
  const root = words === undefined ? await rootFromWallet(start, ports) : await rootFromWords(words, start);
  // A slot around keys that are not the chain's would lock its owner out.
  await checked(vaultOf(root, start.chainId, ports.wallet), ports);
  const code = newRecoveryCode();
  const vaultId = vaultIdOf(start.chainId);
  const slot = await wrapRoot({ root, secret: code.secret, kind: "recoveryCode", vaultId, epoch: EPOCH });
  const kept = start.slots.slots.filter(({ kind }) => kind !== "recoveryCode");
  const slots = encodeVaultSlots({ signer: start.slots.signer, slots: [...kept, slot] });
  const approval = await ports.approve({
    action: "replace key slots",
    reader: new Uint8Array(20),
    notAfter: 0,
    purpose: "other",
    contentHash: slotsContentHash(slots),
  });
  const json = { slots: toHex(slots), approval };
  await ports.wire.send({ method: "PUT", path: "/me/slots", token: await ports.session.token(), json });
  return { recoveryWords: code.words };
}

function secretOf(words: string): Uint8Array {
  try {
    return recoverySecret(words);
  } catch (error) {
    if (error instanceof SealRefused) throw failure("WRONG_WORDS");
    throw error;
  }
}

async function started(ports: VaultPorts) {
  const { chainId, pepper, slots } = await start(ports);
  if (slots === undefined) throw failure("NO_CHAIN");
  return { chainId: bytesOf(chainId), pepper: bytesOf(pepper), slots: decodeVaultSlots(bytesOf(slots)) };
}

/** Keys that are not the chain's own would seal what nobody can open: another site, wallet or pepper. */
async function checked(vault: Vault, { wire, session }: VaultPorts): Promise<Vault> {
  const binding = await readBinding(toHex(vault.account), { wire, session });
  if (!equalBytes(binding.publicKey, vault.publicKey)) throw failure("WRONG_KEY");
  return vault;
}

/** The signed keys of an account, as the relayer serves them. */
export async function readBinding(account: Hex, { wire, session }: Pick<VaultPorts, "wire" | "session">) {
  const { binding } = await wire.get<{ readonly binding: Hex }>(`/keys/${account}`, await session.token());
  const decoded: SignedBinding = decodeBinding(fromHex(binding) ?? new Uint8Array(0));
  return decoded;
}
