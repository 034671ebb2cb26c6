import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { equalBytes, fromHex, toHex, type Hex } from "../../protocol/bytes.ts";
import { NotCanonical } from "../../protocol/canonical.ts";
import {
  decodeGuardianRequest,
  encodeGuardianRequest,
  guardianRequestTypedData,
  openAnswer,
  sealAnswer,
  type SignedGuardianRequest,
} from "../../protocol/guardianRequest.ts";
import { publicKeyOf } from "../../protocol/hpke.ts";
import { begun, isAuthentic, pastRoots, rootOfSlot, turned, withSlot } from "../../protocol/keychain.ts";
import { passkeyPrfInput } from "../../protocol/slots.ts";
import { decodeVaultSlots, encodeVaultSlots, SLOTS_MAX, type VaultSlots } from "../../protocol/vault.ts";
import { hashTypedData } from "viem";

const random = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));
const filled = (size: number, byte: number): Uint8Array => new Uint8Array(size).fill(byte);
const vaultId = random(32);
const open = (vault: VaultSlots, index: number, secret: Uint8Array) =>
  rootOfSlot(vault.slots[index]!, { secret, vaultId, epoch: vault.epoch });
const flipped = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes, (byte, i) => (i === 0 ? byte ^ 1 : byte));

describe("a vault's key chain", () => {
  const [words, passkey, root] = [random(32), random(32), random(32)];
  const keychain = { vaultId, root };
  const two = async (): Promise<VaultSlots> =>
    withSlot(
      await begun("deterministic", { kind: "recoveryCode", secret: words }, keychain),
      { kind: "passkey", secret: passkey, hint: random(20) },
      keychain,
    );

  it("gives its root to each slot's secret, and comes back whole from its bytes", async () => {
    const vault = await two();
    assert.deepEqual(decodeVaultSlots(encodeVaultSlots(vault)), vault);
    assert.deepEqual(await open(vault, 0, words), root);
    assert.deepEqual(await open(vault, 1, passkey), root);
    assert.equal(await open(vault, 0, passkey), undefined);
    assert.ok(isAuthentic(vault, keychain));
  });

  it("reaches the kept slots with a new root without their secrets, and the removed one never", async () => {
    const before = await two();
    const next = random(32);
    const turn = { signer: "slotsOnly", root: next, keep: before.slots.slice(1), fresh: [] } as const;
    const after = await turned(before, turn, keychain);
    assert.deepEqual([after.epoch, after.signer, after.slots.length], [1, "slotsOnly", 1]);
    assert.deepEqual(await open(after, 0, passkey), next);
    const copy = { ...after.slots[0]!, ...before.slots[0]!, root: after.slots[0]!.root };
    assert.equal(await rootOfSlot(copy, { secret: words, vaultId, epoch: 1 }), undefined);
    assert.deepEqual(await open(before, 0, words), root, "what it opened once stays open to a copy");
    // The seal of one epoch is no seal of another.
    assert.equal(await rootOfSlot(before.slots[1]!, { secret: passkey, vaultId, epoch: 1 }), undefined);
  });

  it("leads from the newest root to all before, and never the other way", async () => {
    const roots = [root, random(32), random(32)];
    let vault = await two();
    for (const [epoch, next] of roots.slice(1).entries()) {
      const turn = { signer: "deterministic", root: next, keep: vault.slots, fresh: [] } as const;
      vault = await turned(vault, turn, { vaultId, root: roots[epoch]! });
    }
    const found = await pastRoots(vault, { vaultId, root: roots[2]! });
    assert.deepEqual(found, [
      { epoch: 1, root: roots[1] },
      { epoch: 0, root: roots[0] },
    ]);
    assert.equal(await pastRoots(vault, { vaultId, root: roots[1]! }), undefined);
    assert.equal(await pastRoots({ ...vault, past: vault.past.slice(1) }, { vaultId, root: roots[2]! }), undefined);
    assert.equal(await pastRoots({ ...vault, past: vault.past.toReversed() }, { vaultId, root: roots[2]! }), undefined);
  });

  it("is believed with its own root's word only: every changed field is noticed", async () => {
    const vault = await turned(
      await two(),
      { signer: "deterministic", root, keep: (await two()).slots, fresh: [] },
      keychain,
    );
    const [slot] = vault.slots;
    const [past] = vault.past;
    const share = { account: random(20), suite: 0 as const, enc: random(32), ct: random(49) };
    const slotChanges = [
      { kind: "wallet" as const },
      { slotId: flipped(slot!.slotId) },
      { epoch: 7 },
      { nonce: flipped(slot!.nonce) },
      { ct: flipped(slot!.ct) },
      { publicKey: flipped(slot!.publicKey) },
      { root: { ...slot!.root, enc: flipped(slot!.root.enc) } },
      { root: { ...slot!.root, ct: flipped(slot!.root.ct) } },
      { hint: random(4) },
      { guarded: { threshold: 2, shares: [share] } },
    ];
    const changed: VaultSlots[] = [
      ...slotChanges.map((change) => ({ ...vault, slots: [{ ...slot!, ...change }, vault.slots[1]!] })),
      ...[{ epoch: 5 }, { nonce: flipped(past!.nonce) }, { ct: flipped(past!.ct) }].map((change) => ({
        ...vault,
        past: [{ ...past!, ...change }],
      })),
      { ...vault, signer: "slotsOnly" },
      { ...vault, epoch: 2 },
      { ...vault, slots: vault.slots.toReversed() },
      { ...vault, slots: vault.slots.slice(1) },
      { ...vault, past: [] },
      { ...vault, mac: flipped(vault.mac) },
    ];
    for (const [index, each] of changed.entries()) assert.equal(isAuthentic(each, keychain), false, `change ${index}`);
    assert.equal(isAuthentic(vault, { vaultId, root: random(32) }), false);
    assert.equal(isAuthentic(vault, { vaultId: random(32), root }), false);
    assert.ok(isAuthentic(vault, keychain));
  });

  it("has room for eight slots, and refuses what is not canonical", async () => {
    let vault = await two();
    while (vault.slots.length < SLOTS_MAX)
      vault = await withSlot(vault, { kind: "passkey", secret: random(32) }, keychain);
    await assert.rejects(withSlot(vault, { kind: "passkey", secret: random(32) }, keychain), RangeError);
    const bytes = encodeVaultSlots(vault);
    assert.throws(() => decodeVaultSlots(bytes.subarray(0, -1)), NotCanonical);
    assert.throws(() => decodeVaultSlots(Uint8Array.of(...bytes, 0)), NotCanonical);
  });

  it("still opens with the words and bytes of an earlier version, through a rotation", async () => {
    const path = new URL("../vectors/golden/keychain.json", import.meta.url);
    const golden = JSON.parse(readFileSync(path, "utf8")) as Record<
      "vaultId" | "words" | "passkey" | "root" | "pastRoot" | "slots" | "passkeyPrfInput",
      Hex
    >;
    const bytes = (hex: Hex): Uint8Array => fromHex(hex)!;
    const vault = decodeVaultSlots(bytes(golden.slots));
    assert.equal(toHex(encodeVaultSlots(vault)), golden.slots);
    const at = { vaultId: bytes(golden.vaultId), epoch: vault.epoch };
    for (const [index, secret] of [golden.words, golden.passkey].entries()) {
      const found = await rootOfSlot(vault.slots[index]!, { ...at, secret: bytes(secret) });
      assert.equal(toHex(found!), golden.root);
    }
    const opened = { vaultId: at.vaultId, root: bytes(golden.root) };
    assert.ok(isAuthentic(vault, opened));
    assert.deepEqual(await pastRoots(vault, opened), [{ epoch: 0, root: bytes(golden.pastRoot) }]);
    assert.equal(toHex(passkeyPrfInput(at.vaultId)), golden.passkeyPrfInput);
  });
});

describe("a request to a guardian", () => {
  const replySeed = random(32);
  const request = (): SignedGuardianRequest => ({
    owner: filled(20, 1),
    guardian: filled(20, 2),
    vaultId: filled(32, 3),
    epoch: 4,
    index: 5,
    replyKey: publicKeyOf(1, replySeed),
    signedAt: 1_800_000_000,
    share: { suite: 0, enc: filled(32, 6), ct: filled(49, 7) },
    signature: filled(65, 8),
  });

  it("comes back whole from its bytes, and its signature is over every field", () => {
    const whole = request();
    assert.deepEqual(decodeGuardianRequest(encodeGuardianRequest(whole)), whole);
    const changes: Partial<SignedGuardianRequest>[] = [
      { owner: filled(20, 9) },
      { guardian: filled(20, 9) },
      { vaultId: filled(32, 9) },
      { epoch: 9 },
      { index: 9 },
      { replyKey: publicKeyOf(1, random(32)) },
      { signedAt: 9 },
      { share: { ...whole.share, suite: 1 } },
      { share: { ...whole.share, enc: filled(32, 9) } },
      { share: { ...whole.share, ct: filled(49, 9) } },
    ];
    const digests = [{}, ...changes].map((change) =>
      hashTypedData(guardianRequestTypedData({ ...whole, ...change }) as never),
    );
    assert.equal(new Set(digests).size, changes.length + 1);
  });

  it("is answered for its own key, owner, vault, epoch and number only", async () => {
    const [share, whole] = [random(33), request()];
    const answer = await sealAnswer(share, whole);
    const opened = await openAnswer(answer, { ...whole, replySeed });
    assert.ok(opened !== undefined && equalBytes(opened, share));
    const others = [
      { owner: filled(20, 9) },
      { vaultId: filled(32, 9) },
      { epoch: 9 },
      { index: 9 },
      { replySeed: random(32) },
    ];
    for (const other of others) assert.equal(await openAnswer(answer, { ...whole, replySeed, ...other }), undefined);
    assert.equal(await openAnswer(answer.subarray(0, 100), { ...whole, replySeed }), undefined);
  });
});
