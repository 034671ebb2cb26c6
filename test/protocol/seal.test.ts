import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gcm } from "@noble/ciphers/aes.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { contentKeys, decryptContent, encryptContent } from "../../protocol/content.ts";
import { unwrapDek, wrapDek, type Reader } from "../../protocol/envelope.ts";
import { publicKeyOf, type Suite } from "../../protocol/hpke.ts";
import { pad, sizeClassBytes, sizeClassOf, unpad } from "../../protocol/padding.ts";
import { openContent, sealContent, type SealedContent } from "../../protocol/seal.ts";
import { SealRefused, type SealReason } from "../../protocol/sealRefused.ts";

const random = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));
const refused = (reason: SealReason) => (error: unknown) => error instanceof SealRefused && error.reason === reason;

function readerOf(suite: Suite, role: Reader["role"] = "owner"): { reader: Reader; seed: Uint8Array } {
  const seed = random(32);
  return { seed, reader: { readerKeyId: random(16), role, suite, keyEpoch: 3, publicKey: publicKeyOf(suite, seed) } };
}

const envelopeOf = (sealed: SealedContent, index = 0) => {
  const envelope = sealed.envelopes[index];
  assert.ok(envelope !== undefined);
  return envelope;
};

describe("a sealed content", () => {
  const owner = readerOf(1);
  const inspector = readerOf(0, "inspector");
  const blockId = random(32);
  const context = new TextEncoder().encode("the rest of the header");
  const plaintext = new TextEncoder().encode("blood type 0 negative");
  const seal = () => sealContent({ plaintext, blockId, context, readers: [owner.reader, inspector.reader] });

  it("opens for every reader, whatever the suite", async () => {
    const sealed = await seal();
    for (const [index, { seed }] of [owner, inspector].entries()) {
      const opened = await openContent({ ...sealed, blockId, context, envelope: envelopeOf(sealed, index), seed });
      assert.deepEqual(opened, plaintext);
    }
  });

  it("tells only its size class, and differs each time", async () => {
    const [a, b] = [await seal(), await seal()];
    assert.equal(a.ciphertext.length, 1024 + 16);
    assert.notDeepEqual(a.ciphertext, b.ciphertext);
    assert.notDeepEqual(a.kcom, b.kcom);
  });

  it("does not open for somebody else, nor with another reader's envelope", async () => {
    const sealed = await seal();
    const input = { ...sealed, blockId, context, envelope: envelopeOf(sealed) };
    await assert.rejects(openContent({ ...input, seed: random(32) }), refused("notForReader"));
    await assert.rejects(
      openContent({ ...input, envelope: envelopeOf(sealed, 1), seed: owner.seed }),
      refused("notForReader"),
    );
  });

  it("does not open in another block: envelopes cannot be transplanted", async () => {
    const sealed = await seal();
    const other = await sealContent({ plaintext, blockId: random(32), context, readers: [owner.reader] });
    const transplanted = { ...sealed, blockId, context, envelope: envelopeOf(other), seed: owner.seed };
    await assert.rejects(openContent(transplanted), refused("notForReader"));
    const sameBlock = await seal();
    await assert.rejects(openContent({ ...transplanted, envelope: envelopeOf(sameBlock) }), refused("notForReader"));
  });

  it("does not open when any part of the envelope, the context or the size class is changed", async () => {
    const sealed = await seal();
    const envelope = envelopeOf(sealed);
    const input = { ...sealed, blockId, context, envelope, seed: owner.seed };
    const changes: [Partial<Parameters<typeof openContent>[0]>, SealReason][] = [
      [{ envelope: { ...envelope, role: 2 } }, "notForReader"],
      [{ envelope: { ...envelope, keyEpoch: 4 } }, "notForReader"],
      [{ envelope: { ...envelope, readerKeyId: random(16) } }, "notForReader"],
      [{ envelope: { ...envelope, suite: 2 } }, "unknownSuite"],
      [{ envelope: { ...envelope, suite: 0 } }, "badEncapsulation"],
      [{ kcom: random(32) }, "notForReader"],
      [{ context: random(4) }, "ciphertext"],
      [{ sizeClass: 1 }, "ciphertext"],
      [{ ctHash: random(32) }, "ciphertextHash"],
    ];
    for (const [change, reason] of changes) await assert.rejects(openContent({ ...input, ...change }), refused(reason));
  });

  it("rejects every flipped bit of ciphertext, commitment and envelope", async () => {
    const sealed = await sealContent({ plaintext, blockId, context, readers: [inspector.reader] });
    const envelope = envelopeOf(sealed);
    const fields = ["ciphertext", "kcom", "ctHash", "blockId", "enc", "ct", "readerKeyId"] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fields), fc.nat(), async (field, at) => {
        const flip = (bytes: Uint8Array) => {
          const copy = Uint8Array.from(bytes);
          const bit = at % (8 * copy.length);
          copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          return copy;
        };
        const parts = { ...sealed, blockId, context, seed: inspector.seed };
        const flipped =
          field === "enc" || field === "ct" || field === "readerKeyId"
            ? { ...parts, envelope: { ...envelope, [field]: flip(envelope[field]) } }
            : { ...parts, envelope, [field]: flip(parts[field]) };
        // X25519 ignores the top bit of a point, but HPKE hashes the bytes as sent.
        await assert.rejects(openContent(flipped), SealRefused);
      }),
      { numRuns: 300 },
    );
  });

  it("is refused for nobody, for one reader twice, and above 1 MiB - 1", async () => {
    const base = { blockId, context, plaintext };
    await assert.rejects(sealContent({ ...base, readers: [] }), refused("noReader"));
    await assert.rejects(sealContent({ ...base, readers: [owner.reader, owner.reader] }), refused("duplicateReader"));
    const large = { ...base, readers: [inspector.reader] };
    await assert.rejects(sealContent({ ...large, plaintext: new Uint8Array(1_048_576) }), refused("tooLarge"));
    const most = await sealContent({ ...large, plaintext: new Uint8Array(1_048_575) });
    assert.equal(most.sizeClass, 5);
    await assert.rejects(sealContent({ ...large, blockId: random(31) }), refused("badLength"));
  });

  it("can be granted to a new reader without sealing it again", async () => {
    const sealed = await seal();
    const place = { blockId, kcom: sealed.kcom };
    const dek = await unwrapDek(envelopeOf(sealed), place, owner.seed);
    const grantee = readerOf(1, "grantee");
    const envelope = await wrapDek(dek, place, grantee.reader);
    assert.deepEqual(await openContent({ ...sealed, blockId, context, envelope, seed: grantee.seed }), plaintext);
  });
});

describe("a salamander: one ciphertext under two keys", () => {
  /** GHASH of a two-block message is linear, so a second key is made to authenticate the same bytes. */
  it("passes plain AES-GCM, and is caught by the key commitment before anything is decrypted", async () => {
    const blockId = random(32);
    const [shown, hidden] = [random(32), random(32)];
    const [forOwner, forInspector] = [contentKeys(shown, blockId), contentKeys(hidden, blockId)];
    const aad = sha256(random(8));
    const nonce = new Uint8Array(12);
    const ciphertext = twoKeyCiphertext(forOwner.encryption, forInspector.encryption, { nonce, aad });
    const asOwner = gcm(forOwner.encryption, nonce, aad).decrypt(ciphertext);
    const asInspector = gcm(forInspector.encryption, nonce, aad).decrypt(ciphertext);
    assert.notDeepEqual(asOwner, asInspector);

    const content = { ciphertext, ctHash: sha256(ciphertext), sizeClass: 0, blockId, context: aad };
    const attempt = decryptContent({ ...content, kcom: forOwner.kcom, dek: hidden });
    await assert.rejects(attempt, refused("keyCommitment"));
  });

  it("cannot be told to a second reader: an envelope with another data key does not open the block", async () => {
    const [owner, victim] = [readerOf(0), readerOf(0, "inspector")];
    const [blockId, context] = [random(32), random(8)];
    const sealed = await sealContent({ plaintext: random(9), blockId, context, readers: [owner.reader] });
    const envelope = await wrapDek(random(32), { blockId, kcom: sealed.kcom }, victim.reader);
    const attempt = openContent({ ...sealed, blockId, context, envelope, seed: victim.seed });
    await assert.rejects(attempt, refused("keyCommitment"));
  });
});

describe("padding", () => {
  it("returns the data and only accepts what it makes itself", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0, max: 255 }), (length, fill) => {
        const data = new Uint8Array(length).fill(fill);
        const sizeClass = sizeClassOf(length) ?? -1;
        const padded = pad(data, sizeClass);
        assert.equal(padded.length, sizeClassBytes[sizeClass]);
        assert.deepEqual(unpad(padded, sizeClass), data);
      }),
      { numRuns: 200 },
    );
    assert.equal(unpad(new Uint8Array(1024), 0), undefined);
    assert.equal(unpad(new Uint8Array(1024).fill(1), 0), undefined);
    assert.equal(unpad(pad(new Uint8Array(3), 1), 1), undefined, "a larger class than needed is a covert channel");
    assert.throws(() => pad(new Uint8Array(1024), 0), RangeError);
  });
});

describe("content encryption", () => {
  it("authenticates block and context, and agrees with an independent AES-GCM", async () => {
    const [dek, blockId, context, plaintext] = [random(32), random(32), random(10), random(100)];
    const content = await encryptContent({ plaintext, dek, blockId, context });
    assert.deepEqual(await decryptContent({ ...content, dek, blockId, context }), plaintext);
    const { encryption, kcom } = contentKeys(dek, blockId);
    const aad = sha256(Buffer.concat([Buffer.from("MIDC/v1 aad"), blockId, kcom, Uint8Array.of(0), context]));
    assert.deepEqual(gcm(encryption, new Uint8Array(12), aad).encrypt(pad(plaintext, 0)), content.ciphertext);
  });
});

// A ciphertext of three blocks that authenticates under both keys: the third block solves the one linear equation
// (in GF(2^128)) that makes both tags equal.
function twoKeyCiphertext(k1: Uint8Array, k2: Uint8Array, at: { nonce: Uint8Array; aad: Uint8Array }): Uint8Array {
  const base = new Uint8Array(48);
  const tags = [k1, k2].map((key) => tagOf(key, base, at));
  // Tag is affine in the last block X: T(X) = T(0) xor X·H². Solve X·(H1² xor H2²) = T1(0) xor T2(0).
  const [h1, h2] = [k1, k2].map((key) => square(hashKey(key)));
  assert.ok(h1 !== undefined && h2 !== undefined && tags[0] !== undefined && tags[1] !== undefined);
  const x = multiply(tags[0] ^ tags[1], inverse(h1 ^ h2));
  const body = Uint8Array.from(base);
  body.set(toBlock(x), 32);
  return Uint8Array.from([...body, ...toBlock(tagOf(k1, body, at))]);
}

/** The tag that makes `body` authentic: encrypting the decryption of the body gives the body back. */
function tagOf(key: Uint8Array, body: Uint8Array, at: { nonce: Uint8Array; aad: Uint8Array }): bigint {
  const stream = gcm(key, at.nonce, at.aad).encrypt(new Uint8Array(body.length)).subarray(0, body.length);
  const plaintext = body.map((byte, i) => byte ^ (stream[i] ?? 0));
  return toField(gcm(key, at.nonce, at.aad).encrypt(plaintext).subarray(body.length));
}

/** E_K(0): with an empty message and 16 bytes of aad A, tags differ by A·H²; solved for H² with A = 1. */
function hashKey(key: Uint8Array): bigint {
  const nonce = new Uint8Array(12);
  const zero = toField(gcm(key, nonce, new Uint8Array(16)).encrypt(new Uint8Array(0)));
  const one = toField(gcm(key, nonce, toBlock(ONE)).encrypt(new Uint8Array(0)));
  return squareRoot(zero ^ one);
}

const ONE = 1n << 127n;
const R = 0xe1n << 120n;
const toField = (block: Uint8Array): bigint => BigInt(`0x${Buffer.from(block).toString("hex")}`);
const toBlock = (x: bigint): Uint8Array => Uint8Array.from(Buffer.from(x.toString(16).padStart(32, "0"), "hex"));

function multiply(x: bigint, y: bigint): bigint {
  let [z, v] = [0n, y];
  for (let i = 127n; i >= 0n; i--) {
    if ((x >> i) & 1n) z ^= v;
    v = v & 1n ? (v >> 1n) ^ R : v >> 1n;
  }
  return z;
}
const square = (x: bigint): bigint => multiply(x, x);
const repeatSquare = (x: bigint, times: number): bigint => (times === 0 ? x : repeatSquare(square(x), times - 1));
const squareRoot = (x: bigint): bigint => repeatSquare(x, 127);
/** x^(2^128 - 2) = product of x^(2^i) for i = 1 … 127. */
function inverse(x: bigint): bigint {
  let [result, power] = [ONE, x];
  for (let i = 1; i < 128; i++) {
    power = square(power);
    result = multiply(result, power);
  }
  return result;
}
