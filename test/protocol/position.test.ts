import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodePosition, encodePosition, laterPosition } from "../../protocol/position.ts";

const applied = fc.array(fc.integer({ min: 0, max: 2 ** 48 - 1 }), { maxLength: 64 });

describe("a position", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(applied, (seqs) => {
        assert.deepEqual(decodePosition(encodePosition(seqs)), seqs);
      }),
    );
  });

  it("merges into one that is at least both", () => {
    fc.assert(
      fc.property(applied, applied, (one, other) => {
        const merged = decodePosition(laterPosition(encodePosition(one), encodePosition(other)))!;
        assert.equal(merged.length, Math.max(one.length, other.length));
        for (const [i, seq] of merged.entries()) assert.equal(seq, Math.max(one[i] ?? 0, other[i] ?? 0));
      }),
    );
  });

  it("is nothing else", () => {
    for (const text of ["!", "A", "AAAA", "=", "AAAAAAA=", "A".repeat(20_000)])
      assert.equal(decodePosition(text), undefined, text);
    assert.equal(laterPosition("!", encodePosition([7])), encodePosition([7]));
  });
});
