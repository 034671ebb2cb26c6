import { keccak_256 } from "@noble/hashes/sha3.js";
import { ascii, concat, toHex, uintToBytes, type Hex } from "./bytes.ts";
import { dealTerms, requestId, type DealTerms, type Leg, type RequestBody } from "./request.ts";

/**
 * The EIP-712 digests people and nodes sign, encoded by hand-laid words because this is the hottest path of a node
 * (a general encoder costs 50 times more). Held against viem and ethers on random values in the tests.
 */

/** keccak256; a node passes a faster one than the portable default. */
export type Keccak = (bytes: Uint8Array) => Uint8Array;

const typeHash = (type: string): Uint8Array => keccak_256(ascii(type));

export const LEG_TYPE = "Leg(address token,address from,address to,uint256 amount)";
const PARTY_TYPE = "Party(address account,bytes32 codedId,string role)";
const REQUEST_TYPE = `Request(bytes32 id,string kind,Party[] parties,Leg[] legs,string reference,uint48 validUntil)${LEG_TYPE}${PARTY_TYPE}`;
const DEAL_TYPE = `Deal(bytes32 terms,uint48 validAfter,uint48 validUntil,uint256 nonce,Leg[] legs)${LEG_TYPE}`;
const BATCH_TYPE = "Batch(bytes32 partition,uint64 seq,bytes32 prev,bytes32 root,uint32 count,bytes32 itemsHash)";
const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

const legTypeHash = typeHash(LEG_TYPE);
const partyTypeHash = typeHash(PARTY_TYPE);
const requestTypeHash = typeHash(REQUEST_TYPE);
const dealTypeHash = typeHash(DEAL_TYPE);
const batchTypeHash = typeHash(BATCH_TYPE);
const domainTypeHash = typeHash(DOMAIN_TYPE);

/** Hashes of the few fixed strings that appear in requests. */
const textHashes = new Map<string, Uint8Array>();
function textHash(text: string): Uint8Array {
  let hash = textHashes.get(text);
  if (hash === undefined) {
    hash = keccak_256(ascii(text));
    textHashes.set(text, hash);
  }
  return hash;
}

const word = (value: bigint | number): Uint8Array => uintToBytes(BigInt(value), 32);
const address = (account: Uint8Array): Uint8Array => {
  const padded = new Uint8Array(32);
  padded.set(account, 12);
  return padded;
};

export interface Domain {
  readonly name: "Midchain Request" | "Midchain Approval" | "SettlementEngine" | "NotaryLedger";
  readonly chain: number;
  /** 20 bytes. */
  readonly contract: Uint8Array;
}

export const domainSeparator = (domain: Domain): Uint8Array =>
  keccak_256(
    concat(domainTypeHash, textHash(domain.name), textHash("1"), word(domain.chain), address(domain.contract)),
  );

const PREFIX = new Uint8Array([0x19, 0x01]);
const digest = (separator: Uint8Array, struct: Uint8Array, keccak: Keccak): Uint8Array =>
  keccak(concat(PREFIX, separator, struct));

const hashLegs = (legs: readonly Leg[], keccak: Keccak): Uint8Array =>
  keccak(
    concat(
      ...legs.map((leg) =>
        keccak(concat(legTypeHash, address(leg.token), address(leg.from), address(leg.to), word(leg.amount))),
      ),
    ),
  );

/** What every party of a request signs. `separator` is that of domain "Midchain Request". */
export function requestDigest(
  request: { readonly id: Uint8Array; readonly body: RequestBody },
  separator: Uint8Array,
  keccak: Keccak = keccak_256,
): Uint8Array {
  const { id, body } = request;
  const parties = body.parties.map((party) =>
    keccak(concat(partyTypeHash, address(party.account), party.codedId, textHash(party.role))),
  );
  const legs = hashLegs(body.deal?.legs ?? [], keccak);
  const reference = keccak(ascii(body.reference));
  const struct = concat(
    requestTypeHash,
    id,
    textHash(body.kind),
    keccak(concat(...parties)),
    legs,
    reference,
    word(body.validUntil),
  );
  return digest(separator, keccak(struct), keccak);
}

/** What a payer signs for the chain; also the deal's id there. `separator` is that of domain "SettlementEngine". */
export function dealDigest(
  deal: { readonly id: Uint8Array; readonly terms: DealTerms },
  separator: Uint8Array,
  keccak: Keccak = keccak_256,
): Uint8Array {
  const { validAfter, validUntil, nonce, legs, termsSalt } = deal.terms;
  const terms = dealTerms(deal.id, termsSalt);
  const struct = concat(dealTypeHash, terms, word(validAfter), word(validUntil), word(nonce), hashLegs(legs, keccak));
  return digest(separator, keccak(struct), keccak);
}

/** One notarized batch: the header the committee signs; its digest is the header hash. */
export interface BatchHeader {
  readonly partition: Uint8Array;
  readonly seq: bigint;
  readonly prev: Uint8Array;
  readonly root: Uint8Array;
  readonly count: number;
  readonly itemsHash: Uint8Array;
}

export function batchDigest(header: BatchHeader, separator: Uint8Array, keccak: Keccak = keccak_256): Uint8Array {
  const struct = concat(
    batchTypeHash,
    header.partition,
    word(header.seq),
    header.prev,
    header.root,
    word(header.count),
    header.itemsHash,
  );
  return digest(separator, keccak(struct), keccak);
}

const legFields = [
  { name: "token", type: "address" },
  { name: "from", type: "address" },
  { name: "to", type: "address" },
  { name: "amount", type: "uint256" },
] as const;

const legMessage = (leg: Leg): { token: Hex; from: Hex; to: Hex; amount: bigint } => ({
  token: toHex(leg.token),
  from: toHex(leg.from),
  to: toHex(leg.to),
  amount: leg.amount,
});

const domainObject = (domain: Domain) => ({
  name: domain.name,
  version: "1",
  chainId: domain.chain,
  verifyingContract: toHex(domain.contract),
});

/** The same request as a wallet wants it (viem / EIP-1193 `eth_signTypedData_v4`). */
export function requestTypedData(bodyBytes: Uint8Array, body: RequestBody) {
  return {
    domain: domainObject({ name: "Midchain Request", chain: body.chain, contract: body.ledger }),
    primaryType: "Request" as const,
    types: {
      Request: [
        { name: "id", type: "bytes32" },
        { name: "kind", type: "string" },
        { name: "parties", type: "Party[]" },
        { name: "legs", type: "Leg[]" },
        { name: "reference", type: "string" },
        { name: "validUntil", type: "uint48" },
      ],
      Leg: legFields,
      Party: [
        { name: "account", type: "address" },
        { name: "codedId", type: "bytes32" },
        { name: "role", type: "string" },
      ],
    },
    message: {
      id: toHex(requestId(bodyBytes)),
      kind: body.kind,
      parties: body.parties.map((party) => ({
        account: toHex(party.account),
        codedId: toHex(party.codedId),
        role: party.role,
      })),
      legs: (body.deal?.legs ?? []).map(legMessage),
      reference: body.reference,
      validUntil: body.validUntil,
    },
  };
}

/** The on-chain deal as a payer's wallet wants it. */
export function dealTypedData(
  bodyBytes: Uint8Array,
  deal: DealTerms,
  engine: { readonly chain: number; readonly contract: Uint8Array },
) {
  return {
    domain: domainObject({ name: "SettlementEngine", ...engine }),
    primaryType: "Deal" as const,
    types: {
      Deal: [
        { name: "terms", type: "bytes32" },
        { name: "validAfter", type: "uint48" },
        { name: "validUntil", type: "uint48" },
        { name: "nonce", type: "uint256" },
        { name: "legs", type: "Leg[]" },
      ],
      Leg: legFields,
    },
    message: {
      terms: toHex(dealTerms(requestId(bodyBytes), deal.termsSalt)),
      validAfter: deal.validAfter,
      validUntil: deal.validUntil,
      nonce: deal.nonce,
      legs: deal.legs.map(legMessage),
    },
  };
}
