import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allocate, concat } from "../../protocol/bytes.ts";

describe("small buffers", () => {
  it("are zeroed, and share no byte with any other one", () => {
    const sizes = Array.from({ length: 2_000 }, (_, i) => (i * 37) % 2_100);
    const buffers = sizes.map((size, i) => {
      const bytes = allocate(size);
      assert.ok(bytes.length === size && bytes.every((byte) => byte === 0), `${size} bytes`);
      return bytes.fill((i % 255) + 1);
    });
    for (const [i, bytes] of buffers.entries())
      assert.ok(
        bytes.every((byte) => byte === (i % 255) + 1),
        `buffer ${i}`,
      );
  });

  it("hold what was put together, whole", () => {
    const parts = Array.from({ length: 50 }, (_, i) => new Uint8Array(i).fill(i));
    assert.deepEqual(
      [...concat(...parts)],
      parts.flatMap((part) => [...part]),
    );
  });
});
