import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseJson } from "../../../relayer/guard/json.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string) => parseJson(bytesOf(text));
const strings = JSON.parse(readFileSync(new URL("../../vectors/misc/blns.json", import.meta.url), "utf8")) as string[];

describe("AP-012, strict JSON", () => {
  const refused: readonly (readonly [what: string, text: string])[] = [
    ["a repeated key", '{"a":1,"a":2}'],
    ["a repeated key, once escaped", '{"a":1,"\\u0061":2}'],
    ["a repeated key in a nested object", '[{"b":{"x":1,"y":2,"x":3}}]'],
    ["a repeated empty key", '{"":1,"":1}'],
    ["the key __proto__", '{"__proto__":{}}'],
    ["the key __proto__, escaped", '{"\\u005f_proto__":{}}'],
    ["the key constructor", '{"a":{"constructor":1}}'],
    ["a byte order mark", "\ufeff{}"],
    ["nine levels", "[[[[[[[[[1]]]]]]]]]"],
    ["an unsafe integer", "9007199254740993"],
    ["a negative unsafe integer", "[-9007199254740993]"],
    ["an integer in disguise", "1e20"],
    ["a number beyond every float", "1e400"],
    ["a number with a thousand digits", `0.${"1".repeat(1000)}`],
    ["a number that underflows to zero", "1e-400"],
    ["negative zero", "-0"],
    ["half a surrogate pair", '"\\ud800"'],
    ["half a surrogate pair in a key", '{"\\udc00":1}'],
    ["nothing", ""],
    ["a trailing comma", "[1,]"],
    ["a comment", "[1/* one */]"],
    ["single quotes", "{'a':1}"],
    ["a bare word", "undefined"],
    ["NaN", "[NaN]"],
    ["a leading zero", "[01]"],
    ["a plus sign", "[+1]"],
    ["a bare fraction", "[.5]"],
    ["a raw line break in a string", '"a\nb"'],
    ["a bad escape", '"\\x41"'],
    ["an unfinished string", '"abc'],
    ["an unfinished escape", '"abc\\'],
    ["two values", "{}{}"],
    ["an unclosed object", '{"a":1'],
    ["brackets that do not match", "[}"],
    ["a stray closing bracket", "]"],
    ["a form feed as white space", "[\f1]"],
  ];
  for (const [what, text] of refused) {
    it(`refuses ${what}`, () => {
      const verdict = parse(text);
      assert.equal(verdict.kind === "refused" ? verdict.breach.rule : "parsed", "AP-012");
    });
  }

  it("refuses bytes that are not UTF-8", () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xff, 0xfe, 0x7b, 0],
    ]) {
      assert.equal(parseJson(Uint8Array.from(bytes)).kind, "refused");
    }
  });

  it("refuses bombs quickly: nesting, size, escapes", () => {
    const startedMs = performance.now();
    for (const bomb of [
      "[".repeat(1_000_000),
      '{"a":'.repeat(100_000),
      "1".repeat(2_000_000),
      `"${"\\".repeat(1_000_000)}`,
    ]) {
      assert.equal(parse(bomb).kind, "refused");
    }
    assert.ok(performance.now() - startedMs < 5_000);
    assert.equal(parse(`"${"\\n".repeat(400_000)}"`).kind, "parsed");
  });

  it("accepts what it should and gives what JSON.parse gives", () => {
    const accepted = [
      '{"a":[1,2.5,-3e2,{"a":null}],"b":"x\\n\\u00e9"}',
      " [ true , false ] ",
      '"\\ud83d\\ude00"',
      "0",
      "0.0",
      "9007199254740991",
      "[[[[[[[[1]]]]]]]]",
    ];
    for (const text of accepted) assert.deepEqual(parse(text), { kind: "parsed", value: JSON.parse(text) as unknown });
  });

  it("accepts the same key in two objects", () => {
    assert.equal(parse('[{"a":1},{"a":1},{"b":{"a":1},"a":2}]').kind, "parsed");
  });

  it("keeps every naughty string as it is, as value and as key", () => {
    for (const text of new Set(strings)) {
      if (!text.isWellFormed()) continue;
      const value = { k: text, list: [text] };
      assert.deepEqual(parse(JSON.stringify(value)), { kind: "parsed", value });
    }
  });

  it("gives back any value that was printed by JSON.stringify", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const verdict = parse(text);
        if (verdict.kind === "parsed") assert.deepEqual(verdict.value, JSON.parse(text));
        else assert.match(verdict.breach.reason, /number|key/u);
      }),
    );
  });

  it("never throws, whatever the bytes", () => {
    const alphabet = fc.constantFrom(...Array.from('{}[],:"\\0123456789-+.eEu truefalsn\ufeff\u0000'));
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 60 }), (parts) => {
        const text = parts.join("");
        const verdict = parse(text);
        if (verdict.kind === "parsed") assert.deepEqual(verdict.value, JSON.parse(text));
      }),
      { numRuns: 20_000 },
    );
  });

  it("refuses all that JSONTestSuite calls wrong, and of what it calls right only what two parsers may read differently", () => {
    const path = new URL("../../vectors/json/JSONTestSuite.json", import.meta.url);
    const suite = Object.entries(JSON.parse(readFileSync(path, "utf8")) as Record<string, string>);
    const verdicts = suite.map(([name, base64]) => [name, parseJson(Buffer.from(base64, "base64")).kind] as const);
    const ofClass = (prefix: string, kind: string) =>
      verdicts.filter(([name, found]) => name.startsWith(prefix) && found === kind).map(([name]) => name);
    assert.deepEqual(ofClass("n_", "parsed"), []);
    assert.ok(ofClass("n_", "refused").length > 180);
    assert.deepEqual(ofClass("y_", "refused"), [
      "y_number",
      "y_number_double_close_to_zero",
      "y_number_minus_zero",
      "y_number_negative_zero",
      "y_number_real_capital_e",
      "y_number_real_exponent",
      "y_number_real_fraction_exponent",
      "y_object_duplicated_key",
      "y_object_duplicated_key_and_value",
      "y_object_extreme_numbers",
    ]);
  });
});
