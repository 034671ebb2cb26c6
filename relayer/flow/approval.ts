import {
  APPROVAL_AGE_S_MAX,
  APPROVAL_AHEAD_S_MAX,
  approvalDigest,
  type Approval,
  type ApprovalDomain,
} from "../../protocol/approval.ts";
import type { Keccak } from "../../protocol/typedData.ts";
import type { Clock } from "../ports.ts";
import { refuse, type Refusal } from "./verdict.ts";

/** What came with a call: everything else of the approval follows from the call itself. */
export interface SignedApproval {
  /** Unix seconds. */
  readonly signedAt: number;
  readonly signature: Uint8Array;
}

export interface ApprovalPorts {
  readonly approvalDomain: ApprovalDomain;
  /** Whether the account, a key or a contract, signed this digest. */
  readonly isSignedBy: (account: Uint8Array, digest: Uint8Array, signature: Uint8Array) => Promise<boolean>;
  readonly clock: Pick<Clock, "now">;
  readonly keccak: Keccak;
}

export const AP_035_USED = refuse("AP-035", "the approval has been used", "sign a new one, if it is still wanted");

/**
 * Rule AP-035: the owner's wallet signed exactly this change, for this chain on this network, minutes ago. Returns the
 * digest: the block that the change leaves must carry it as its name, so that the chain itself takes it only once.
 */
export async function approved(
  owner: Uint8Array,
  claim: { readonly approval: Omit<Approval, "signedAt">; readonly signed: SignedApproval },
  ports: ApprovalPorts,
): Promise<Refusal | { readonly kind: "approved"; readonly digest: Uint8Array }> {
  const { signedAt, signature } = claim.signed;
  const nowS = Math.floor(ports.clock.now() / 1000);
  if (signedAt < nowS - APPROVAL_AGE_S_MAX || signedAt > nowS + APPROVAL_AHEAD_S_MAX)
    return refuse(
      "AP-035",
      "the approval was not signed within the last minutes",
      "sign it again, and check the clock",
    );
  const digest = approvalDigest({ ...claim.approval, signedAt }, ports.approvalDomain, ports.keccak);
  if (!(await ports.isSignedBy(owner, digest, signature)))
    return refuse("AP-035", "the owner's wallet has not signed exactly this change", "sign it with the owner's wallet");
  return { kind: "approved", digest };
}
