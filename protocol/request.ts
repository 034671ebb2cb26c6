import { sha256 } from "./sha256.ts";
import { ascii, bytesToUint, concat, uintToBytes } from "./bytes.ts";
import { NotCanonical, Reader, Writer } from "./canonical.ts";

/**
 * What a client submits. The body is what everybody signs; its hash is the request id and so the idempotency key.
 * The sealed contents travel beside the body and are bound to it by their hashes.
 */

export const REQUEST_VERSION = 1;
export const PARTIES_MAX = 8;
export const LEGS_MAX = 8;
export const CONTENTS_MAX = 8;
export const ENVELOPES_MAX = 16;
export const REFERENCE_CHARS_MAX = 64;
export const CIPHERTEXT_BYTES_MAX = 1024 * 1024 + 16;
export const SIGNATURE_BYTES_MAX = 1024;
export const SUBMISSION_BYTES_MAX = 2 * 1024 * 1024;
const ENC_BYTES_MAX = 1120;

/** Wire numbers of the closed vocabularies; the names are what people see. A new name goes to the end. */
export const requestKinds = ["data", "payment", "purchase"] as const;
export type RequestKind = (typeof requestKinds)[number];
export const roles = ["initiator", "counterparty", "issuer", "subject", "payer", "payee", "witness"] as const;
export type Role = (typeof roles)[number];
export const categories = [
  "general",
  "financial",
  "medical",
  "identity",
  "consent",
  "contract",
  "status",
  "other",
] as const;
export type Category = (typeof categories)[number];
export const jurisdictions = ["NONE", "EU", "EU-DE", "UK", "US", "US-CA"] as const;
export type Jurisdiction = (typeof jurisdictions)[number];
export const retentionClasses = ["default", "short", "statutory", "consent"] as const;
export type RetentionClass = (typeof retentionClasses)[number];

export interface Party {
  /** The wallet that signs, 20 bytes. */
  readonly account: Uint8Array;
  /** The party's chain, 16 bytes; never on the public chain. */
  readonly chainId: Uint8Array;
  /** Pseudonym of the party in this transaction, 32 bytes. */
  readonly codedId: Uint8Array;
  readonly role: Role;
  /** Index into `contents` of what lands on this party's chain. */
  readonly content?: number;
}

/** Clear header of one sealed content; the relayer sees this and nothing else of it. */
export interface ContentHeader {
  readonly category: Category;
  readonly jurisdiction: Jurisdiction;
  readonly retentionClass: RetentionClass;
  readonly sizeClass: number;
  readonly blockId: Uint8Array;
  readonly kcom: Uint8Array;
  readonly ctHash: Uint8Array;
  readonly envRoot: Uint8Array;
}

export interface Leg {
  readonly token: Uint8Array;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  /** In the token's smallest unit. */
  readonly amount: bigint;
}

/** The part that executes on chain (SettlementEngine.Deal, without `terms`, which is derived from the request id). */
export interface DealTerms {
  /** Unix seconds. */
  readonly validAfter: number;
  readonly validUntil: number;
  /** Position in the payers' nonce bitmaps. */
  readonly nonce: bigint;
  readonly legs: readonly Leg[];
  /** 32 random bytes; keeps `terms` from being guessed. */
  readonly termsSalt: Uint8Array;
}

export interface Purchase {
  readonly serviceId: Uint8Array;
  readonly listingVersion: number;
  readonly priceMax: bigint;
}

export interface RequestBody {
  readonly kind: RequestKind;
  readonly chain: number;
  /** The NotaryLedger, 20 bytes. */
  readonly ledger: Uint8Array;
  readonly nonce: Uint8Array;
  /** Unix seconds after which the guard refuses it. */
  readonly validUntil: number;
  readonly parties: readonly Party[];
  /** The client's half of the commitment's salt, 32 bytes. */
  readonly salt: Uint8Array;
  readonly contents: readonly ContentHeader[];
  /** The parties' own file number, in clear: printable ASCII, never personal data (guard rules AP-020, AP-021). */
  readonly reference: string;
  readonly deal?: DealTerms;
  readonly purchase?: Purchase;
}

export interface SealedEnvelope {
  readonly readerKeyId: Uint8Array;
  readonly role: number;
  readonly suite: number;
  readonly keyEpoch: number;
  readonly enc: Uint8Array;
  readonly ct: Uint8Array;
}

export interface SealedPart {
  readonly ciphertext: Uint8Array;
  readonly envelopes: readonly SealedEnvelope[];
}

export interface Submission {
  /** Canonical bytes of the body, as signed. */
  readonly bodyBytes: Uint8Array;
  readonly body: RequestBody;
  /** One EIP-712 signature per party, in order. */
  readonly signatures: readonly Uint8Array[];
  /** One EIP-712 Deal signature per distinct payer, in order of first appearance among the legs. */
  readonly dealSignatures: readonly Uint8Array[];
  readonly parts: readonly SealedPart[];
}

const ID_TAG = ascii("MIDC/v1 request");
const TERMS_TAG = ascii("MIDC/v1 terms");

/** SHA-256 of the tagged canonical body: the name of the transaction everywhere. */
export const requestId = (bodyBytes: Uint8Array): Uint8Array => sha256(concat(ID_TAG, bodyBytes));

/** What the on-chain deal says of the request: a salted hash that only the parties can open. */
export const dealTerms = (id: Uint8Array, termsSalt: Uint8Array): Uint8Array =>
  sha256(concat(TERMS_TAG, termsSalt, id));

const numberOf = (names: readonly string[], name: string): number => {
  const at = names.indexOf(name);
  if (at < 0) throw new RangeError(`unknown name ${name}`);
  return at;
};
function nameOf<Name extends string>(names: readonly Name[], at: number): Name {
  const name = names[at];
  if (name === undefined) throw new NotCanonical("a number outside its vocabulary");
  return name;
}

function writeParty(w: Writer, party: Party): void {
  w.map(party.content === undefined ? 4 : 5);
  w.uint(1).bytes(party.account).uint(2).bytes(party.chainId).uint(3).bytes(party.codedId);
  w.uint(4).uint(numberOf(roles, party.role));
  if (party.content !== undefined) w.uint(5).uint(party.content);
}

function readParty(r: Reader): Party {
  const size = r.map();
  if (size !== 4 && size !== 5) throw new NotCanonical("a party has 4 or 5 fields");
  return {
    account: r.key(1).fixed(20),
    chainId: r.key(2).fixed(16),
    codedId: r.key(3).fixed(32),
    role: nameOf(roles, r.key(4).uint()),
    ...(size === 5 ? { content: r.key(5).uint(CONTENTS_MAX - 1) } : {}),
  };
}

function writeContent(w: Writer, content: ContentHeader): void {
  w.map(8).uint(1).uint(numberOf(categories, content.category));
  w.uint(2).uint(numberOf(jurisdictions, content.jurisdiction));
  w.uint(3).uint(numberOf(retentionClasses, content.retentionClass)).uint(4).uint(content.sizeClass);
  w.uint(5)
    .bytes(content.blockId)
    .uint(6)
    .bytes(content.kcom)
    .uint(7)
    .bytes(content.ctHash)
    .uint(8)
    .bytes(content.envRoot);
}

function readContent(r: Reader): ContentHeader {
  if (r.map() !== 8) throw new NotCanonical("a content header has 8 fields");
  return {
    category: nameOf(categories, r.key(1).uint()),
    jurisdiction: nameOf(jurisdictions, r.key(2).uint()),
    retentionClass: nameOf(retentionClasses, r.key(3).uint()),
    sizeClass: r.key(4).uint(5),
    blockId: r.key(5).fixed(32),
    kcom: r.key(6).fixed(32),
    ctHash: r.key(7).fixed(32),
    envRoot: r.key(8).fixed(32),
  };
}

function writeDeal(w: Writer, deal: DealTerms): void {
  w.map(5).uint(1).uint(deal.validAfter).uint(2).uint(deal.validUntil).uint(3).bytes(uintToBytes(deal.nonce, 32));
  w.uint(4).array(deal.legs.length);
  for (const leg of deal.legs) {
    w.array(4).bytes(leg.token).bytes(leg.from).bytes(leg.to).bytes(uintToBytes(leg.amount, 32));
  }
  w.uint(5).bytes(deal.termsSalt);
}

function readLeg(r: Reader): Leg {
  if (r.array(4) !== 4) throw new NotCanonical("a leg has 4 fields");
  return { token: r.fixed(20), from: r.fixed(20), to: r.fixed(20), amount: bytesToUint(r.fixed(32)) };
}

const UINT48_MAX = 2 ** 48 - 1;

function readDeal(r: Reader): DealTerms {
  if (r.map() !== 5) throw new NotCanonical("a deal has 5 fields");
  const validAfter = r.key(1).uint(UINT48_MAX);
  const validUntil = r.key(2).uint(UINT48_MAX);
  const nonce = bytesToUint(r.key(3).fixed(32));
  const legs = Array.from({ length: r.key(4).array(LEGS_MAX) }, () => readLeg(r));
  return { validAfter, validUntil, nonce, legs, termsSalt: r.key(5).fixed(32) };
}

/** Canonical bytes of a body. Throws RangeError for a body no client should build. */
export function encodeBody(body: RequestBody): Uint8Array {
  const w = new Writer();
  w.map(10 + (body.deal === undefined ? 0 : 1) + (body.purchase === undefined ? 0 : 1));
  w.uint(1).uint(REQUEST_VERSION).uint(2).uint(numberOf(requestKinds, body.kind)).uint(3).uint(body.chain);
  w.uint(4).bytes(body.ledger).uint(5).bytes(body.nonce).uint(6).uint(body.validUntil);
  w.uint(7).array(body.parties.length);
  for (const party of body.parties) writeParty(w, party);
  w.uint(8).bytes(body.salt).uint(9).array(body.contents.length);
  for (const content of body.contents) writeContent(w, content);
  w.uint(10).text(body.reference);
  if (body.deal !== undefined) writeDeal(w.uint(11), body.deal);
  if (body.purchase !== undefined) {
    w.uint(12).map(3).uint(1).bytes(body.purchase.serviceId).uint(2).uint(body.purchase.listingVersion);
    w.uint(3).bytes(uintToBytes(body.purchase.priceMax, 32));
  }
  return w.done();
}

/** Reads a canonical body; the kind decides which optional parts must be there. Throws NotCanonical. */
export function decodeBody(bytes: Uint8Array): RequestBody {
  const r = new Reader(bytes);
  const size = r.map();
  if (r.key(1).uint() !== REQUEST_VERSION) throw new NotCanonical("unknown request version");
  const kind = nameOf(requestKinds, r.key(2).uint());
  if (size !== 10 + (kind === "data" ? 0 : 1) + (kind === "purchase" ? 1 : 0)) {
    throw new NotCanonical("the fields do not fit the kind of request");
  }
  const chain = r.key(3).uint();
  const ledger = r.key(4).fixed(20);
  const nonce = r.key(5).fixed(16);
  const validUntil = r.key(6).uint(UINT48_MAX);
  const parties = Array.from({ length: r.key(7).array(PARTIES_MAX) }, () => readParty(r));
  const salt = r.key(8).fixed(32);
  const contents = Array.from({ length: r.key(9).array(CONTENTS_MAX) }, () => readContent(r));
  const reference = r.key(10).text(REFERENCE_CHARS_MAX);
  const deal = kind === "data" ? undefined : readDeal(r.key(11));
  const purchase = kind === "purchase" ? readPurchase(r.key(12)) : undefined;
  r.end();
  return {
    kind,
    chain,
    ledger,
    nonce,
    validUntil,
    parties,
    salt,
    contents,
    reference,
    ...(deal === undefined ? {} : { deal }),
    ...(purchase === undefined ? {} : { purchase }),
  };
}

function readPurchase(r: Reader): Purchase {
  if (r.map() !== 3) throw new NotCanonical("a purchase has 3 fields");
  return { serviceId: r.key(1).fixed(32), listingVersion: r.key(2).uint(), priceMax: bytesToUint(r.key(3).fixed(32)) };
}

/** The list whose hash is `envRoot` and which travels with the ciphertext. */
export function encodeEnvelopes(envelopes: readonly SealedEnvelope[]): Uint8Array {
  const w = new Writer();
  writeEnvelopes(w, envelopes);
  return w.done();
}

/** Reads what `encodeEnvelopes` writes. Throws NotCanonical. */
export function decodeEnvelopes(bytes: Uint8Array): readonly SealedEnvelope[] {
  const r = new Reader(bytes);
  const envelopes = Array.from({ length: r.array(ENVELOPES_MAX) }, () => readEnvelope(r));
  r.end();
  return envelopes;
}

function writeEnvelopes(w: Writer, envelopes: readonly SealedEnvelope[]): void {
  w.array(envelopes.length);
  for (const envelope of envelopes) {
    w.array(6).bytes(envelope.readerKeyId).uint(envelope.role).uint(envelope.suite).uint(envelope.keyEpoch);
    w.bytes(envelope.enc).bytes(envelope.ct);
  }
}

function readEnvelope(r: Reader): SealedEnvelope {
  if (r.array(6) !== 6) throw new NotCanonical("an envelope has 6 fields");
  return {
    readerKeyId: r.fixed(16),
    role: r.uint(255),
    suite: r.uint(1),
    keyEpoch: r.uint(2 ** 32 - 1),
    enc: r.bytes(ENC_BYTES_MAX),
    ct: r.fixed(48),
  };
}

export function writePart(w: Writer, part: SealedPart): void {
  writeEnvelopes(w.array(2).bytes(part.ciphertext), part.envelopes);
}

export function readPart(r: Reader): SealedPart {
  if (r.array(2) !== 2) throw new NotCanonical("a sealed part has 2 fields");
  return {
    ciphertext: r.bytes(CIPHERTEXT_BYTES_MAX),
    envelopes: Array.from({ length: r.array(ENVELOPES_MAX) }, () => readEnvelope(r)),
  };
}

/** The bytes a client posts. */
export function encodeSubmission(submission: Omit<Submission, "body">): Uint8Array {
  const w = new Writer();
  w.map(4).uint(1).bytes(submission.bodyBytes).uint(2).array(submission.signatures.length);
  for (const signature of submission.signatures) w.bytes(signature);
  w.uint(3).array(submission.dealSignatures.length);
  for (const signature of submission.dealSignatures) w.bytes(signature);
  w.uint(4).array(submission.parts.length);
  for (const part of submission.parts) writePart(w, part);
  return w.done();
}

/** Reads what a client posted, and the body inside. Throws NotCanonical; shape only, meaning is the guard's. */
export function decodeSubmission(bytes: Uint8Array): Submission {
  if (bytes.length > SUBMISSION_BYTES_MAX)
    throw new NotCanonical(`a submission is longer than ${SUBMISSION_BYTES_MAX}`);
  const r = new Reader(bytes);
  if (r.map() !== 4) throw new NotCanonical("a submission has 4 fields");
  const bodyBytes = r.key(1).bytes(64 * 1024);
  const signatures = Array.from({ length: r.key(2).array(PARTIES_MAX) }, () => r.bytes(SIGNATURE_BYTES_MAX));
  const dealSignatures = Array.from({ length: r.key(3).array(LEGS_MAX) }, () => r.bytes(SIGNATURE_BYTES_MAX));
  const parts = Array.from({ length: r.key(4).array(CONTENTS_MAX) }, () => readPart(r));
  r.end();
  return { bodyBytes, body: decodeBody(bodyBytes), signatures, dealSignatures, parts };
}
