import { randomBytes } from "node:crypto";
import { bytesToUint, concat } from "../../protocol/bytes.ts";
import { encodeBody, encodeSubmission, requestId, type RequestBody } from "../../protocol/request.ts";
import { dealDigest, domainSeparator, requestDigest } from "../../protocol/typedData.ts";
import type { LoadSigner } from "./keys.ts";

export interface LoadNetwork {
  readonly chain: number;
  readonly ledger: Uint8Array;
  readonly engine: Uint8Array;
  readonly token: Uint8Array;
}

export interface LoadUser {
  readonly privateKey: Uint8Array;
  readonly account: Uint8Array;
  readonly chainId: Uint8Array;
}

const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size));
const VALID_S = 3_600;

/** Makes signed two-party requests, with a payment of one unit when `pay` is set. */
export function requestMaker(
  network: LoadNetwork,
  signer: LoadSigner,
): (from: LoadUser, to: LoadUser, pay: boolean) => Uint8Array {
  const separators = {
    request: domainSeparator({ name: "Midchain Request", chain: network.chain, contract: network.ledger }),
    deal: domainSeparator({ name: "SettlementEngine", chain: network.chain, contract: network.engine }),
  };
  return (from, to, pay) => {
    const validUntil = Math.floor(Date.now() / 1000) + VALID_S;
    const legs = [{ token: network.token, from: from.account, to: to.account, amount: 1n }];
    const deal = {
      validAfter: 0,
      validUntil: validUntil + VALID_S,
      nonce: bytesToUint(random(8)),
      legs,
      termsSalt: random(32),
    };
    const body: RequestBody = {
      kind: pay ? "payment" : "data",
      chain: network.chain,
      ledger: network.ledger,
      nonce: random(16),
      validUntil,
      parties: [from, to].map(({ account, chainId }, i) => ({
        account,
        chainId,
        codedId: random(32),
        role: i === 0 ? "initiator" : "counterparty",
      })),
      salt: random(32),
      contents: [],
      reference: "",
      ...(pay ? { deal } : {}),
    };
    const bodyBytes = encodeBody(body);
    const id = requestId(bodyBytes);
    const digest = requestDigest({ id, body }, separators.request, signer.keccak);
    const dealSignatures = pay
      ? [signer.sign(from.privateKey, dealDigest({ id, terms: deal }, separators.deal, signer.keccak))]
      : [];
    const signatures = [from, to].map(({ privateKey }) => signer.sign(privateKey, digest));
    return encodeSubmission({ bodyBytes, signatures, dealSignatures, parts: [] });
  };
}

/** Chain ids are the relayer's to give; the bench gives its users ones that it can compute again. */
export const loadChainId = (ownerTag: Uint8Array, index: number): Uint8Array => {
  const tail = new Uint8Array(14);
  new DataView(tail.buffer).setUint32(0, index);
  return concat(ownerTag.subarray(0, 2), tail);
};
