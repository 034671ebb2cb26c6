import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decode } from "cbor2";
import fc from "fast-check";
import { Reader, NotCanonical, Writer } from "../../protocol/canonical.ts";
import { decodeBody, decodeSubmission, encodeBody, encodeSubmission, requestId } from "../../protocol/request.ts";
import { toHex } from "../../protocol/bytes.ts";
import { random } from "../support/relayer.ts";
import { sampleBody } from "../support/requests.ts";

const kinds = ["data", "payment", "purchase"] as const;

const submissionOf = (kind: (typeof kinds)[number]): Uint8Array => {
  const envelope = { readerKeyId: random(16), role: 1, suite: 0, keyEpoch: 4, enc: random(32), ct: random(48) };
  return encodeSubmission({
    bodyBytes: encodeBody(sampleBody(kind)),
    signatures: [random(65), random(65)],
    dealSignatures: kind === "data" ? [] : [random(65)],
    parts: [{ ciphertext: random(200), envelopes: [envelope, { ...envelope, enc: random(1120), suite: 1 }] }],
  });
};

describe("the request's bytes", () => {
  for (const kind of kinds) {
    it(`read back what was written: ${kind}`, () => {
      const body = sampleBody(kind);
      const bytes = encodeBody(body);
      const read = decodeBody(bytes);
      assert.deepEqual(encodeBody(read), bytes);
      assert.equal(read.deal?.legs[0]?.amount, body.deal?.legs[0]?.amount);
      assert.equal(toHex(requestId(encodeBody(read))), toHex(requestId(bytes)));
    });

    it(`are deterministic CBOR that another implementation reads: ${kind}`, () => {
      const map = decode<Map<number, unknown>>(encodeBody(sampleBody(kind)), { preferMap: true });
      assert.deepEqual(
        [...map.keys()],
        [...map.keys()].toSorted((a, b) => a - b),
      );
      assert.equal(map.get(3), 31_337);
      assert.equal(map.get(10), "PO 7/22-b");
    });
  }

  it("are one encoding per request: whatever is accepted is written back byte for byte", () => {
    const seeds = kinds.map(submissionOf);
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.nat(), fc.integer({ min: 1, max: 255 }), (seed, at, flip) => {
        const bytes = seed.slice();
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ flip;
        try {
          assert.deepEqual(encodeSubmission(decodeSubmission(bytes)), bytes);
        } catch (error) {
          assert.ok(error instanceof NotCanonical, String(error));
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it("are refused when cut short, prolonged, or made longer than needed", () => {
    const bytes = submissionOf("payment");
    for (const cut of [0, 1, 50, bytes.length - 1])
      assert.throws(() => decodeSubmission(bytes.subarray(0, cut)), NotCanonical);
    assert.throws(() => decodeSubmission(new Uint8Array([...bytes, 0])), NotCanonical);
    const long = [0x18, 0x05];
    assert.throws(() => new Reader(Uint8Array.from(long)).uint(), NotCanonical);
    assert.throws(() => new Reader(Uint8Array.of(0x5f)).bytes(9), NotCanonical);
    assert.throws(
      () => new Reader(Uint8Array.of(0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).uint(),
      NotCanonical,
    );
  });

  it("write every unsigned integer in its shortest form", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const bytes = new Writer().uint(value).done();
        assert.equal(new Reader(bytes).uint(), value);
        assert.equal(decode(bytes), value);
        const width = value < 24 ? 1 : value < 2 ** 8 ? 2 : value < 2 ** 16 ? 3 : value < 2 ** 32 ? 5 : 9;
        assert.equal(bytes.length, width);
      }),
    );
  });
});
