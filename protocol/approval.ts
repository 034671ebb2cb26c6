import { keccak_256 } from "@noble/hashes/sha3.js";
import { sha256 } from "./sha256.ts";
import { ascii, concat, toHex, uintToBytes } from "./bytes.ts";
import { Writer } from "./canonical.ts";
import type { Purpose } from "./grant.ts";
import { domainSeparator, type Keccak } from "./typedData.ts";

/**
 * What an owner's wallet signs before something about its chain changes that a session alone must not change: who may
 * read, how the vault opens, that all of it is erased. Good once and for minutes: its digest names the block that it
 * leaves on the chain, and a chain takes each name once.
 */
export const approvalActions = [
  "grant access",
  "revoke access",
  "replace key slots",
  "rotate keys",
  "erase everything",
] as const;
export type ApprovalAction = (typeof approvalActions)[number];

export interface Approval {
  readonly action: ApprovalAction;
  /** The owner's chain, 16 bytes. */
  readonly chainId: Uint8Array;
  /** Whose access it is about, 20 bytes; zero where it is about nobody's. */
  readonly reader: Uint8Array;
  /** Unix seconds; 0 where nothing is granted. */
  readonly notAfter: number;
  readonly purpose: Purpose;
  /** SHA-256 of what travels beside it: a grant's envelopes, the new key slots and keys; zero where nothing does. */
  readonly contentHash: Uint8Array;
  /** Unix seconds. */
  readonly signedAt: number;
}

/** How long a signature is fresh, and how far a wallet's clock may run ahead. */
export const APPROVAL_AGE_S_MAX = 300;
export const APPROVAL_AHEAD_S_MAX = 60;

export interface ApprovalDomain {
  readonly chain: number;
  /** The NotaryLedger, 20 bytes. */
  readonly ledger: Uint8Array;
}

const TYPE =
  "Approval(string action,bytes16 chain,address reader,uint48 notAfter,string purpose,bytes32 contentHash,uint48 signedAt)";
const typeHash = keccak_256(ascii(TYPE));
const word = (value: number): Uint8Array => uintToBytes(BigInt(value), 32);
const padded = (bytes: Uint8Array, at: number): Uint8Array => {
  const padding = new Uint8Array(32);
  padding.set(bytes, at);
  return padding;
};

/** EIP-712 digest; also the name of the block that the approved change leaves. */
export function approvalDigest(
  approval: Approval,
  { chain, ledger }: ApprovalDomain,
  keccak: Keccak = keccak_256,
): Uint8Array {
  const struct = concat(
    typeHash,
    keccak(ascii(approval.action)),
    padded(approval.chainId, 0),
    padded(approval.reader, 12),
    word(approval.notAfter),
    keccak(ascii(approval.purpose)),
    approval.contentHash,
    word(approval.signedAt),
  );
  const separator = domainSeparator({ name: "Midchain Approval", chain, contract: ledger });
  return keccak(concat(Uint8Array.of(0x19, 0x01), separator, keccak(struct)));
}

/** The same as a wallet wants it. */
export function approvalTypedData(approval: Approval, { chain, ledger }: ApprovalDomain) {
  return {
    domain: { name: "Midchain Approval", version: "1", chainId: chain, verifyingContract: toHex(ledger) },
    primaryType: "Approval" as const,
    types: {
      Approval: [
        { name: "action", type: "string" },
        { name: "chain", type: "bytes16" },
        { name: "reader", type: "address" },
        { name: "notAfter", type: "uint48" },
        { name: "purpose", type: "string" },
        { name: "contentHash", type: "bytes32" },
        { name: "signedAt", type: "uint48" },
      ],
    },
    message: {
      action: approval.action,
      chain: toHex(approval.chainId),
      reader: toHex(approval.reader),
      notAfter: approval.notAfter,
      purpose: approval.purpose,
      contentHash: toHex(approval.contentHash),
      signedAt: approval.signedAt,
    },
  };
}

/** `contentHash` of a grant: every transaction with the envelope that opens it, in order. */
export function grantContentHash(
  envelopes: readonly { readonly txId: Uint8Array; readonly envelope: Uint8Array }[],
): Uint8Array {
  const w = new Writer().array(envelopes.length);
  for (const { txId, envelope } of envelopes) w.array(2).bytes(txId).bytes(envelope);
  return sha256(w.done());
}

/** `contentHash` of new key slots. */
export const slotsContentHash = (slots: Uint8Array): Uint8Array => sha256(slots);

/** `contentHash` of a rotation: the new signed keys and the slots that come with them. */
export const keysContentHash = (binding: Uint8Array, slots: Uint8Array): Uint8Array =>
  sha256(new Writer().array(2).bytes(binding).bytes(slots).done());
