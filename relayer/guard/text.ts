import type { RuleBreach } from "./breach.ts";
import { skeletonsOf } from "./skeleton.ts";

/**
 * AP-020: the few clear text fields (names of services, venues, operators) hold plain words in one script, nothing
 * invisible, nothing that reads in another direction, and nothing that passes for one of our own names.
 */

export const TEXT_CHARACTERS_MAX = 100;
/** Names nobody else may carry, nor anything that looks like them. */
export const reservedNames: readonly string[] = [
  "midchain",
  "relayer",
  "notary",
  "treasury",
  "governor",
  "admin",
  "administrator",
  "moderator",
  "support",
  "official",
  "system",
];

/** Stacked marks beyond this are no writing ("zalgo"). */
const MARKS_IN_A_ROW_MAX = 3;
const PUNCTUATION = " .,:;'()/&+-_#!?%";

/** Breach of AP-020, or undefined for a text that may be shown to anybody. */
export function breachOfText(
  text: string,
  options: { readonly charactersMax?: number; readonly reserved?: readonly string[] } = {},
): RuleBreach | undefined {
  const fault =
    faultOfForm(text, options.charactersMax ?? TEXT_CHARACTERS_MAX) ??
    faultOfCharacters(text) ??
    faultOfScripts(text) ??
    faultOfNames(text, options.reserved ?? reservedNames);
  return fault && { rule: "AP-020", ...fault };
}

type Fault = Pick<RuleBreach, "reason" | "fix">;

function faultOfForm(text: string, charactersMax: number): Fault | undefined {
  // Length first: everything below costs time in proportion to it.
  if (text.length > 2 * charactersMax || Array.from(text).length > charactersMax) {
    return { reason: "the text is too long", fix: `use at most ${charactersMax} characters` };
  }
  if (!text.isWellFormed()) return { reason: "the text is not valid Unicode", fix: "send valid UTF-8" };
  if (text.trim() !== text || text === "" || /\s\s/u.test(text)) {
    return { reason: "the text is empty or has stray spaces", fix: "trim it and use single spaces" };
  }
  if (text.normalize("NFC") !== text || text.normalize("NFKC") !== text) {
    return {
      reason: "the text is not in its plain form",
      fix: "normalize it to NFKC: no ligatures, no styled letters",
    };
  }
  return undefined;
}

function faultOfCharacters(text: string): Fault | undefined {
  if (/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u.test(text)) {
    return { reason: "the text holds invisible or directional characters", fix: "use visible characters only" };
  }
  for (const character of text) {
    if (!/[\p{L}\p{M}\p{Nd}]/u.test(character) && !PUNCTUATION.includes(character)) {
      return {
        reason: "the text holds symbols that are not allowed",
        fix: `use letters, digits and ${PUNCTUATION.trim()}`,
      };
    }
  }
  if (new RegExp(`^\\p{M}|\\p{M}{${MARKS_IN_A_ROW_MAX + 1}}`, "u").test(text) || /(\p{M})\1/u.test(text)) {
    return { reason: "the text stacks marks", fix: "use ordinary spelling" };
  }
  return undefined;
}

/** Scripts in everyday use (UAX #31 table 5); rare and historic scripts mostly serve to look like something else. */
const scripts = (
  "Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew " +
  "Hiragana Kannada Katakana Khmer Lao Latin Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana Thai Tibetan"
)
  .split(" ")
  .map((name) => ({ name, pattern: new RegExp(`\\p{Script_Extensions=${name}}`, "u") }));

/** Writing systems that mix scripts; Latin may join these ("highly restrictive" of UTS #39), never Cyrillic or Greek. */
const mixes: readonly ReadonlySet<string>[] = [
  new Set(["Latin", "Han", "Hiragana", "Katakana"]),
  new Set(["Latin", "Han", "Bopomofo"]),
  new Set(["Latin", "Han", "Hangul"]),
];

function faultOfScripts(text: string): Fault | undefined {
  const wanted: (readonly string[])[] = [];
  for (const character of new Set(text)) {
    if (!/[\p{L}\p{M}\p{Nd}]/u.test(character) || /\p{Script=Common}/u.test(character)) continue;
    // Marks that take the script of their letter ask for nothing.
    if (/\p{Script_Extensions=Inherited}/u.test(character)) continue;
    wanted.push(scripts.filter(({ pattern }) => pattern.test(character)).map(({ name }) => name));
  }
  if (wanted.some((names) => names.length === 0)) {
    return { reason: "the text uses a script that is not allowed", fix: "use a script in everyday use" };
  }
  const systems = [...scripts.map(({ name }) => new Set([name])), ...mixes];
  if (!systems.some((system) => wanted.every((names) => names.some((name) => system.has(name))))) {
    return { reason: "the text mixes scripts", fix: "write it in one script" };
  }
  if (digitSystemsOf(text).size > 1) return { reason: "the text mixes kinds of digits", fix: "use one kind of digits" };
  return undefined;
}

/** Decimal digits come in blocks of ten code points; a zero names its block. */
function digitSystemsOf(text: string): ReadonlySet<number> {
  const systems = new Set<number>();
  for (const digit of text.match(/\p{Nd}/gu) ?? []) {
    let zero = digit.codePointAt(0) ?? 0;
    for (let i = 0; i < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1)); i++) zero -= 1;
    systems.add(zero);
  }
  return systems;
}

const skeletonsOfAll = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.flatMap((name) => [...skeletonsOf(name)]));
const reservedSkeletons = skeletonsOfAll(reservedNames);

function faultOfNames(text: string, reserved: readonly string[]): Fault | undefined {
  const names = reserved === reservedNames ? reservedSkeletons : skeletonsOfAll(reserved);
  const words = text.split(/[^\p{L}\p{M}\p{Nd}]+/u);
  // Also without its separators: "mid-chain" and "M i d c h a i n" read as the name.
  for (const candidate of [...words, words.join("")]) {
    for (const skeleton of skeletonsOf(candidate)) {
      if (names.has(skeleton)) return { reason: "the text looks like a reserved name", fix: "choose another name" };
    }
  }
  return undefined;
}
