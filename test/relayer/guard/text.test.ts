import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { breachOfText } from "../../../relayer/guard/text.ts";

const strings = JSON.parse(readFileSync(new URL("../../vectors/misc/blns.json", import.meta.url), "utf8")) as string[];
const isRefused = (text: string): boolean => breachOfText(text)?.rule === "AP-020";

describe("AP-020, clear text", () => {
  const accepted = [
    "City Hospital, 3rd floor",
    "Café Zürich & Söhne",
    "Οδοντιατρείο Αθήνα",
    "Поликлиника 7",
    "東京クリニック Tokyo",
    "서울 Clinic",
    "מרפאה ירושלים",
    "عيادة ٣",
    "दिल्ली अस्पताल",
    "โรงพยาบาล",
    "Ngân hàng Việt Nam",
    "O'Brien (Dublin) #2",
    "Supporting hands",
    "Administrative office",
  ];
  for (const text of accepted)
    it(`accepts ${text}`, () => {
      assert.equal(breachOfText(text), undefined);
    });

  const refused: readonly (readonly [what: string, text: string])[] = [
    ["nothing", ""],
    ["stray spaces", " a"],
    ["two spaces in a row", "a  b"],
    ["a line break", "a\nb"],
    ["a carriage return that could start a header", "a\r\nSet-Cookie"],
    ["a tab", "a\tb"],
    ["a zero byte", "a\u0000b"],
    ["an escape sequence", "\u001b[31mred"],
    ["a right-to-left override", "abc\u202egnp"],
    ["a directional isolate", "\u2066abc\u2069"],
    ["a zero-width space", "ab\u200bc"],
    ["a zero-width joiner", "ab\u200dc"],
    ["a soft hyphen", "ab\u00adc"],
    ["a byte order mark inside", "ab\ufeffc"],
    ["a variation selector", "a\ufe0fb"],
    ["tag characters", "a\u{e0041}b"],
    ["a Hangul filler", "a\u3164b"],
    ["a no-break space", "a\u00a0b"],
    ["a line separator", "a\u2028b"],
    ["a private-use character", "a\ue000b"],
    ["an unassigned character", "a\u0378b"],
    ["half a surrogate pair", "a\ud800b"],
    ["a decomposed letter", "cafe\u0301"],
    ["a ligature", "o\ufb03ce"],
    ["full-width letters", "\uff41bc"],
    ["mathematical letters", "\u{1d41a}bc"],
    ["stacked marks", "a\u0315\u0316\u0317\u0318b"],
    ["a mark on nothing", "\u0301abc"],
    ["an emoji", "clinic \u{1f3e5}"],
    ["an element of markup", "<b>bold</b>"],
    ["a template", "${7*7}"],
    ["a quote", 'a"b'],
    ["a backtick", "a`b"],
    ["a back slash", "a\\b"],
    ["Cyrillic in a Latin word", "p\u0430ypal"],
    ["Greek in a Latin word", "\u03bfffice"],
    ["Cyrillic and Latin words", "Clinic Клиника"],
    ["Greek and Cyrillic words", "Αθήνα Москва"],
    ["two kinds of digits", "12\u0663"],
    ["a historic script", "\u{10330}\u{10331}"],
    ["Cherokee, which looks like capitals", "ᎪᏴᏟ"],
    ["a reserved name", "Midchain"],
    ["a reserved name in capitals", "MIDCHAIN GmbH"],
    ["a reserved name with a dash", "mid-chain"],
    ["a reserved name spelled out", "m i d c h a i n"],
    ["a reserved name with a digit", "m1dchain"],
    ["a reserved name with a look-alike capital", "MlDCHAlN"],
    ["a reserved name with rn for m", "rnidchain"],
    ["a reserved name with accents", "Mídcháin"],
    ["a reserved name with a zero", "N0tary"],
    ["a reserved name with a dotless i", "adm\u0131n"],
    ["more than a hundred characters", "a".repeat(101)],
  ];
  for (const [what, text] of refused)
    it(`refuses ${what}`, () => {
      assert.ok(isRefused(text));
    });

  it("sees through a whole word of look-alikes", () => {
    const cyrillic = "\u0440\u0430\u0443"; // reads "pay"
    assert.equal(breachOfText(cyrillic), undefined);
    assert.ok(breachOfText(cyrillic, { reserved: ["pay"] }));
  });

  it("counts characters, not code units, and takes its limits from the caller", () => {
    assert.equal(breachOfText("𠮷".repeat(100)), undefined);
    assert.ok(breachOfText("abcd", { charactersMax: 3 }));
  });

  it("lets none of the naughty strings carry anything but words in one script", () => {
    const passed = strings.filter((text) => !isRefused(text));
    for (const text of passed) {
      assert.match(text, /^[\p{L}\p{M}\p{Nd} .,:;'()/&+\-_#!?%]+$/u);
      assert.doesNotMatch(text, /[<>"`\\{}$|=\n\r\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u);
    }
    assert.ok(passed.length < strings.length / 2, `${passed.length} of ${strings.length}`);
  });

  it("never throws and never quotes what it refuses", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 4 }), (text) => {
        const breach = breachOfText(text);
        if (breach !== undefined) assert.ok(!breach.reason.includes(text));
      }),
      { numRuns: 5_000 },
    );
  });
});
