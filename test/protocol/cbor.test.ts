import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { dcborDecodeOptions, dcborEncodeOptions, decode, encode } from "cbor2";
import fc from "fast-check";
import { CborRefused, decodeCbor, encodeCbor, type CborReason, type CborValue } from "../../protocol/cbor.ts";

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function reasonOf(attempt: () => unknown): CborReason | "accepted" {
  try {
    attempt();
    return "accepted";
  } catch (error) {
    if (error instanceof CborRefused) return error.reason;
    throw error;
  }
}

/** One or more per class of item that is not the one encoding of a value. */
const malformed: readonly (readonly [what: string, hex: string, reason: CborReason])[] = [
  ["an integer in two bytes where one is enough", "1817", "notShortest"],
  ["an integer in three bytes where two are enough", "1900ff", "notShortest"],
  ["an integer in five bytes where three are enough", "1a0000ffff", "notShortest"],
  ["an integer in nine bytes where five are enough", "1b00000000ffffffff", "notShortest"],
  ["a negative integer in two bytes where one is enough", "3800", "notShortest"],
  ["a length in two bytes where one is enough", "580161", "notShortest"],
  ["map keys out of order", "a2020a010a", "keyOrder"],
  ["text keys out of order: the shorter encoding comes first", "a262616101616201", "keyOrder"],
  ["a repeated map key", "a2010a010b", "duplicateKey"],
  ["a byte string of indefinite length", "5f42010243030405ff", "indefinite"],
  ["text of indefinite length", "7f657374726561646d696e67ff", "indefinite"],
  ["an array of indefinite length", "9f0102ff", "indefinite"],
  ["a map of indefinite length", "bf0102ff", "indefinite"],
  ["a break outside an indefinite item", "ff", "indefinite"],
  ["a half-precision float", "f93c00", "float"],
  ["a single-precision float that could be shorter", "fa3f800000", "float"],
  ["a double-precision float that could be shorter", "fb3ff0000000000000", "float"],
  ["negative zero", "f98000", "float"],
  ["not a number with a payload", "f97e01", "float"],
  ["text that is not UTF-8", "61ff", "utf8"],
  ["text with a surrogate half", "63eda080", "utf8"],
  ["text with an overlong form", "62c080", "utf8"],
  ["text that is not in normal form C", "6365cc81", "notNfc"],
  ["a tag", "c11a514b67b0", "tag"],
  ["an unknown tag", "d9d9f700", "tag"],
  ["a big integer", "c249010000000000000000", "tag"],
  ["undefined", "f7", "simple"],
  ["a simple value", "f0", "simple"],
  ["a simple value in two bytes", "f8ff", "simple"],
  ["a reserved additional information", "1c", "simple"],
  ["bytes after the item", "0000", "trailing"],
  ["nothing at all", "", "truncated"],
  ["a string that ends too early", "4401", "truncated"],
  ["an array that ends too early", "8201", "truncated"],
  ["an array that claims 2^32 - 1 items", "9affffffff", "truncated"],
  ["a map that claims 2^62 entries", "bb4000000000000000", "truncated"],
  ["a string that claims 2^63 bytes", "5b8000000000000000", "truncated"],
  ["a map keyed by a byte string", "a1410101", "keyType"],
  ["a map keyed by a list", "a18001", "keyType"],
  ["a map keyed by true", "a1f501", "keyType"],
  ["a map with the key __proto__", "a1695f5f70726f746f5f5f01", "keyType"],
  ["an integer below -2^63", "3b8000000000000000", "integerRange"],
  ["nine nested lists", "818181818181818181" + "00", "tooDeep"],
  ["nine nested maps", "a101".repeat(9) + "00", "tooDeep"],
];

describe("deterministic CBOR", () => {
  for (const [what, hex, reason] of malformed) {
    it(`refuses ${what}`, () => {
      assert.equal(
        reasonOf(() => decodeCbor(bytesOf(hex))),
        reason,
      );
    });
  }

  it("refuses nesting bombs of any length without growing the stack", () => {
    for (const unit of ["81", "a101", "9f", "d9d9f7"]) {
      const bomb = bytesOf(unit.repeat(500_000));
      assert.notEqual(
        reasonOf(() => decodeCbor(bomb)),
        "accepted",
      );
    }
  });

  it("refuses more bytes than its limit before reading them", () => {
    assert.equal(
      reasonOf(() => decodeCbor(encodeCbor(new Uint8Array(100)), { bytesMax: 100 })),
      "tooLarge",
    );
    assert.equal(
      reasonOf(() => decodeCbor(bytesOf("8180"), { depthMax: 1 })),
      "tooDeep",
    );
  });

  it("has no encoding for values outside the profile", () => {
    const outside: readonly [unknown, CborReason][] = [
      [1.5, "value"],
      [-0, "value"],
      [Number.NaN, "value"],
      [2 ** 53, "value"],
      [undefined, "value"],
      [new Date(0), "value"],
      [Symbol("x"), "value"],
      [[1, , 2], "value"],
      [1n << 64n, "integerRange"],
      [-(1n << 63n) - 1n, "integerRange"],
      ["\ud800", "utf8"],
      ["e\u0301", "notNfc"],
      [new Map([[true, 1]]), "keyType"],
      [new Map([[1.5, 1]]), "value"],
      [JSON.parse('{"__proto__":1}'), "keyType"],
      [[[[[[[[[[]]]]]]]]], "tooDeep"],
    ];
    for (const [value, reason] of outside) {
      assert.equal(
        reasonOf(() => encodeCbor(value as CborValue)),
        reason,
      );
    }
  });
});

describe("the items of RFC 8949 appendix A", () => {
  const path = new URL("../vectors/cbor/cbor_appendix_a.json", import.meta.url);
  const items = JSON.parse(readFileSync(path, "utf8")) as { hex: string; roundtrip: boolean; decoded?: unknown }[];
  const outside: Readonly<Record<string, CborReason>> = { "7": "simple", "6": "tag" };

  it("round-trip when they are in the profile and are refused by name when they are not", () => {
    let inside = 0;
    for (const item of items) {
      const bytes = bytesOf(item.hex);
      const major = String((bytes[0] ?? 0) >> 5);
      const reason = reasonOf(() => decodeCbor(bytes));
      if (reason === "accepted") {
        const value = decodeCbor(bytes);
        assert.equal(hexOf(encodeCbor(value)), item.hex);
        if (item.decoded !== undefined && typeof value !== "bigint") assert.deepEqual(value, item.decoded);
        assert.ok(item.roundtrip);
        inside += 1;
      } else if (item.roundtrip && reason !== "float" && reason !== "integerRange") {
        assert.equal(reason, outside[major], item.hex);
      }
    }
    assert.equal(inside, 36);
  });
});

/** Any value of the profile; `tie` keeps it within the depth limit. */
const scalar = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }),
  fc.string({ unit: "binary" }).map((text) => text.normalize("NFC")),
  fc.uint8Array({ maxLength: 40 }),
  fc.boolean(),
  fc.constant(null),
);
const key = fc.oneof(
  fc.maxSafeInteger(),
  fc
    .string()
    .map((text) => text.normalize("NFC"))
    .filter((text) => text !== "__proto__"),
);
const values = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 6 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 6 }).map((entries) => new Map(entries)),
  ),
})).value;

const collapse = (value: CborValue): CborValue => decodeCbor(encodeCbor(value));

describe("any value", () => {
  it("comes back, and its encoding is the one an independent dCBOR library writes", () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encodeCbor(value);
        assert.deepEqual(collapse(decodeCbor(bytes)), decodeCbor(bytes));
        assert.equal(hexOf(bytes), hexOf(encode(value, dcborEncodeOptions)));
      }),
      { numRuns: 2000 },
    );
  });

  it("has no second encoding: mutated bytes are refused or are the encoding of another value", () => {
    const mutation = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.constantFrom("flip", "insert", "drop"));
    fc.assert(
      fc.property(values, fc.array(mutation, { minLength: 1, maxLength: 3 }), (value, mutations) => {
        const bytes = [...encodeCbor(value)];
        for (const [at, by, how] of mutations) {
          const i = at % (bytes.length + 1);
          if (how === "flip" && i < bytes.length) bytes[i] = (bytes[i] ?? 0) ^ by;
          else if (how === "insert") bytes.splice(i, 0, by);
          else bytes.splice(i, 1);
        }
        const mutated = Uint8Array.from(bytes);
        if (reasonOf(() => decodeCbor(mutated)) !== "accepted") return;
        assert.equal(hexOf(encodeCbor(decodeCbor(mutated))), hexOf(mutated));
        assert.doesNotThrow(() => decode(mutated, { ...dcborDecodeOptions, rejectFloats: true }));
      }),
      { numRuns: 5000 },
    );
  });

  it("is never anything but a refusal for random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        if (reasonOf(() => decodeCbor(bytes)) === "accepted") {
          assert.equal(hexOf(encodeCbor(decodeCbor(bytes))), hexOf(bytes));
        }
      }),
      { numRuns: 20_000 },
    );
  });
});
