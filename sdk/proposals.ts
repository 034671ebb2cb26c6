import { equalBytes, toHex, type Hex } from "../protocol/bytes.ts";
import { decodeBody, decodeSubmission, encodeSubmission, requestId } from "../protocol/request.ts";
import { failure } from "./errors.ts";
import { bytesOf } from "./hex.ts";
import type { Session } from "./session.ts";
import { checkedReceipt, payersOf, type Submitted } from "./sign.ts";
import type { Draft, DraftSignature, Wallet } from "./types.ts";
import type { Wire } from "./wire.ts";

interface ProposalPorts {
  readonly wire: Wire;
  readonly session: Pick<Session, "token">;
}

const NONE = new Uint8Array(0);

/** Leaves a signed draft with the relayer until the other parties have signed it too. */
export async function propose(
  draft: Draft,
  mine: DraftSignature,
  { wire, session, wallet }: ProposalPorts & { readonly wallet: Wallet },
): Promise<{ readonly id: Hex }> {
  const body = decodeBody(draft.bodyBytes);
  const account = bytesOf(wallet.address);
  const own = (holder: Uint8Array, signature: Hex | undefined): Uint8Array =>
    equalBytes(holder, account) && signature !== undefined ? bytesOf(signature) : NONE;
  const cbor = encodeSubmission({
    bodyBytes: draft.bodyBytes,
    signatures: body.parties.map((party) => own(party.account, mine.signature)),
    dealSignatures: payersOf(body).map((payer) => own(payer, mine.dealSignature)),
    parts: draft.parts,
  });
  return wire.send({ method: "POST", path: "/proposals", token: await session.token(), cbor });
}

/** What waits for this account, as drafts: look at them, open their contents, then co-sign. */
export async function waiting({ wire, session }: ProposalPorts): Promise<readonly Draft[]> {
  const token = await session.token();
  const { proposals } = await wire.get<{ readonly proposals: readonly { readonly id: Hex }[] }>("/proposals", token);
  return Promise.all(
    proposals.map(async ({ id }) => {
      const { bodyBytes, body, parts } = decodeSubmission(await wire.bytes(`/proposals/${id}`, token));
      if (toHex(requestId(bodyBytes)) !== id) throw failure("WRONG_DRAFT");
      return { id, bodyBytes, body, parts };
    }),
  );
}

/** Adds this account's signatures; the relayer submits when they were the last. */
export async function coSign(
  draft: Draft,
  mine: DraftSignature,
  { wire, session }: ProposalPorts,
): Promise<Submitted | undefined> {
  const path = `/proposals/${draft.id}/signatures`;
  const answer = await wire.send<Partial<Submitted>>({
    method: "POST",
    path,
    token: await session.token(),
    json: mine,
  });
  const { id, known, receipt } = answer;
  if (id === undefined || known === undefined || receipt === undefined) return undefined;
  return checkedReceipt({ id, known, receipt }, draft);
}
