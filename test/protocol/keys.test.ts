import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hashTypedData, recoverTypedDataAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { fromHex, toHex, type Hex } from "../../protocol/bytes.ts";
import { codedId, scopedId } from "../../protocol/codedId.ts";
import { commitment, preCommitment } from "../../protocol/commitment.ts";
import { combineShares, openShare, splitAmongGuardians } from "../../protocol/guardians.ts";
import { publicKeyOf } from "../../protocol/hpke.ts";
import { compareSignatures, readerKeyId, rootFromSignature, vaultKeyRequest, vaultKeys } from "../../protocol/keys.ts";
import { newRecoveryCode, recoverySecret } from "../../protocol/recoveryCode.ts";
import { SealRefused, type SealReason } from "../../protocol/sealRefused.ts";
import { normalizeSignature } from "../../protocol/signature.ts";
import { slotKinds, unwrapSeed, wrapSeed } from "../../protocol/slots.ts";

const random = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));
const bytesOf = (hex: Hex): Uint8Array => fromHex(hex) ?? new Uint8Array();
const refused = (reason: SealReason) => (error: unknown) => error instanceof SealRefused && error.reason === reason;

const ORDER = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe_baae_dce6_af48_a03b_bfd2_5e8c_d036_4141n;
const highS = (signature: Hex): Hex => {
  const s = ORDER - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.slice(130) === "1b" ? "1c" : "1b";
  return `${signature.slice(0, 66)}${s.toString(16).padStart(64, "0")}${v}` as Hex;
};
const compact = (signature: Hex): Hex => {
  const parity = signature.slice(130) === "1c" ? 1n << 255n : 0n;
  const s = BigInt(`0x${signature.slice(66, 130)}`) | parity;
  return `${signature.slice(0, 66)}${s.toString(16).padStart(64, "0")}` as Hex;
};

describe("keys from a wallet", () => {
  const account = privateKeyToAccount("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
  const request = vaultKeyRequest({ account: account.address, origin: "https://portal.example/path?x=1", epoch: 1 });

  it("are asked for by typed data that names the origin and no chain", async () => {
    assert.equal(request.message.origin, "https://portal.example");
    assert.ok(request.message.warning.includes("https://portal.example"));
    assert.deepEqual(Object.keys(request.domain), ["name", "version", "salt"]);
    const signature = await account.signTypedData(request);
    assert.equal(await recoverTypedDataAddress({ ...request, signature }), account.address);
    assert.equal(hashTypedData(request).length, 66);
  });

  it("are the same from each form of the same signature", async () => {
    const signature = await account.signTypedData(request);
    const rs = normalizeSignature(bytesOf(signature));
    assert.equal(rs?.length, 64);
    for (const form of [highS(signature), compact(signature), compact(signature)]) {
      assert.deepEqual(normalizeSignature(bytesOf(form)), rs);
    }
  });

  it("are refused from what is not an ECDSA signature in range", () => {
    const ff = new Uint8Array(65).fill(0xff);
    for (const bad of [new Uint8Array(65), ff, random(66), random(0), random(63), random(200)]) {
      assert.equal(normalizeSignature(bad), undefined);
    }
  });

  it("need a wallet that signs alike twice; others get slots only", async () => {
    const first = bytesOf(await account.signTypedData(request));
    const second = bytesOf(await account.signTypedData(request));
    assert.equal(compareSignatures(first, second).kind, "deterministic");
    const other = bytesOf(await account.signTypedData({ ...request, message: { ...request.message, epoch: 2 } }));
    assert.deepEqual(compareSignatures(first, other), { kind: "slotsOnly" });
    assert.deepEqual(compareSignatures(random(300), random(300)), { kind: "slotsOnly" });
  });

  it("change with pepper, vault and epoch; only the KEM seed changes with the suite", async () => {
    const rs = normalizeSignature(bytesOf(await account.signTypedData(request))) ?? new Uint8Array();
    const [pepper, vaultId] = [random(32), random(32)];
    const root = rootFromSignature(rs, pepper);
    assert.deepEqual(rootFromSignature(rs, pepper), root);
    assert.notDeepEqual(rootFromSignature(rs, random(32)), root);
    const at = { vaultId, epoch: 1, suite: 1 } as const;
    const keys = vaultKeys(root, at);
    assert.deepEqual(vaultKeys(root, at), keys);
    assert.equal(new Set(Object.values(keys).map(toHex)).size, 4);
    for (const other of [vaultKeys(root, { ...at, epoch: 2 }), vaultKeys(root, { ...at, vaultId: random(32) })]) {
      for (const name of ["kemSeed", "sigSeed", "cidKey", "backupKek"] as const) {
        assert.notDeepEqual(other[name], keys[name]);
      }
    }
    const otherSuite = vaultKeys(root, { ...at, suite: 0 });
    assert.notDeepEqual(otherSuite.kemSeed, keys.kemSeed);
    assert.deepEqual(otherSuite.cidKey, keys.cidKey);
  });

  it("are never derived from a signature that was not normalized, or without the whole pepper", async () => {
    const signature = await account.signTypedData(request);
    const rs = normalizeSignature(bytesOf(signature)) ?? new Uint8Array();
    assert.throws(
      () => rootFromSignature(bytesOf(highS(signature)).subarray(0, 64), random(32)),
      refused("badSignature"),
    );
    assert.throws(() => rootFromSignature(new Uint8Array(64), random(32)), refused("badSignature"));
    assert.throws(() => rootFromSignature(rs, random(31)), refused("badLength"));
  });

  it("are known to each counterparty under another name", () => {
    const publicKey = publicKeyOf(0, random(32));
    const [a, b] = [random(32), random(32)];
    const idFor = (scope: Uint8Array) => toHex(readerKeyId({ suite: 0, publicKey, scope }));
    assert.equal(idFor(a), idFor(a));
    assert.notEqual(idFor(a), idFor(b));
    assert.equal(idFor(a).length, 34);
  });
});

describe("key slots", () => {
  const [root, vaultId] = [random(32), random(32)];

  it("each give back the root, and nothing to another secret, vault, epoch or kind", async () => {
    for (const kind of slotKinds) {
      const secret = random(32);
      const slot = await wrapSeed({ seed: root, secret, kind, vaultId, epoch: 2 });
      assert.deepEqual(await unwrapSeed(slot, { secret, vaultId }), root);
      assert.equal(await unwrapSeed(slot, { secret: random(32), vaultId }), undefined);
      assert.equal(await unwrapSeed(slot, { secret, vaultId: random(32) }), undefined);
      assert.equal(await unwrapSeed({ ...slot, epoch: 3 }, { secret, vaultId }), undefined);
      assert.equal(await unwrapSeed({ ...slot, slotId: random(16) }, { secret, vaultId }), undefined);
      assert.equal(await unwrapSeed({ ...slot, ct: slot.ct.subarray(1) }, { secret, vaultId }), undefined);
      const otherKind = slotKinds.find((name) => name !== kind) ?? kind;
      assert.equal(await unwrapSeed({ ...slot, kind: otherKind }, { secret, vaultId }), undefined);
    }
  });

  it("do not take a secret of less than 256 bits", async () => {
    await assert.rejects(
      wrapSeed({ seed: root, secret: random(16), kind: "passkey", vaultId, epoch: 1 }),
      refused("badLength"),
    );
  });

  it("open with 24 words, however they are typed", () => {
    const { words, secret } = newRecoveryCode();
    assert.equal(words.split(" ").length, 24);
    assert.deepEqual(recoverySecret(`  ${words.toUpperCase().replaceAll(" ", "\n ")} `), secret);
    assert.throws(() => recoverySecret(words.split(" ").slice(1).join(" ")), refused("badRecoveryCode"));
    assert.throws(() => recoverySecret("abandon ".repeat(24)), refused("badRecoveryCode"));
    const twelve = `${"abandon ".repeat(11)}about`;
    assert.throws(() => recoverySecret(twelve), refused("badRecoveryCode"));
  });

  it("open with enough guardians and not with fewer", async () => {
    const seeds = [random(32), random(32), random(32)];
    const guardians = seeds.map((seed) => ({ suite: 0, publicKey: publicKeyOf(0, seed) }) as const);
    const place = { vaultId, epoch: 1 };
    const { secret, shares } = await splitAmongGuardians(guardians, 2, place);
    const slot = await wrapSeed({ seed: root, secret, kind: "guardians", vaultId, epoch: 1 });
    const open = async (index: number, as = index) => {
      const [share, seed] = [shares[index], seeds[index]];
      assert.ok(share !== undefined && seed !== undefined);
      return openShare(share, { ...place, index: as, seed });
    };
    const [first, third] = [await open(0), await open(2)];
    assert.deepEqual(await unwrapSeed(slot, { secret: await combineShares([first, third]), vaultId }), root);
    await assert.rejects(open(1, 0), refused("notForReader"));
    const tampered = Uint8Array.from(third);
    tampered[0] = (tampered[0] ?? 0) ^ 1;
    assert.equal(await unwrapSeed(slot, { secret: await combineShares([first, tampered]), vaultId }), undefined);
    await assert.rejects(splitAmongGuardians(guardians, 1, place), RangeError);
    await assert.rejects(splitAmongGuardians(guardians, 4, place), RangeError);
  });
});

describe("coded identifiers", () => {
  it("are recomputable with the key and differ in everything else", () => {
    const [key, contract, nonce] = [random(32), random(20), random(16)];
    const at = { chainId: 1n, contract, nonce };
    const id = toHex(codedId(key, at));
    assert.equal(toHex(codedId(key, at)), id);
    const others = [
      codedId(random(32), at),
      codedId(key, { ...at, chainId: 2n }),
      codedId(key, { ...at, contract: random(20) }),
      codedId(key, { ...at, nonce: random(16) }),
      scopedId(key, random(32)),
    ];
    assert.equal(new Set([id, ...others.map(toHex)]).size, 6);
    assert.throws(() => codedId(random(31), at), refused("badLength"));
  });
});

describe("commitments", () => {
  it("depend on both salts, the request, the chain and the contract", () => {
    const [clientSalt, relayerSalt, requestId, contract] = [random(32), random(32), random(32), random(20)];
    const pre = preCommitment(clientSalt, requestId);
    const whole = { chainId: 31_337n, contract, relayerSalt, pre };
    const all = [
      commitment(whole),
      commitment({ ...whole, chainId: 1n }),
      commitment({ ...whole, contract: random(20) }),
      commitment({ ...whole, relayerSalt: random(32) }),
      commitment({ ...whole, pre: preCommitment(random(32), requestId) }),
      commitment({ ...whole, pre: preCommitment(clientSalt, random(32)) }),
    ];
    assert.equal(new Set(all.map(toHex)).size, all.length);
    assert.throws(() => commitment({ ...whole, contract: random(32) }), refused("badLength"));
  });

  it("cannot be steered: over fresh relayer salts every bit is set about half of the time", () => {
    const pre = preCommitment(random(32), random(32));
    const ones = new Array<number>(256).fill(0);
    const rounds = 4_000;
    for (let i = 0; i < rounds; i++) {
      const leaf = commitment({ chainId: 1n, contract: new Uint8Array(20), relayerSalt: random(32), pre });
      for (let bit = 0; bit < 256; bit++) ones[bit] = (ones[bit] ?? 0) + (((leaf[bit >> 3] ?? 0) >> (bit & 7)) & 1);
    }
    // Seven standard deviations of a fair coin: a false alarm about once in 10^9 runs.
    const slack = 3.5 * Math.sqrt(rounds);
    for (const count of ones) assert.ok(Math.abs(count - rounds / 2) < slack);
  });
});

describe("normalized signatures", () => {
  it("are a fixed point", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 65, maxLength: 65 }), (bytes) => {
        const rs = normalizeSignature(bytes);
        if (rs !== undefined) assert.deepEqual(normalizeSignature(rs), rs);
      }),
    );
  });
});
