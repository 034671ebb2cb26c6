import { randomBytes } from "node:crypto";
import { decodeBinding, encodeBinding, type SignedBinding } from "../../protocol/binding.ts";
import { concat, equalBytes } from "../../protocol/bytes.ts";
import { NotCanonical } from "../../protocol/canonical.ts";
import type { Replica } from "../log/replica.ts";
import { keys, partitionOf } from "../midc/keys.ts";
import type { Keyring } from "../ports.ts";
import { BINDING_BOUND, PEPPER_BOUND, SLOTS_BOUND } from "../privacy/bounds.ts";
import { openUnder, sealBody, sealUnder, shredKeyOf } from "../privacy/shred.ts";
import type { Vault } from "../privacy/vault.ts";
import { epochFor, submitWrapped } from "../privacy/wrapping.ts";
import { Fault } from "../errors.ts";
import type { ApprovalPorts } from "./approval.ts";
import { refuse, type Refusal } from "./verdict.ts";

const DAY_MS = 86_400_000;
const CHAIN_ID_BYTES = 16;
export const SLOTS_BYTES_MAX = 64 * 1024;

/** What a wallet gets before it derives its keys. For an account with a chain it is that chain's, every time. */
export interface Start {
  readonly chainId: Uint8Array;
  /** The platform's half of the vault key; useless without the wallet's signature. */
  readonly pepper: Uint8Array;
  /** To be given back at enrolment; absent when the account has a chain. */
  readonly ticket?: Uint8Array;
  /** The owner's key slots, for an account with a chain. */
  readonly slots?: Uint8Array;
}

export interface Enrolment {
  readonly ticket: Uint8Array;
  /** Canonical SignedBinding. */
  readonly binding: Uint8Array;
  readonly slots: Uint8Array;
}

export interface EnrolPorts extends ApprovalPorts {
  readonly replica: Pick<Replica, "submit" | "view" | "partitions">;
  readonly vault: Vault;
  readonly keyring: Pick<Keyring, "wrap" | "unwrap" | "ownerTag" | "vaultKeys">;
  /** Whether the binding's signature is its account's. */
  readonly isBindingSigned: (binding: SignedBinding) => Promise<boolean>;
}

export type Enrolled = Refusal | { readonly kind: "enrolled"; readonly chainId: Uint8Array };

/** The chain of an account, if it has one. */
export const chainOf = (
  account: Uint8Array,
  ports: Pick<EnrolPorts, "keyring"> & { readonly replica: Pick<Replica, "view"> },
): Uint8Array | undefined => ports.replica.view.get(keys.directory(ports.keyring.ownerTag(account)));

/** Nothing is stored yet: what was drawn travels in the ticket, wrapped for this account alone. */
export function startEnrolment(account: Uint8Array, ports: EnrolPorts): Start {
  const ownerTag = ports.keyring.ownerTag(account);
  const known = ports.replica.view.get(keys.directory(ownerTag));
  if (known !== undefined) {
    const row = ports.vault.row(known);
    const pepper = row === undefined ? undefined : ports.keyring.unwrap(row.pepper, concat(known, PEPPER_BOUND));
    const shredKey = ports.vault.shredKey(known);
    const slots =
      row === undefined || shredKey === undefined
        ? undefined
        : openUnder(shredKey, row.slots, concat(known, SLOTS_BOUND));
    if (pepper === undefined || slots === undefined) throw new Fault("VAULT_KEY_MISSING");
    return { chainId: known, pepper, slots };
  }
  // The first bytes place the chain in the same partition as the account's tag, so that one log sees both.
  const chainId = new Uint8Array(concat(ownerTag.subarray(0, 2), randomBytes(CHAIN_ID_BYTES - 2)));
  const pepper = new Uint8Array(randomBytes(32));
  const epoch = epochFor(partitionOf(chainId, ports.replica.partitions), ports);
  const ticket = ports.keyring.wrap(concat(chainId, pepper), concat(ownerTag, TICKET_BOUND), epoch);
  return { chainId, pepper, ticket };
}

const TICKET_BOUND = Uint8Array.of(2);

export async function enrol(account: Uint8Array, enrolment: Enrolment, ports: EnrolPorts): Promise<Enrolled> {
  const ownerTag = ports.keyring.ownerTag(account);
  const ticket = ports.keyring.unwrap(enrolment.ticket, concat(ownerTag, TICKET_BOUND));
  if (ticket?.length !== CHAIN_ID_BYTES + 32)
    return refuse("AP-030", "the ticket is not this account's", "start the enrolment again");
  const [chainId, pepper] = [ticket.slice(0, CHAIN_ID_BYTES), ticket.slice(CHAIN_ID_BYTES)];
  const binding = readBinding(enrolment.binding);
  if (binding === undefined)
    return refuse("AP-011", "the key binding is not in canonical form", "encode it with the SDK");
  if (
    !equalBytes(binding.account, account) ||
    !equalBytes(binding.chainId, chainId) ||
    !(await ports.isBindingSigned(binding))
  ) {
    return refuse(
      "AP-030",
      "the key binding is not signed by this account for this chain",
      "sign it with the account's wallet",
    );
  }
  if (enrolment.slots.length === 0 || enrolment.slots.length > SLOTS_BYTES_MAX) {
    return refuse("AP-010", "a second key slot is needed", "make a recovery code or passkey slot before enrolling");
  }
  const shredBytes = new Uint8Array(randomBytes(32));
  const shredKey = shredKeyOf(shredBytes);
  const txId = new Uint8Array(randomBytes(32));
  const partition = partitionOf(chainId, ports.replica.partitions);
  const command = {
    kind: "enrol" as const,
    ownerTag,
    slots: sealUnder(shredKey, enrolment.slots, concat(chainId, SLOTS_BOUND)),
    readerKeyId: binding.readerKeyId,
    binding: sealUnder(shredKey, enrolment.binding, concat(chainId, BINDING_BOUND)),
    genesis: {
      chainId,
      kind: "genesis" as const,
      txId,
      codedId: new Uint8Array(32),
      category: 0,
      jurisdiction: 0,
      retentionClass: 0,
      day: Math.floor(ports.clock.now() / DAY_MS),
      ...sealBody(shredKey, encodeBinding(binding), concat(chainId, txId)),
    },
  };
  const result = await submitWrapped(partition, ports, (epoch) =>
    ports.replica.submit(partition, {
      ...command,
      shredKey: ports.keyring.wrap(shredBytes, chainId, epoch),
      pepper: ports.keyring.wrap(pepper, concat(chainId, PEPPER_BOUND), epoch),
    }),
  );
  if (result.kind === "refused") return refuse("AP-031", result.why, "read your chain with GET /v1/me");
  return { kind: "enrolled", chainId };
}

/** Undefined for bytes that are no canonical binding. */
export function readBinding(bytes: Uint8Array): SignedBinding | undefined {
  try {
    return decodeBinding(bytes);
  } catch (error) {
    if (error instanceof NotCanonical) return undefined;
    throw error;
  }
}

/** The binding of a chain's current keys, for those who want to seal to its owner. */
export function bindingOf(chainId: Uint8Array, vault: Vault): SignedBinding | undefined {
  const row = vault.row(chainId);
  const shredKey = vault.shredKey(chainId);
  const opened =
    row === undefined || shredKey === undefined
      ? undefined
      : openUnder(shredKey, row.binding, concat(chainId, BINDING_BOUND));
  return opened === undefined ? undefined : decodeBinding(opened);
}
