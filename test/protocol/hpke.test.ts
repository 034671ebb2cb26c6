import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";
import * as noble from "@panva/hpke-noble";
import { x25519 } from "@noble/curves/ed25519.js";
import * as hpke from "hpke";
import {
  hpkeOpen,
  hpkeSeal,
  isUsableEnc,
  isUsablePublicKey,
  publicKeyBytes,
  publicKeyOf,
  type Suite,
} from "../../protocol/hpke.ts";
import { SealRefused } from "../../protocol/sealRefused.ts";

interface HpkeVector {
  mode: number;
  kem_id: number;
  kdf_id: number;
  aead_id: number;
  info: string;
  skRm: string;
  pkRm: string;
  enc: string;
  encryptions: { aad: string; ct: string; pt: string }[];
}
interface XWingVector {
  seed: string;
  ss: string;
  sk: string;
  pk: string;
  ct: string;
}

const load = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const random = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));

const first = <Item>(items: readonly Item[]): Item => {
  const [item] = items;
  assert.ok(item !== undefined);
  return item;
};

describe("RFC 9180, X25519 with AES-256-GCM", () => {
  const vectors = load("hpke/rfc9180-base-x25519-p256-hkdfsha256-subset") as HpkeVector[];
  const vector = first(vectors.filter((v) => v.mode === 0 && v.kem_id === 0x20 && v.kdf_id === 1 && v.aead_id === 2));

  it("opens the published message", async () => {
    const message = first(vector.encryptions);
    const opened = await hpkeOpen({
      suite: 0,
      seed: bytesOf(vector.skRm),
      enc: bytesOf(vector.enc),
      ct: bytesOf(message.ct),
      info: bytesOf(vector.info),
      aad: bytesOf(message.aad),
    });
    assert.equal(hexOf(opened ?? new Uint8Array()), message.pt);
  });

  it("gives the published public key", () => {
    assert.equal(hexOf(publicKeyOf(0, bytesOf(vector.skRm))), vector.pkRm);
  });
});

describe("draft-ietf-hpke-pq, KEM 0x647a", () => {
  const vectors = load("hpke/hpke-pq-draft-ietf-hpke-pq") as HpkeVector[];
  const vector = first(vectors.filter((v) => v.kem_id === 0x647a && v.kdf_id === 1));
  // The draft prints this KEM with ChaCha20-Poly1305 only; the KEM and the key schedule are those of suite 1.
  assert.equal(vector.aead_id, 3);
  const suites = {
    native: new hpke.CipherSuite(hpke.KEM_MLKEM768_X25519, hpke.KDF_HKDF_SHA256, noble.AEAD_ChaCha20Poly1305),
    portable: new hpke.CipherSuite(noble.KEM_MLKEM768_X25519, noble.KDF_HKDF_SHA256, noble.AEAD_ChaCha20Poly1305),
  };

  for (const [name, suite] of Object.entries(suites)) {
    it(`opens the published messages in order (${name})`, async () => {
      const key = await suite.DeserializePrivateKey(bytesOf(vector.skRm));
      const context = await suite.SetupRecipient(key, bytesOf(vector.enc), { info: bytesOf(vector.info) });
      for (const { aad, ct, pt } of vector.encryptions) {
        assert.equal(hexOf(await context.Open(bytesOf(ct), bytesOf(aad))), pt);
      }
    });
  }

  it("gives the published public key", () => {
    assert.equal(hexOf(publicKeyOf(1, bytesOf(vector.skRm))), vector.pkRm);
  });
});

describe("draft-connolly-cfrg-xwing-kem", () => {
  const vectors = load("xwing/x-wing-draft") as XWingVector[];
  const kems = { native: hpke.KEM_MLKEM768_X25519(), portable: noble.KEM_MLKEM768_X25519() };
  for (const [name, kem] of Object.entries(kems)) {
    it(`decapsulates the published shared secrets (${name})`, async () => {
      for (const { sk, ct, ss } of vectors) {
        const key = await kem.DeserializePrivateKey(bytesOf(sk), false);
        assert.equal(hexOf(await kem.Decap(bytesOf(ct), key, undefined)), ss);
      }
    });
  }

  it("has the public keys of suite 1", () => {
    for (const { sk, pk } of vectors) assert.equal(hexOf(publicKeyOf(1, bytesOf(sk))), pk);
  });
});

describe("two implementations by different authors", () => {
  const others: Readonly<Record<Suite, CipherSuite>> = {
    0: new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() }),
    1: new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() }),
  };
  const buffer = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

  for (const suite of [0, 1] as const) {
    it(`open each other's messages (suite ${suite})`, async () => {
      const other = others[suite];
      const [seed, info, aad, plaintext] = [random(32), random(20), random(64), random(32)];
      const publicKey = publicKeyOf(suite, seed);

      const ours = await hpkeSeal({ suite, publicKey, plaintext, info, aad });
      const theirKey = await other.kem.importKey("raw", buffer(seed), false);
      const byThem = await other.open(
        { recipientKey: theirKey, enc: buffer(ours.enc), info: buffer(info) },
        buffer(ours.ct),
        buffer(aad),
      );
      assert.deepEqual(new Uint8Array(byThem), plaintext);

      const recipientPublicKey = await other.kem.importKey("raw", buffer(publicKey), true);
      const theirs = await other.seal({ recipientPublicKey, info: buffer(info) }, buffer(plaintext), buffer(aad));
      const enc = new Uint8Array(theirs.enc);
      const byUs = await hpkeOpen({ suite, seed, enc, ct: new Uint8Array(theirs.ct), info, aad });
      assert.deepEqual(byUs, plaintext);
    });
  }
});

describe("unusable keys", () => {
  const P = 2n ** 255n - 19n;
  const little = (u: bigint): Uint8Array =>
    Uint8Array.from({ length: 32 }, (_, i) => Number((u >> BigInt(8 * i)) & 255n));
  const order8 = [
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  ];
  const smallOrder = [0n, 1n, P - 1n, P, P + 1n, ...order8];
  const topBit = 1n << 255n;

  it("of small order give the zero secret, with and without the ignored top bit", () => {
    for (const u of smallOrder) {
      assert.throws(() => x25519.getSharedSecret(random(32), little(u)));
      for (const point of [little(u), little(u | topBit)]) {
        assert.equal(isUsablePublicKey(0, point), false);
        assert.equal(isUsableEnc(0, point), false);
      }
    }
    assert.equal(isUsablePublicKey(0, little(9n)), true);
  });

  it("are refused before anything is sealed to them", async () => {
    const hybrid = publicKeyOf(1, random(32));
    const zeroCurve = Uint8Array.from(hybrid).fill(0, 1184);
    const unreduced = Uint8Array.from(hybrid).fill(0xff, 0, 3);
    const bad: [Suite, Uint8Array][] = [
      [0, little(0n)],
      [0, random(31)],
      [1, zeroCurve],
      [1, unreduced],
      [1, hybrid.subarray(1)],
      [1, random(32)],
    ];
    for (const [suite, publicKey] of bad) {
      const attempt = hpkeSeal({ suite, publicKey, plaintext: random(32), info: random(1), aad: random(1) });
      await assert.rejects(attempt, (error) => error instanceof SealRefused && error.reason === "badPublicKey");
    }
  });

  it("in an encapsulation are refused before it is opened", async () => {
    const attempt = hpkeOpen({
      suite: 0,
      seed: random(32),
      enc: little(1n),
      ct: random(48),
      info: random(1),
      aad: random(1),
    });
    await assert.rejects(attempt, (error) => error instanceof SealRefused && error.reason === "badEncapsulation");
  });

  it("never come from a seed", () => {
    for (const suite of [0, 1] as const) {
      const publicKey = publicKeyOf(suite, random(32));
      assert.equal(publicKey.length, publicKeyBytes[suite]);
      assert.equal(isUsablePublicKey(suite, publicKey), true);
    }
  });
});
