import { grantContentHash, type Approval } from "../../protocol/approval.ts";
import type { PendingBody } from "../../protocol/body.ts";
import { concat, equalBytes, toHex, type Hex } from "../../protocol/bytes.ts";
import { NotCanonical } from "../../protocol/canonical.ts";
import { encodeGrantBody, GRANT_TXS_MAX, type Purpose } from "../../protocol/grant.ts";
import { decodeBody, decodeEnvelopes, type ContentHeader, type SealedEnvelope } from "../../protocol/request.ts";
import { keys, partitionOf } from "../midc/keys.ts";
import { openUnder, sealBody, sealUnder } from "../privacy/shred.ts";
import { AP_035_USED, approved, type SignedApproval } from "./approval.ts";
import { chainOf, type EnrolPorts } from "./enrol.ts";
import { readPending } from "./read.ts";
import { refuse, type Refusal } from "./verdict.ts";

const DAY_MS = 86_400_000;
/** Ten years: an access that never ends is not a grant. */
const GRANT_S_MAX = 10 * 366 * 24 * 3600;

export interface GrantOrder {
  /** The reader's account. */
  readonly reader: Uint8Array;
  /** Unix seconds. */
  readonly notAfter: number;
  readonly purpose: Purpose;
  /** Per transaction the data key, sealed to the reader: an `encodeEnvelopes` list of one. */
  readonly envelopes: readonly { readonly txId: Uint8Array; readonly envelope: Uint8Array }[];
  readonly signed: SignedApproval;
}

export type Granted = Refusal | { readonly kind: "granted"; readonly blockId: Uint8Array };

/** Lets a reader have contents of the owner's chain: a grant block on that chain, and the envelopes beside it. */
export async function grant(owner: Uint8Array, order: GrantOrder, ports: EnrolPorts): Promise<Granted> {
  const nowS = Math.floor(ports.clock.now() / 1000);
  if (order.notAfter <= nowS || order.notAfter > nowS + GRANT_S_MAX)
    return refuse("AP-003", "notAfter is past or more than ten years ahead", "choose when the access shall end");
  if (order.envelopes.length === 0 || order.envelopes.length > GRANT_TXS_MAX)
    return refuse("AP-010", `a grant names 1 to ${GRANT_TXS_MAX} transactions`, "split it into several grants");
  const chainId = chainOf(owner, ports);
  const readerChain = chainOf(order.reader, ports);
  const readerKeyId = readerChain === undefined ? undefined : ports.vault.row(readerChain)?.readerKeyId;
  if (chainId === undefined || readerKeyId === undefined || equalBytes(owner, order.reader))
    return refuse("AP-031", "owner or reader has no chain of its own", "let both enrol first");
  for (const { txId, envelope } of order.envelopes) {
    const sealed = readEnvelope(envelope);
    if (sealed === undefined) return refuse("AP-011", "an envelope is not in canonical form", "seal it with the SDK");
    if (!equalBytes(sealed.readerKeyId, readerKeyId))
      return refuse("AP-032", "an envelope is not for the reader's current key", "read GET /v1/keys/{account} again");
    if (readPending(chainId, txId, { view: ports.replica.view, vault: ports.vault })?.part === undefined)
      return refuse("AP-031", "a transaction has no content on the owner's chain", "grant contents of your own chain");
  }
  return layGrant({ owner, chainId, order }, ports);
}

/** Ends a reader's access now: a revocation block, and the envelopes are deleted. */
export async function revoke(
  owner: Uint8Array,
  { reader, signed }: Pick<GrantOrder, "reader" | "signed">,
  ports: EnrolPorts,
): Promise<Granted> {
  const chainId = chainOf(owner, ports);
  if (
    chainId === undefined ||
    ports.replica.view.get(keys.grant(chainId, ports.keyring.ownerTag(reader))) === undefined
  )
    return refuse("AP-031", "there is no such grant", "read your chain's grant blocks");
  return layGrant({ owner, chainId, order: { reader, notAfter: 0, purpose: "other", envelopes: [], signed } }, ports);
}

async function layGrant(
  { owner, chainId, order }: { readonly owner: Uint8Array; readonly chainId: Uint8Array; readonly order: GrantOrder },
  ports: EnrolPorts,
): Promise<Granted> {
  const shredKey = ports.vault.shredKey(chainId);
  if (shredKey === undefined) return refuse("AP-031", "the owner has no chain", "enrol first");
  const verdict = await approved(owner, { approval: approvalOf(chainId, order), signed: order.signed }, ports);
  if (verdict.kind === "refused") return verdict;
  const blockId = verdict.digest;
  const readerTag = ports.keyring.ownerTag(order.reader);
  const body = encodeGrantBody({ ...order, txIds: order.envelopes.map(({ txId }) => txId) });
  const result = await ports.replica.submit(partitionOf(chainId, ports.replica.partitions), {
    kind: "block",
    block: {
      chainId,
      kind: order.notAfter === 0 ? "revocation" : "grant",
      txId: blockId,
      codedId: new Uint8Array(32),
      category: 0,
      jurisdiction: 0,
      retentionClass: 0,
      day: Math.floor(ports.clock.now() / DAY_MS),
      ...sealBody(shredKey, body, concat(chainId, blockId)),
    },
    grant: {
      readerTag,
      notAfter: order.notAfter,
      envelopes: order.envelopes.map(({ txId, envelope }) => ({
        txId,
        sealed: sealUnder(shredKey, envelope, concat(chainId, readerTag, txId)),
      })),
    },
  });
  if (result.kind === "refused") return refuse("AP-031", result.why, "read your chain with GET /v1/me");
  // The chain holds a block of this name: the same approval came before.
  return result.kind === "known" ? AP_035_USED : { kind: "granted", blockId };
}

const approvalOf = (chainId: Uint8Array, order: GrantOrder): Omit<Approval, "signedAt"> => ({
  action: order.notAfter === 0 ? "revoke access" : "grant access",
  chainId,
  reader: order.reader,
  notAfter: order.notAfter,
  purpose: order.purpose,
  contentHash: order.notAfter === 0 ? new Uint8Array(32) : grantContentHash(order.envelopes),
});

function readEnvelope(bytes: Uint8Array): SealedEnvelope | undefined {
  try {
    const envelopes = decodeEnvelopes(bytes);
    return envelopes.length === 1 ? envelopes[0] : undefined;
  } catch (error) {
    if (error instanceof NotCanonical) return undefined;
    throw error;
  }
}

/** A content as its reader gets it: the clear labels, the ciphertext, and the reader's own envelope. Nothing else. */
export interface SharedContent {
  readonly txId: Hex;
  readonly header: ContentHeader;
  readonly ciphertext: Uint8Array;
  /** `encodeEnvelopes` list of one. */
  readonly envelope: Uint8Array;
}

export interface SharedPage {
  readonly notAfter: number;
  readonly contents: readonly SharedContent[];
}

/** What an owner has granted to a reader; undefined without a grant, after its end, and after a revocation. */
export function shared(
  owner: Uint8Array,
  reader: Uint8Array,
  ports: Pick<EnrolPorts, "keyring" | "vault" | "replica" | "clock">,
): SharedPage | undefined {
  const { view } = ports.replica;
  const chainId = chainOf(owner, ports);
  if (chainId === undefined) return undefined;
  const readerTag = ports.keyring.ownerTag(reader);
  const row = view.get(keys.grant(chainId, readerTag));
  const shredKey = ports.vault.shredKey(chainId);
  if (row === undefined || shredKey === undefined) return undefined;
  const notAfter = Number(new DataView(row.buffer, row.byteOffset, row.byteLength).getBigUint64(0));
  if (notAfter * 1000 <= ports.clock.now()) return undefined;
  const contents = view.range({ ...keys.envelopesOf(chainId, readerTag), limit: GRANT_TXS_MAX }).flatMap((entry) => {
    const txId = entry.key.slice(-32);
    const envelope = openUnder(shredKey, entry.value, concat(chainId, readerTag, txId));
    const body = readPending(chainId, txId, { view, vault: ports.vault });
    const header = body === undefined ? undefined : ownHeader(body);
    if (envelope === undefined || header === undefined || body?.part === undefined) return [];
    return [{ txId: toHex(txId), header, ciphertext: body.part.ciphertext, envelope }];
  });
  return { notAfter, contents };
}

/** The clear header of the content that lies on this party's chain. */
function ownHeader(body: PendingBody): ContentHeader | undefined {
  const request = decodeBody(body.bodyBytes);
  const content = request.parties[body.party]?.content;
  return content === undefined ? undefined : request.contents[content];
}
