import * as nobleSuite from "@panva/hpke-noble";
import { MLKEM768X25519 } from "@noble/post-quantum/hybrid.js";
import { x25519 } from "@noble/curves/ed25519.js";
import * as hpke from "hpke";
import { SealRefused, requireLength } from "./sealRefused.ts";

/**
 * The only file that speaks HPKE (RFC 9180 mode_base, HKDF-SHA256, AES-256-GCM). Suite 1 is MLKEM768-X25519, KEM
 * 0x647a, the same bytes as X-Wing; suite 0 is X25519 for constrained readers. A private key is always the 32 raw
 * bytes (for suite 1 the seed): `deriveKeyPair` differs between libraries and is never used.
 */

export type Suite = 0 | 1;
export const DEFAULT_SUITE: Suite = 1;
export const KEM_SEED_BYTES = 32;
export const publicKeyBytes = { 0: 32, 1: 1216 } as const;
export const encBytes = { 0: 32, 1: 1120 } as const;

export interface HpkeInput {
  readonly suite: Suite;
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
}

/** Seals to a public key. Throws SealRefused("badPublicKey") for one that `isUsablePublicKey` refuses. */
export async function hpkeSeal(
  input: HpkeInput & { readonly publicKey: Uint8Array; readonly plaintext: Uint8Array },
): Promise<{ enc: Uint8Array; ct: Uint8Array }> {
  if (!isUsablePublicKey(input.suite, input.publicKey)) throw new SealRefused("badPublicKey");
  const suite = await cipherSuite(input.suite);
  const key = await suite.DeserializePublicKey(input.publicKey);
  const sealed = await suite.Seal(key, input.plaintext, { info: input.info, aad: input.aad });
  return { enc: sealed.encapsulatedSecret, ct: sealed.ciphertext };
}

/**
 * Opens with a seed; undefined when key, enc, ct, info or aad is not the sealed one.
 * Throws SealRefused("badEncapsulation") for an `enc` that `isUsableEnc` refuses.
 */
export async function hpkeOpen(
  input: HpkeInput & { readonly seed: Uint8Array; readonly enc: Uint8Array; readonly ct: Uint8Array },
): Promise<Uint8Array | undefined> {
  requireLength(input.seed, KEM_SEED_BYTES);
  if (!isUsableEnc(input.suite, input.enc)) throw new SealRefused("badEncapsulation");
  const suite = await cipherSuite(input.suite);
  const key = await suite.DeserializePrivateKey(input.seed);
  try {
    return await suite.Open(key, input.enc, input.ct, { info: input.info, aad: input.aad });
  } catch (error) {
    if (error instanceof hpke.OpenError || error instanceof hpke.DecapError) return undefined;
    throw error;
  }
}

/** The public key of a 32-byte private key. */
export function publicKeyOf(suite: Suite, seed: Uint8Array): Uint8Array {
  requireLength(seed, KEM_SEED_BYTES);
  return suite === 1 ? MLKEM768X25519.keygen(seed).publicKey : x25519.getPublicKey(seed);
}

/**
 * Right length, no X25519 point of small order (its shared secret would be zero for everybody) and, for suite 1, every
 * ML-KEM coefficient below the modulus, as FIPS 203 asks of an encapsulation key.
 */
export function isUsablePublicKey(suite: Suite, publicKey: Uint8Array): boolean {
  if (publicKey.length !== publicKeyBytes[suite] || isSmallOrder(publicKey.subarray(-32))) return false;
  return suite === 0 || hasReducedCoefficients(publicKey.subarray(0, MLKEM_VECTOR_BYTES));
}

export function isUsableEnc(suite: Suite, enc: Uint8Array): boolean {
  return enc.length === encBytes[suite] && !isSmallOrder(enc.subarray(-32));
}

const MLKEM_VECTOR_BYTES = 1152;
const MLKEM_MODULUS = 3329;

/** Twelve bits each, two in three bytes. */
function hasReducedCoefficients(vector: Uint8Array): boolean {
  for (let i = 0; i + 2 < vector.length; i += 3) {
    const [a, b, c] = [vector[i] ?? 0, vector[i + 1] ?? 0, vector[i + 2] ?? 0];
    if ((a | ((b & 0x0f) << 8)) >= MLKEM_MODULUS || ((b >>> 4) | (c << 4)) >= MLKEM_MODULUS) return false;
  }
  return true;
}

const X25519_PRIME = 2n ** 255n - 19n;
/** u-coordinates of order 1, 2, 4 and 8 on the curve and its twist (RFC 7748 section 6.1 asks to detect their output). */
const smallOrderPoints = new Set([
  0n,
  1n,
  X25519_PRIME - 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]);

function isSmallOrder(point: Uint8Array): boolean {
  let u = 0n;
  // Little-endian; the top bit is ignored by X25519.
  for (let i = 31; i >= 0; i--) u = (u << 8n) | BigInt(i === 31 ? (point[i] ?? 0) & 0x7f : (point[i] ?? 0));
  return smallOrderPoints.has(u % X25519_PRIME);
}

type AnySuite = hpke.CipherSuite;
const chosen: Partial<Record<Suite, Promise<AnySuite>>> = {};

const cipherSuite = (suite: Suite): Promise<AnySuite> => (chosen[suite] ??= chooseSuite(suite));

/** Native WebCrypto is about five times faster for suite 1; a platform without the algorithm gets the portable one. */
async function chooseSuite(suite: Suite): Promise<AnySuite> {
  const native = new hpke.CipherSuite(
    suite === 1 ? hpke.KEM_MLKEM768_X25519 : hpke.KEM_DHKEM_X25519_HKDF_SHA256,
    hpke.KDF_HKDF_SHA256,
    hpke.AEAD_AES_256_GCM,
  );
  const portable = new hpke.CipherSuite(
    suite === 1 ? nobleSuite.KEM_MLKEM768_X25519 : nobleSuite.KEM_DHKEM_X25519_HKDF_SHA256,
    nobleSuite.KDF_HKDF_SHA256,
    nobleSuite.AEAD_AES_256_GCM,
  );
  return (await agrees(native, portable)) ? native : portable;
}

/** A native algorithm that is young or missing must first open what the portable one sealed. */
async function agrees(native: AnySuite, portable: AnySuite): Promise<boolean> {
  try {
    const pair = await portable.GenerateKeyPair(true);
    const sealed = await portable.Seal(pair.publicKey, Uint8Array.of(1));
    const key = await native.DeserializePrivateKey(await portable.SerializePrivateKey(pair.privateKey));
    const opened = await native.Open(key, sealed.encapsulatedSecret, sealed.ciphertext);
    await native.DeserializePublicKey(await portable.SerializePublicKey(pair.publicKey));
    return opened.length === 1 && opened[0] === 1;
  } catch {
    return false;
  }
}
