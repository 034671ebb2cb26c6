import type { RuleBreach } from "./breach.ts";

/**
 * AP-012: JSON that means the same to every parser. JSON.parse alone keeps the last of two equal keys, rounds numbers,
 * and turns bad bytes into replacement characters before it sees them; so the text is walked once before it is parsed.
 */

export const JSON_BYTES_MAX = 1024 * 1024;
export const JSON_DEPTH_MAX = 8;
const NUMBER_CHARACTERS_MAX = 32;
/** Keys that would reach an object's prototype when somebody merges it. */
const forbiddenKeys = new Set(["__proto__", "constructor", "prototype"]);

export type JsonVerdict =
  { readonly kind: "parsed"; readonly value: unknown } | { readonly kind: "refused"; readonly breach: RuleBreach };

/** Never throws; linear in the length of the bytes, and the stack does not grow with their nesting. */
export function parseJson(
  bytes: Uint8Array,
  limits: { readonly bytesMax?: number; readonly depthMax?: number } = {},
): JsonVerdict {
  const bytesMax = limits.bytesMax ?? JSON_BYTES_MAX;
  if (bytes.length > bytesMax) return refuse("the JSON is too large", `send at most ${bytesMax} bytes`);
  const text = decodeUtf8(bytes);
  if (text === undefined) return refuse("the JSON is not valid UTF-8", "encode it as UTF-8");
  if (text.startsWith("\ufeff")) return refuse("the JSON begins with a byte order mark", "send it without one");
  const fault = faultOf(text, limits.depthMax ?? JSON_DEPTH_MAX);
  if (fault !== undefined) return refuse(fault, "send plain JSON with distinct keys and ordinary numbers");
  try {
    return { kind: "parsed", value: JSON.parse(text) as unknown };
  } catch {
    return refuse("the text is not JSON", "check it against RFC 8259");
  }
}

const refuse = (reason: string, fix: string): JsonVerdict => ({
  kind: "refused",
  breach: { rule: "AP-012", reason, fix },
});

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

interface Scope {
  /** Keys seen so far; undefined inside an array. */
  readonly keys: Set<string> | undefined;
  /** True where an object's next string is a key. */
  expectsKey: boolean;
}

/**
 * Reads the tokens of well-formed JSON: structure, strings, numbers. On malformed text it may judge wrongly, which is
 * harmless: JSON.parse refuses that text afterwards.
 */
function faultOf(text: string, depthMax: number): string | undefined {
  const scopes: Scope[] = [];
  for (let at = 0; at < text.length;) {
    const end = endOfToken(text, at);
    const fault = faultOfToken(text.slice(at, end), scopes);
    if (fault !== undefined) return fault;
    if (scopes.length > depthMax) return "the JSON is nested too deeply";
    at = end;
  }
  return undefined;
}

const NUMBER = /-?\d[\d.eE+-]*/y;

/** Strings by hand: a pattern would keep a place to turn back to for each of a million characters. */
function endOfToken(text: string, at: number): number {
  if (text[at] === '"') {
    let end = at + 1;
    while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
    return end + 1;
  }
  NUMBER.lastIndex = at;
  return at + (NUMBER.exec(text)?.[0].length ?? 1);
}

function faultOfToken(token: string, scopes: Scope[]): string | undefined {
  const scope = scopes.at(-1);
  switch (token) {
    case "{":
      scopes.push({ keys: new Set(), expectsKey: true });
      return undefined;
    case "[":
      scopes.push({ keys: undefined, expectsKey: false });
      return undefined;
    case "}":
    case "]":
      scopes.pop();
      return undefined;
    case ",":
      if (scope?.keys !== undefined) scope.expectsKey = true;
      return undefined;
    case ":":
      if (scope !== undefined) scope.expectsKey = false;
      return undefined;
    default:
      if (token.startsWith('"')) return faultOfString(token, scope);
      // White space and the letters of true, false and null are JSON.parse's to judge.
      return /\d/u.test(token) ? faultOfNumber(token) : undefined;
  }
}

function faultOfString(token: string, scope: Scope | undefined): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(token);
  } catch {
    return "a string is malformed";
  }
  if (typeof value !== "string" || !value.isWellFormed()) return "a string holds half a surrogate pair";
  if (scope?.keys === undefined || !scope.expectsKey) return undefined;
  if (forbiddenKeys.has(value)) return "a key is not allowed";
  if (scope.keys.has(value)) return "a key appears twice";
  scope.keys.add(value);
  return undefined;
}

/** A number every parser reads alike: finite, integers exact, no negative zero, nothing that underflows to zero. */
function faultOfNumber(token: string): string | undefined {
  const value = Number(token);
  if (token.length > NUMBER_CHARACTERS_MAX || !Number.isFinite(value)) return "a number is too large";
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return "a number is too large";
  if (Object.is(value, -0) || (value === 0 && /[1-9]/u.test(token.replace(/e.*$/iu, ""))))
    return "a number has no exact value";
  return undefined;
}
