import { recoverTypedDataAddress } from "viem";
import type { SignedBinding } from "../protocol/binding.ts";
import { equalBytes, fromHex, toHex, type Hex } from "../protocol/bytes.ts";
import { NotCanonical } from "../protocol/canonical.ts";
import {
  decodeGuardianRequest,
  encodeGuardianRequest,
  GUARDIAN_REQUEST_S_MAX,
  guardianRequestTypedData,
  openAnswer,
  sealAnswer,
  type GuardianRequest,
  type SignedGuardianRequest,
} from "../protocol/guardianRequest.ts";
import { combineShares, GUARDIANS_MAX, openShare, splitAmongGuardians } from "../protocol/guardians.ts";
import { DEFAULT_SUITE, KEM_SEED_BYTES, publicKeyOf, type Suite } from "../protocol/hpke.ts";
import { rootOfSlot, type SlotDraft } from "../protocol/keychain.ts";
import { SealRefused } from "../protocol/sealRefused.ts";
import { vaultIdOf, type RootSlot } from "../protocol/vault.ts";
import { failure } from "./errors.ts";
import { bytesOf, random } from "./hex.ts";
import { startedOf, unlock, type Vault, type VaultPorts } from "./vault.ts";

export interface GuardiansInput {
  /** 2 to 16 people who have chains of their own. */
  readonly guardians: readonly Hex[];
  /** How many of them open the vault together; at least 2. */
  readonly threshold: number;
}

/** A slot whose secret is shared among people; each share is sealed to its guardian's signed key. */
export async function guardianSlot(
  { guardians, threshold }: GuardiansInput,
  of: { readonly vault: Vault; readonly bindingOf: (account: Hex) => Promise<SignedBinding> },
): Promise<SlotDraft> {
  const accounts = [...new Set(guardians.map((account) => toHex(bytesOf(account))))];
  const isOwner = accounts.includes(toHex(of.vault.account));
  const fits = threshold >= 2 && threshold <= accounts.length && accounts.length <= GUARDIANS_MAX;
  if (isOwner || !fits || accounts.length !== guardians.length) throw failure("WRONG_GUARDIANS");
  const bindings = await Promise.all(accounts.map((account) => of.bindingOf(account)));
  const { secret, shares } = await splitAmongGuardians(
    bindings.map(({ suite, publicKey }) => ({ suite: suite as Suite, publicKey })),
    threshold,
    { vaultId: vaultIdOf(of.vault.chainId), epoch: of.vault.epoch },
  );
  const sealed = shares.map((share, i) => ({ ...share, account: bindings[i]?.account ?? new Uint8Array(20) }));
  return { kind: "guardians", secret, guarded: { threshold, shares: sealed } };
}

/** Requests to hand to the guardians, and the way in for their answers. */
export interface GuardianCall {
  readonly threshold: number;
  readonly requests: readonly { readonly guardian: Hex; readonly request: Hex }[];
  /** Opens the vault with at least `threshold` answers, in any order. */
  readonly unlock: (answers: readonly Hex[]) => Promise<void>;
}

/** Asks the guardians of the newest such slot. The key for the answers lives in this call only. */
export async function askGuardians(
  ports: VaultPorts,
): Promise<Omit<GuardianCall, "unlock"> & { readonly open: (answers: readonly Hex[]) => Promise<Vault> }> {
  const { chainId, slots } = await startedOf(ports);
  const slot = slots.slots.findLast(({ kind }) => kind === "guardians");
  if (slot?.guarded === undefined) throw failure("NO_SUCH_SLOT");
  const { threshold, shares } = slot.guarded;
  const replySeed = random(KEM_SEED_BYTES);
  const common = {
    owner: bytesOf(ports.wallet.address),
    vaultId: vaultIdOf(chainId),
    epoch: slot.epoch,
    replyKey: publicKeyOf(DEFAULT_SUITE, replySeed),
    signedAt: Math.floor(Date.now() / 1000),
  };
  const requests: { readonly guardian: Hex; readonly request: Hex }[] = [];
  for (const [index, { account: guardian, ...share }] of shares.entries()) {
    const request = { ...common, guardian, index, share };
    const signature = bytesOf(await ports.wallet.signTypedData(guardianRequestTypedData(request)));
    requests.push({ guardian: toHex(guardian), request: toHex(encodeGuardianRequest({ ...request, signature })) });
  }
  const open = async (answers: readonly Hex[]): Promise<Vault> => {
    const opened = await sharesOf(answers, { ...common, replySeed, count: shares.length });
    if (opened.length < threshold) throw failure("MORE_GUARDIANS");
    const secret = await combineShares(opened);
    return unlock((started) => rootFrom(secret, slot, started), ports);
  };
  return { threshold, requests, open };
}

async function rootFrom(
  secret: Uint8Array,
  { slotId }: RootSlot,
  { chainId, slots }: Awaited<ReturnType<typeof startedOf>>,
): Promise<Uint8Array> {
  const slot = slots.slots.find((candidate) => equalBytes(candidate.slotId, slotId));
  const at = { secret, vaultId: vaultIdOf(chainId), epoch: slots.epoch };
  const root = slot === undefined ? undefined : await rootOfSlot(slot, at);
  if (root === undefined) throw failure("MORE_GUARDIANS");
  return root;
}

/** One share for each guardian whose answer opens, whatever else was handed in. */
async function sharesOf(
  answers: readonly Hex[],
  of: Pick<GuardianRequest, "owner" | "vaultId" | "epoch"> & {
    readonly replySeed: Uint8Array;
    readonly count: number;
  },
): Promise<readonly Uint8Array[]> {
  const shares: Uint8Array[] = [];
  for (let index = 0; index < of.count; index += 1) {
    for (const answer of answers) {
      const share = await openAnswer(fromHex(answer) ?? new Uint8Array(0), { ...of, index }).catch(() => undefined);
      if (share === undefined) continue;
      shares.push(share);
      break;
    }
  }
  return shares;
}

/** Who asks, for the guardian to decide. */
export interface GuardianQuestion {
  readonly owner: Hex;
  readonly signedAt: number;
}

/** Who asks by a request that is genuine. */
export async function guardianQuestion(text: Hex, of: { readonly vault: Vault }): Promise<GuardianQuestion> {
  const { owner, signedAt } = await genuine(text, of);
  return { owner: toHex(owner), signedAt };
}

/** Reads a request and checks that it is the owner's, for this guardian, and not old. */
async function genuine(text: Hex, { vault }: { readonly vault: Vault }): Promise<SignedGuardianRequest> {
  const request = decoded(text);
  const signer = await recoverTypedDataAddress({
    ...guardianRequestTypedData(request),
    signature: toHex(request.signature),
  }).catch(() => undefined);
  if (signer === undefined || !equalBytes(bytesOf(signer), request.owner)) throw failure("WRONG_REQUEST");
  if (!equalBytes(request.guardian, vault.account)) throw failure("NOT_MINE");
  const ageS = Math.floor(Date.now() / 1000) - request.signedAt;
  if (ageS > GUARDIAN_REQUEST_S_MAX || ageS < -GUARDIAN_REQUEST_S_MAX) throw failure("WRONG_REQUEST", "it is too old");
  return request;
}

function decoded(text: Hex): SignedGuardianRequest {
  try {
    return decodeGuardianRequest(fromHex(text) ?? new Uint8Array(0));
  } catch (error) {
    if (error instanceof NotCanonical) throw failure("WRONG_REQUEST");
    throw error;
  }
}

/** The guardian's answer: its share, for the owner's reply key alone. */
export async function answerGuardian(text: Hex, { vault }: { readonly vault: Vault }): Promise<Hex> {
  const request = await genuine(text, { vault });
  for (const { keys } of [vault, ...vault.past]) {
    const { share, vaultId, epoch, index } = request;
    const opened = await openShare(share, { vaultId, epoch, index, seed: keys.kemSeed }).catch((error: unknown) => {
      if (error instanceof SealRefused) return undefined;
      throw error;
    });
    if (opened !== undefined) return toHex(await sealAnswer(opened, request));
  }
  throw failure("NOT_MINE");
}
