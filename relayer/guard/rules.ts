import { hash } from "node:crypto";
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import { isUsableEnc } from "../../protocol/hpke.ts";
import { sizeClassBytes } from "../../protocol/padding.ts";
import { encodeEnvelopes, type SealedPart, type ContentHeader, type Submission } from "../../protocol/request.ts";
import type { NetworkRules, RuleBreach } from "./breach.ts";

/**
 * Layers 2 to 4 of the anti-poisoning guard that need nothing but the request: shape that the codec cannot see, ranges,
 * who is who, and what belongs to what. Each rule has an id, a test and its own refusal.
 */

export const VALIDITY_S_MAX = 30 * 24 * 3600;
const AMOUNT_MAX = 2n ** 128n - 1n;
const GCM_TAG_BYTES = 16;

const breach = (rule: string, reason: string, fix: string): RuleBreach => ({ rule, reason, fix });

/** The first rule that the request breaks, in order of id. `nowS` is Unix seconds. */
export function breachOf(submission: Submission, rules: NetworkRules): RuleBreach | undefined {
  return (
    breachOfRanges(submission, rules) ??
    breachOfDeal(submission, rules) ??
    breachOfParties(submission) ??
    breachOfParts(submission)
  );
}

function breachOfRanges({ body }: Submission, { nowS, chain, ledger }: NetworkRules): RuleBreach | undefined {
  if (body.chain !== chain || !equalBytes(body.ledger, ledger)) {
    return breach("AP-001", "the request is for another chain or ledger", "read chain and ledger from /v1/network");
  }
  if (body.validUntil <= nowS)
    return breach("AP-003", "the request is past its validUntil", "sign it again with a later validUntil");
  if (body.validUntil > nowS + VALIDITY_S_MAX) {
    return breach("AP-003", "validUntil is more than 30 days ahead", "choose a nearer validUntil");
  }
  return undefined;
}

function breachOfDeal({ body }: Submission, { nowS, tokens }: NetworkRules): RuleBreach | undefined {
  const { deal } = body;
  if (deal === undefined) return undefined;
  if (deal.legs.length === 0) return breach("AP-003", "a deal without legs", "name at least one token movement");
  if (deal.validUntil < body.validUntil || deal.validUntil > nowS + VALIDITY_S_MAX || deal.validAfter > nowS) {
    return breach(
      "AP-003",
      "the deal's window does not cover the request's",
      "let the deal start now and end with or after the request",
    );
  }
  const accounts = new Set(body.parties.map((party) => toHex(party.account)));
  for (const leg of deal.legs) {
    if (leg.amount === 0n || leg.amount > AMOUNT_MAX)
      return breach("AP-003", "an amount is zero or above 2^128", "send a sensible amount");
    if (!tokens.has(toHex(leg.token)))
      return breach("AP-003", "a token is not on the allow-list", "use a token listed by /v1/network");
    if (!accounts.has(toHex(leg.from)))
      return breach("AP-030", "a payer is not a party of the request", "make every payer a party");
    if (body.kind === "payment" && !accounts.has(toHex(leg.to))) {
      return breach("AP-030", "a payee is not a party of the request", "make every payee a party");
    }
    if (equalBytes(leg.from, leg.to)) return breach("AP-003", "a leg pays its own payer", "drop the leg");
  }
  return undefined;
}

function breachOfParties(submission: Submission): RuleBreach | undefined {
  const { body, signatures, dealSignatures } = submission;
  if (body.parties.length === 0) return breach("AP-030", "a request without parties", "name at least one party");
  for (const field of ["account", "chainId", "codedId"] as const) {
    const distinct = new Set(body.parties.map((party) => toHex(party[field])));
    if (distinct.size !== body.parties.length)
      return breach("AP-030", `two parties share one ${field}`, "list every party once");
  }
  if (signatures.length !== body.parties.length)
    return breach("AP-030", "not one signature per party", "let every party sign");
  const payers = new Set((body.deal?.legs ?? []).map((leg) => toHex(leg.from)));
  if (dealSignatures.length !== payers.size)
    return breach("AP-030", "not one deal signature per payer", "let every payer sign the deal");
  return undefined;
}

function breachOfParts({ body, parts }: Submission): RuleBreach | undefined {
  if (parts.length !== body.contents.length) {
    return breach("AP-032", "contents and sealed parts differ in number", "send one part per content");
  }
  const used = new Set(body.parties.map((party) => party.content).filter((content) => content !== undefined));
  if (used.size !== parts.length || [...used].some((content) => content >= parts.length)) {
    return breach(
      "AP-032",
      "a content that belongs to no party, or is not there",
      "let each content belong to a party",
    );
  }
  for (const [i, header] of body.contents.entries()) {
    const part = parts[i];
    const broken = part === undefined ? undefined : breachOfPart(part, header);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

const sha256 = (bytes: Uint8Array): Uint8Array => hash("sha256", bytes, "buffer");

function breachOfPart(part: SealedPart, header: ContentHeader): RuleBreach | undefined {
  const sealing = "seal it with the SDK, and do not touch it afterwards";
  if (part.ciphertext.length !== (sizeClassBytes[header.sizeClass] ?? -1) + GCM_TAG_BYTES) {
    return breach("AP-010", "a ciphertext is not padded to its size class", sealing);
  }
  if (!equalBytes(sha256(part.ciphertext), header.ctHash)) {
    return breach("AP-032", "a ciphertext is not the one that was signed", sealing);
  }
  if (!equalBytes(sha256(encodeEnvelopes(part.envelopes)), header.envRoot)) {
    return breach("AP-032", "the envelopes are not the ones that were signed", sealing);
  }
  for (const { enc, suite } of part.envelopes) {
    if ((suite !== 0 && suite !== 1) || !isUsableEnc(suite, enc)) {
      return breach("AP-033", "an envelope's encapsulated key is not one of its suite", sealing);
    }
  }
  const distinct = new Set(part.envelopes.map((envelope) => toHex(envelope.enc)));
  return distinct.size === part.envelopes.length ? undefined : breach("AP-033", "two envelopes share one key", sealing);
}
