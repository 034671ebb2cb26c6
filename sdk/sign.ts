import { equalBytes, toHex, type Hex } from "../protocol/bytes.ts";
import { verifyReceipt, type Receipt } from "../protocol/receipt.ts";
import { decodeBody, encodeSubmission, requestId, type RequestBody } from "../protocol/request.ts";
import { dealTypedData, requestTypedData } from "../protocol/typedData.ts";
import { failure } from "./errors.ts";
import { bytesOf } from "./hex.ts";
import type { Draft, DraftSignature, NetworkInfo, Wallet } from "./types.ts";
import type { Wire } from "./wire.ts";

/** Who pays in a deal, each once, in order of first appearance. */
export const payersOf = (body: RequestBody): readonly Uint8Array[] => [
  ...new Map((body.deal?.legs ?? []).map((leg) => [toHex(leg.from), leg.from])).values(),
];

/** Signs what the bytes say, not what somebody says they say: the body is read from the bytes again. */
export async function sign(
  draft: Pick<Draft, "bodyBytes">,
  { wallet, network }: { readonly wallet: Wallet; readonly network: NetworkInfo },
): Promise<DraftSignature> {
  const body = decodeBody(draft.bodyBytes);
  const account = bytesOf(wallet.address);
  if (!body.parties.some((party) => equalBytes(party.account, account))) throw failure("NOT_A_PARTY");
  const signature = await wallet.signTypedData(requestTypedData(draft.bodyBytes, body));
  if (body.deal === undefined || !payersOf(body).some((payer) => equalBytes(payer, account))) return { signature };
  const engine = { chain: network.chainId, contract: bytesOf(network.engine) };
  return { signature, dealSignature: await wallet.signTypedData(dealTypedData(draft.bodyBytes, body.deal, engine)) };
}

export interface Submitted {
  readonly id: Hex;
  /** Whether the relayer had it already. */
  readonly known: boolean;
  readonly receipt: Receipt;
}

export async function submit(draft: Draft, signatures: readonly DraftSignature[], wire: Wire): Promise<Submitted> {
  const body = decodeBody(draft.bodyBytes);
  const cbor = encodeSubmission({
    bodyBytes: draft.bodyBytes,
    signatures: signatures.map(({ signature }) => bytesOf(signature)),
    dealSignatures: payersOf(body).map((payer) => {
      const index = body.parties.findIndex((party) => equalBytes(party.account, payer));
      const dealSignature = signatures[index]?.dealSignature;
      if (dealSignature === undefined) throw failure("WRONG_DRAFT", "a payer has not signed the deal");
      return bytesOf(dealSignature);
    }),
    parts: draft.parts,
  });
  return checkedReceipt(await wire.send<Submitted>({ method: "POST", path: "/transactions", cbor }), draft);
}

export function checkedReceipt({ id, known, receipt }: Submitted, draft: Pick<Draft, "bodyBytes">): Submitted {
  const expected = toHex(requestId(draft.bodyBytes));
  if (id !== expected || receipt.id !== expected || !verifyReceipt(receipt)) throw failure("WRONG_RECEIPT");
  return { id, known, receipt };
}
