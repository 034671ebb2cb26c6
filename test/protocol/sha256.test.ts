import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sha256 as portable } from "@noble/hashes/sha2.js";
import { sha256 } from "../../protocol/sha256.ts";

describe("sha256", () => {
  it("is the same in Node and in a browser, at every length around a block", () => {
    for (let size = 0; size <= 200; size += 1) {
      const data = Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 0xff);
      assert.deepEqual(sha256(data), portable(data));
    }
  });
});
