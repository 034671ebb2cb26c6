import type { RuleBreach } from "./breach.ts";
import { ibanLengths } from "./ibanLengths.ts";

/**
 * AP-021: clear fields name no person and nothing that leads to one. The detectors look at the text as a reader would,
 * after folding styled characters, and fail closed: too long to search is refused, a doubtful number is refused.
 */

export const SEARCHED_CHARACTERS_MAX = 4096;

const detectors: readonly (readonly [what: string, found: (text: string) => boolean])[] = [
  ["an e-mail address", hasEmail],
  ["a wallet address", hasWallet],
  ["a bank account number", hasIban],
  ["a card number", hasCardNumber],
  ["a social security number", hasSocialSecurityNumber],
  ["a machine-readable travel document", hasTravelDocument],
  ["a phone number", hasPhoneNumber],
];

/** Breach of AP-021, naming the kind of data and never the data; undefined when nothing of the kind is there. */
export function breachOfPersonalData(text: string): RuleBreach | undefined {
  const fix = "keep personal data in the sealed content";
  if (text.length > SEARCHED_CHARACTERS_MAX) {
    return { rule: "AP-021", reason: "a clear field is too long to be searched for personal data", fix };
  }
  const folded = foldForSearch(text);
  const found = detectors.find(([, detects]) => detects(folded));
  return found && { rule: "AP-021", reason: `a clear field holds what looks like ${found[0]}`, fix };
}

/** Styled and full-width characters become plain, foreign digits ASCII, dashes and spaces one kind, the rest vanishes. */
function foldForSearch(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[\p{Cf}\p{Mn}\p{Default_Ignorable_Code_Point}]/gu, "")
    .replace(/\p{Nd}/gu, (digit) => String(valueOf(digit)))
    .replace(/[\p{Pd}\u2212]/gu, "-")
    .replace(/\s+/gu, " ");
}

function valueOf(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1;
  return value;
}

function hasEmail(text: string): boolean {
  const plain = text
    .replace(/\s*[([{<]\s*at\s*[)\]}>]\s*/giu, "@")
    .replace(/\s*[([{<]\s*dot\s*[)\]}>]\s*/giu, ".")
    .replace(/ ?@ ?/gu, "@");
  return /[^\s@]@[^\s@.]+(?:\.[^\s@.]+)*\.\p{L}{2,}/u.test(plain);
}

/** 20 bytes of hex with or without 0x, longer 0x hex (keys), Bitcoin's bech32, names ending in .eth. */
function hasWallet(text: string): boolean {
  return (
    /0x[0-9a-f]{40,}/iu.test(text) ||
    /(?<![0-9a-z])[0-9a-f]{40}(?![0-9a-z])/iu.test(text) ||
    /(?<![0-9a-z])bc1[02-9ac-hj-np-z]{25,71}/iu.test(text) ||
    /[\p{L}\p{Nd}-]\.eth(?![\p{L}\p{Nd}])/iu.test(text)
  );
}

function hasIban(text: string): boolean {
  const compact = text.toUpperCase().replace(/[ .-]/gu, "");
  for (const match of compact.matchAll(/(?=([A-Z]{2})\d{2}[A-Z0-9]{11})/gu)) {
    const length = ibanLengths[match[1] ?? ""];
    const candidate = compact.slice(match.index, match.index + (length ?? 0));
    if (candidate.length === length && /^[A-Z0-9]+$/u.test(candidate) && mod97(candidate) === 1) return true;
  }
  return false;
}

/** ISO 7064 mod 97-10 over the number with its first four characters moved to the end. */
function mod97(iban: string): number {
  let remainder = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder;
}

/** Digits that a person would write as one number: single spaces, dots or dashes between them. */
const digitGroups = (text: string): string[] =>
  Array.from(text.matchAll(/\d(?:[ .-]?\d)+/gu), ([group]) => group.replace(/[ .-]/gu, ""));

function hasCardNumber(text: string): boolean {
  return digitGroups(text).some((digits) => {
    for (let start = 0; start + 13 <= digits.length; start++) {
      for (let length = 13; length <= 19 && start + length <= digits.length; length++) {
        const candidate = digits.slice(start, start + length);
        if (/^[2-6]/u.test(candidate) && passesLuhn(candidate)) return true;
      }
    }
    return false;
  });
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? 2 * digit : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Areas 000, 666 and 900 to 999, group 00 and serial 0000 are never given out. */
function hasSocialSecurityNumber(text: string): boolean {
  return (
    /(?<!\d)(?!000|666|9\d\d)\d{3}[- ](?!00)\d{2}[- ](?!0000)\d{4}(?!\d)/u.test(text) ||
    /\b(?:ssn|social security)\D{0,12}\d{9}(?!\d)/iu.test(text)
  );
}

/** ICAO 9303: lines of 30, 36 or 44 capitals, digits and fillers. */
function hasTravelDocument(text: string): boolean {
  return (text.toUpperCase().match(/[A-Z0-9<]{30,}/gu) ?? []).some(
    (line) => line.includes("<<") || /<.*\d{6}|\d{6}.*</u.test(line),
  );
}

/**
 * An international prefix, or a national number: a leading zero or parenthesis or groups, nine digits or more. Ten
 * digits in a row are refused whatever they are. Dates are not numbers to call.
 */
function hasPhoneNumber(text: string): boolean {
  const undated = text
    .replace(/(?<!\d)\d{4}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?!\d)/gu, "|")
    .replace(/(?<!\d)(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|1[0-2])[-/.]\d{4}(?!\d)/gu, "|");
  for (const [group] of undated.matchAll(/[+(]?\d(?:[ ./()-]{0,2}\d)+/gu)) {
    const digits = group.replace(/\D/gu, "");
    const isGrouped = /\d[ ./()-]+\d/u.test(group);
    if (digits.length >= 10 || (digits.length >= 7 && /^(?:\+|00|\()/u.test(group))) return true;
    if (digits.length >= 9 && (isGrouped || group.startsWith("0"))) return true;
    if (/^\d{3}[-.]\d{4}$/u.test(group)) return true;
  }
  return false;
}
