import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { hpkeOpen, hpkeSeal, publicKeyOf } from "../../protocol/hpke.ts";

/** A platform as many browsers still are: WebCrypto knows neither ML-KEM nor X25519. Own file, so own process. */
const subtle = crypto.subtle;
const missing = new Set(["ML-KEM-768", "X25519"]);
const asked = new Set<string>();
const nameOf = (algorithm: unknown): string =>
  typeof algorithm === "string" ? algorithm : String((algorithm as { name?: unknown }).name);

describe("HPKE where WebCrypto lacks the algorithms", () => {
  const importKey = subtle.importKey.bind(subtle) as (...args: unknown[]) => Promise<CryptoKey>;
  before(() => {
    Object.defineProperty(subtle, "importKey", {
      configurable: true,
      value: (...args: unknown[]) => {
        const name = nameOf(args[2]);
        if (!missing.has(name)) return importKey(...args);
        asked.add(name);
        return Promise.reject(new DOMException("not here", "NotSupportedError"));
      },
    });
  });
  after(() => {
    Reflect.deleteProperty(subtle, "importKey");
  });

  for (const suite of [0, 1] as const) {
    it(`seals and opens with the portable implementation (suite ${suite})`, async () => {
      const [seed, info, aad, plaintext] = [32, 8, 8, 32].map((size) => crypto.getRandomValues(new Uint8Array(size)));
      assert.ok(seed && info && aad && plaintext);
      const sealed = await hpkeSeal({ suite, publicKey: publicKeyOf(suite, seed), plaintext, info, aad });
      assert.deepEqual(await hpkeOpen({ suite, seed, info, aad, ...sealed }), plaintext);
      assert.equal(await hpkeOpen({ suite, seed, info, aad: info, ...sealed }), undefined);
      assert.ok(asked.size > 0);
    });
  }
});
