import { randomBytes } from "node:crypto";
import { keysContentHash, slotsContentHash, type ApprovalAction } from "../../protocol/approval.ts";
import { concat, equalBytes } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/sha256.ts";
import type { Command } from "../midc/command.ts";
import { partitionOf } from "../midc/keys.ts";
import { BINDING_BOUND, PEPPER_BOUND, SLOTS_BOUND } from "../privacy/bounds.ts";
import { openUnder, sealBody, sealUnder, type ShredKey } from "../privacy/shred.ts";
import { epochFor, submitWrapped } from "../privacy/wrapping.ts";
import { Fault } from "../errors.ts";
import { AP_035_USED, approved, type SignedApproval } from "./approval.ts";
import { bindingOf, chainOf, readBinding, SLOTS_BYTES_MAX, type EnrolPorts } from "./enrol.ts";
import { refuse, type Refusal } from "./verdict.ts";

/**
 * Changes of how an owner's vault opens: other key slots around the same keys, or other keys altogether. What the slots
 * hold is opaque here. Every change leaves a block on the owner's chain, so that nobody makes one without its owner
 * being able to see it, and names what it replaces, so that of two devices that change at once one is told to read again.
 */

export type Changed = Refusal | { readonly kind: "replaced"; readonly blockId: Uint8Array };

export interface SlotsChange {
  readonly slots: Uint8Array;
  /** `slotsContentHash` of the slots that these stand in for. */
  readonly replaces: Uint8Array;
  readonly signed: SignedApproval;
}

const DAY_MS = 86_400_000;
const TICKET_BOUND = Uint8Array.of(5);
const PEPPER_BYTES = 32;

/** Puts other key slots in the place of the owner's. */
export async function replaceSlots(account: Uint8Array, change: SlotsChange, ports: EnrolPorts): Promise<Changed> {
  const site = siteOf(account, change, ports);
  if (site.kind === "refused") return site;
  const contentHash = slotsContentHash(change.slots);
  const wanted = { action: "replace key slots", contentHash, signed: change.signed } as const;
  const verdict = await agreed(account, wanted, site, ports);
  if (verdict.kind === "refused") return verdict;
  const command = { kind: "slots" as const, ...written(site, change.slots, verdict.digest, contentHash, ports) };
  return changed({ ...site, blockId: verdict.digest }, () => command, ports);
}

/** The pepper of the next epoch; like a first one it travels in a ticket and is stored only when it is used. */
export function startRotation(
  account: Uint8Array,
  ports: EnrolPorts,
): Refusal | { readonly kind: "started"; readonly pepper: Uint8Array; readonly ticket: Uint8Array } {
  const chainId = chainOf(account, ports);
  if (chainId === undefined) return NO_CHAIN;
  const pepper = new Uint8Array(randomBytes(PEPPER_BYTES));
  const epoch = epochFor(partitionOf(chainId, ports.replica.partitions), ports);
  return { kind: "started", pepper, ticket: ports.keyring.wrap(pepper, concat(chainId, TICKET_BOUND), epoch) };
}

/** Puts other keys in the place of the owner's: everybody seals to them from now on. */
export async function rotateKeys(
  account: Uint8Array,
  change: SlotsChange & { readonly ticket: Uint8Array; readonly binding: Uint8Array },
  ports: EnrolPorts,
): Promise<Changed> {
  const site = siteOf(account, change, ports);
  if (site.kind === "refused") return site;
  const { chainId, shredKey } = site;
  const pepper = ports.keyring.unwrap(change.ticket, concat(chainId, TICKET_BOUND));
  if (pepper?.length !== PEPPER_BYTES)
    return refuse("AP-030", "the ticket is not this chain's", "start the rotation again");
  const binding = readBinding(change.binding);
  if (binding === undefined)
    return refuse("AP-011", "the key binding is not in canonical form", "encode it with the SDK");
  const before = bindingOf(chainId, ports.vault);
  if (before === undefined) throw new Fault("VAULT_KEY_MISSING");
  const isOwners = equalBytes(binding.account, account) && equalBytes(binding.chainId, chainId);
  if (!isOwners || !(await ports.isBindingSigned(binding)))
    return refuse(
      "AP-030",
      "the key binding is not signed by this account for this chain",
      "sign it with the account's wallet",
    );
  if (binding.epoch !== before.epoch + 1)
    return refuse("AP-031", "the keys are not of the next epoch", "read your key slots again and rotate from there");
  const contentHash = keysContentHash(change.binding, change.slots);
  const wanted = { action: "rotate keys", contentHash, signed: change.signed } as const;
  const verdict = await agreed(account, wanted, site, ports);
  if (verdict.kind === "refused") return verdict;
  const rotate = {
    kind: "rotate" as const,
    ...written(site, change.slots, verdict.digest, change.binding, ports),
    readerKeyId: binding.readerKeyId,
    binding: sealUnder(shredKey, change.binding, concat(chainId, BINDING_BOUND)),
  };
  const wrapped = (epoch: number) => ports.keyring.wrap(pepper, concat(chainId, PEPPER_BOUND), epoch);
  const named = { ...site, blockId: verdict.digest };
  return changed(named, (epoch) => ({ ...rotate, pepper: wrapped(epoch) }), ports);
}

const NO_CHAIN = refuse("AP-031", "the account has no chain", "enrol before you change key slots");

interface Site {
  readonly kind: "site";
  readonly chainId: Uint8Array;
  readonly shredKey: ShredKey;
  /** Names the stored slots, for apply to compare. */
  readonly from: Uint8Array;
}

/** What a change would be made to, if it is still what its author has read. */
function siteOf(
  account: Uint8Array,
  { slots, replaces }: Pick<SlotsChange, "slots" | "replaces">,
  ports: EnrolPorts,
): Refusal | Site {
  const chainId = chainOf(account, ports);
  const row = chainId === undefined ? undefined : ports.vault.row(chainId);
  const shredKey = chainId === undefined ? undefined : ports.vault.shredKey(chainId);
  if (chainId === undefined || row === undefined || shredKey === undefined) return NO_CHAIN;
  if (slots.length === 0 || slots.length > SLOTS_BYTES_MAX)
    return refuse("AP-010", "key slots are empty or too large", `send 1 to ${SLOTS_BYTES_MAX} bytes`);
  const stored = openUnder(shredKey, row.slots, concat(chainId, SLOTS_BOUND));
  if (stored === undefined) throw new Fault("VAULT_KEY_MISSING");
  if (!equalBytes(slotsContentHash(stored), replaces)) return CHANGED_MEANWHILE;
  return { kind: "site", chainId, shredKey, from: sha256(row.slots) };
}

const CHANGED_MEANWHILE = refuse(
  "AP-031",
  "the key slots were changed meanwhile",
  "read your key slots again and repeat the change",
);

const agreed = (
  account: Uint8Array,
  wanted: {
    readonly action: ApprovalAction;
    readonly contentHash: Uint8Array;
    readonly signed: SignedApproval;
  },
  { chainId }: Site,
  ports: EnrolPorts,
) => {
  const { action, contentHash, signed } = wanted;
  const reader = new Uint8Array(20);
  return approved(
    account,
    { approval: { action, chainId, reader, notAfter: 0, purpose: "other", contentHash }, signed },
    ports,
  );
};

/** What every change writes: the block that says so, and the slots. */
function written(
  { chainId, shredKey, from }: Site,
  slots: Uint8Array,
  blockId: Uint8Array,
  body: Uint8Array,
  { clock }: Pick<EnrolPorts, "clock">,
) {
  const block = {
    chainId,
    kind: "keys" as const,
    txId: blockId,
    codedId: new Uint8Array(32),
    category: 0,
    jurisdiction: 0,
    retentionClass: 0,
    day: Math.floor(clock.now() / DAY_MS),
    ...sealBody(shredKey, body, concat(chainId, blockId)),
  };
  return { block, slots: sealUnder(shredKey, slots, concat(chainId, SLOTS_BOUND)), from };
}

async function changed(
  { chainId, blockId }: Site & { readonly blockId: Uint8Array },
  commandUnder: (epoch: number) => Command & { readonly kind: "slots" | "rotate" },
  ports: EnrolPorts,
): Promise<Changed> {
  const partition = partitionOf(chainId, ports.replica.partitions);
  const result = await submitWrapped(partition, ports, (epoch) => ports.replica.submit(partition, commandUnder(epoch)));
  if (result.kind === "refused") return CHANGED_MEANWHILE;
  if (result.kind === "known") return AP_035_USED;
  return { kind: "replaced", blockId };
}
