import { ascii, concat, toHex, uintToBytes } from "./bytes.ts";
import { NotCanonical, Reader, Writer } from "./canonical.ts";
import type { SealedShare } from "./guardians.ts";
import { encBytes, hpkeOpen, hpkeSeal, publicKeyBytes, type Suite } from "./hpke.ts";
import { sha256 } from "./sha256.ts";

/**
 * How an owner gets a share back from a guardian: the owner's wallet signs a request that names a key made for this
 * once, the guardian opens its share and seals it to that key. Whoever holds the sealed shares without the owner's
 * wallet gets nothing from an honest guardian.
 */
export interface GuardianRequest {
  readonly owner: Uint8Array;
  readonly guardian: Uint8Array;
  readonly vaultId: Uint8Array;
  /** Of the share: the epoch in which its slot was made, and its number. */
  readonly epoch: number;
  readonly index: number;
  /** Suite 1 key for the answer. */
  readonly replyKey: Uint8Array;
  /** Unix seconds. */
  readonly signedAt: number;
  readonly share: SealedShare;
}

export interface SignedGuardianRequest extends GuardianRequest {
  readonly signature: Uint8Array;
}

/** Guardians are people: they get days, not minutes. */
export const GUARDIAN_REQUEST_S_MAX = 72 * 3600;

const REPLY_SUITE: Suite = 1;
const SHARE_CT_BYTES_MAX = 64;
const SIGNATURE_BYTES_MAX = 1024;

/** What the owner's wallet signs. No chain: a vault does not change with the network. */
export function guardianRequestTypedData(request: GuardianRequest) {
  const { share } = request;
  return {
    domain: { name: "Midchain Guardian Request", version: "1" },
    primaryType: "GuardianRequest" as const,
    types: {
      GuardianRequest: [
        { name: "owner", type: "address" },
        { name: "guardian", type: "address" },
        { name: "vaultId", type: "bytes32" },
        { name: "epoch", type: "uint32" },
        { name: "index", type: "uint8" },
        { name: "replyKeyHash", type: "bytes32" },
        { name: "shareHash", type: "bytes32" },
        { name: "signedAt", type: "uint48" },
      ],
    },
    message: {
      owner: toHex(request.owner),
      guardian: toHex(request.guardian),
      vaultId: toHex(request.vaultId),
      epoch: request.epoch,
      index: request.index,
      replyKeyHash: toHex(sha256(request.replyKey)),
      shareHash: toHex(sha256(concat(Uint8Array.of(share.suite), share.enc, share.ct))),
      signedAt: request.signedAt,
    },
  };
}

export function encodeGuardianRequest(request: SignedGuardianRequest): Uint8Array {
  const { share } = request;
  const w = new Writer().array(11).bytes(request.owner).bytes(request.guardian).bytes(request.vaultId);
  w.uint(request.epoch).uint(request.index).bytes(request.replyKey).uint(request.signedAt);
  return w.uint(share.suite).bytes(share.enc).bytes(share.ct).bytes(request.signature).done();
}

/** Throws NotCanonical. */
export function decodeGuardianRequest(bytes: Uint8Array): SignedGuardianRequest {
  const r = new Reader(bytes);
  if (r.array(11) !== 11) throw new NotCanonical("a request to a guardian has 11 fields");
  const head = {
    owner: r.fixed(20),
    guardian: r.fixed(20),
    vaultId: r.fixed(32),
    epoch: r.uint(2 ** 32 - 1),
    index: r.uint(255),
    replyKey: r.fixed(publicKeyBytes[REPLY_SUITE]),
    signedAt: r.uint(2 ** 48 - 1),
  };
  const suite: Suite = r.uint(1) === 1 ? 1 : 0;
  const share = { suite, enc: r.fixed(encBytes[suite]), ct: r.bytes(SHARE_CT_BYTES_MAX) };
  const signature = r.bytes(SIGNATURE_BYTES_MAX);
  r.end();
  return { ...head, share, signature };
}

type AnswerPlace = Pick<GuardianRequest, "owner" | "vaultId" | "epoch" | "index">;

const INFO = ascii("MIDC/v1 share answer");
const aadOf = ({ owner, vaultId, epoch, index }: AnswerPlace): Uint8Array =>
  concat(owner, vaultId, uintToBytes(BigInt(epoch), 4), Uint8Array.of(index));

/** enc || ct: an opened share for the owner's reply key alone. */
export async function sealAnswer(share: Uint8Array, request: GuardianRequest): Promise<Uint8Array> {
  const { replyKey: publicKey } = request;
  const { enc, ct } = await hpkeSeal({
    suite: REPLY_SUITE,
    publicKey,
    plaintext: share,
    info: INFO,
    aad: aadOf(request),
  });
  return concat(enc, ct);
}

/** The share of an answer; undefined when it is none to this request. */
export async function openAnswer(
  answer: Uint8Array,
  request: AnswerPlace & { readonly replySeed: Uint8Array },
): Promise<Uint8Array | undefined> {
  const size = encBytes[REPLY_SUITE];
  if (answer.length <= size || answer.length > size + SHARE_CT_BYTES_MAX) return undefined;
  const [enc, ct] = [answer.subarray(0, size), answer.subarray(size)];
  return hpkeOpen({ suite: REPLY_SUITE, seed: request.replySeed, enc, ct, info: INFO, aad: aadOf(request) });
}
