import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fromHex, toHex, type Hex } from "../../protocol/bytes.ts";
import { encodeCbor, type CborKey, type CborValue } from "../../protocol/cbor.ts";
import { codedId, scopedId } from "../../protocol/codedId.ts";
import { commitment, preCommitment } from "../../protocol/commitment.ts";
import { encryptContent } from "../../protocol/content.ts";
import { envelopesRoot } from "../../protocol/envelope.ts";
import { rootFromSignature, vaultKeyRequest, vaultKeys, type VaultKeyRequest } from "../../protocol/keys.ts";
import { inputLeaf, merkleTree, outcomeLeaf, proofAt } from "../../protocol/merkle.ts";
import { recoverySecret } from "../../protocol/recoveryCode.ts";
import { openContent } from "../../protocol/seal.ts";
import { normalizeSignature } from "../../protocol/signature.ts";
import { unwrapSeed, type SlotKind } from "../../protocol/slots.ts";

interface Golden {
  readonly cbor: Hex;
  readonly keys: {
    readonly request: VaultKeyRequest;
    readonly signature: Hex;
    readonly rs: Hex;
    readonly pepper: Hex;
    readonly vaultId: Hex;
    readonly root: Hex;
    readonly suites: Readonly<Record<"0" | "1", Readonly<Record<"kemSeed" | "sigSeed" | "cidKey" | "backupKek", Hex>>>>;
  };
  readonly content: Readonly<
    Record<"dek" | "blockId" | "context" | "plaintext" | "kcom" | "ctHash" | "ciphertext", Hex>
  > & { readonly sizeClass: number };
  readonly envelopes: readonly {
    readonly readerKeyId: Hex;
    readonly role: number;
    readonly suite: 0 | 1;
    readonly keyEpoch: number;
    readonly enc: Hex;
    readonly ct: Hex;
  }[];
  readonly envRoot: Hex;
  readonly slot: { words: string; kind: SlotKind; slotId: Hex; epoch: number; nonce: Hex; ct: Hex };
  readonly ids: Readonly<Record<"contract" | "nonce" | "codedId" | "scopedId", Hex>>;
  readonly commitment: Readonly<Record<"clientSalt" | "requestId" | "relayerSalt" | "pre" | "commitment", Hex>>;
  readonly merkle: { leaves: readonly Hex[]; root: Hex; proof1: readonly Hex[] };
}

const path = new URL("../vectors/golden/sealing.json", import.meta.url);
const golden = JSON.parse(readFileSync(path, "utf8")) as Golden;
function bytes(hex: Hex): Uint8Array {
  const decoded = fromHex(hex);
  assert.ok(decoded !== undefined);
  return decoded;
}
const filled = (size: number, byte: number): Uint8Array => new Uint8Array(size).fill(byte);

describe("frozen bytes: data sealed by an earlier version", () => {
  const blockId = bytes(golden.content.blockId);
  const vaultId = bytes(golden.keys.vaultId);
  const envelopes = golden.envelopes.map((envelope) => ({
    ...envelope,
    readerKeyId: bytes(envelope.readerKeyId),
    enc: bytes(envelope.enc),
    ct: bytes(envelope.ct),
  }));

  it("has the same canonical encoding", () => {
    const value = new Map<CborKey, CborValue>([
      [1, "text"],
      [2, filled(4, 0xff)],
      [-1, [0, 23, 24, 255, 256, 65_536, -1, -25]],
      ["k", null],
      [10, true],
    ]);
    assert.equal(toHex(encodeCbor(value)), golden.cbor);
  });

  it("has the same keys, from the same typed data", () => {
    const { keys } = golden;
    const { account } = keys.request.message;
    assert.deepEqual(vaultKeyRequest({ account, origin: "https://portal.example", epoch: 1 }), keys.request);
    assert.equal(toHex(normalizeSignature(bytes(keys.signature)) ?? filled(0, 0)), keys.rs);
    const root = rootFromSignature(bytes(keys.rs), bytes(keys.pepper));
    assert.equal(toHex(root), keys.root);
    for (const suite of [0, 1] as const) {
      const derived: Readonly<Record<string, Uint8Array>> = { ...vaultKeys(root, { vaultId, epoch: 1, suite }) };
      assert.deepEqual(
        Object.fromEntries(Object.entries(derived).map(([name, key]) => [name, toHex(key)])),
        keys.suites[suite],
      );
    }
  });

  it("is encrypted to the same ciphertext under the same key", async () => {
    const { dek, context, plaintext, ...expected } = golden.content;
    const input = { dek: bytes(dek), context: bytes(context), plaintext: bytes(plaintext), blockId };
    const { ciphertext, kcom, ctHash, sizeClass } = await encryptContent(input);
    const found: Readonly<Record<string, unknown>> = {
      ciphertext: toHex(ciphertext),
      kcom: toHex(kcom),
      ctHash: toHex(ctHash),
      sizeClass,
    };
    assert.deepEqual({ blockId: toHex(blockId), ...found }, expected);
  });

  it("still opens with each suite's envelope", async () => {
    assert.equal(toHex(envelopesRoot(envelopes)), golden.envRoot);
    const { kcom, ctHash, ciphertext, sizeClass, context, plaintext } = golden.content;
    for (const envelope of envelopes) {
      const opened = await openContent({
        kcom: bytes(kcom),
        ctHash: bytes(ctHash),
        ciphertext: bytes(ciphertext),
        sizeClass,
        blockId,
        context: bytes(context),
        envelope,
        seed: bytes(golden.keys.suites[envelope.suite].kemSeed),
      });
      assert.equal(toHex(opened), plaintext);
    }
  });

  it("still opens its recovery slot", async () => {
    const { words, kind, slotId, epoch, nonce, ct } = golden.slot;
    const slot = { kind, epoch, slotId: bytes(slotId), nonce: bytes(nonce), ct: bytes(ct) };
    const root = await unwrapSeed(slot, { secret: recoverySecret(words), vaultId });
    assert.equal(toHex(root ?? filled(0, 0)), golden.keys.root);
  });

  it("has the same public traces", () => {
    const cidKey = bytes(golden.keys.suites[1].cidKey);
    const [contract, nonce] = [bytes(golden.ids.contract), bytes(golden.ids.nonce)];
    assert.equal(toHex(codedId(cidKey, { chainId: 31_337n, contract, nonce })), golden.ids.codedId);
    assert.equal(toHex(scopedId(cidKey, filled(32, 0x0d))), golden.ids.scopedId);
    const pre = preCommitment(bytes(golden.commitment.clientSalt), bytes(golden.commitment.requestId));
    assert.equal(toHex(pre), golden.commitment.pre);
    const relayerSalt = bytes(golden.commitment.relayerSalt);
    const made = commitment({ chainId: 31_337n, contract, relayerSalt, pre });
    assert.equal(toHex(made), golden.commitment.commitment);
    const outcome = { index: 0, dealId: filled(32, 0x0b), status: 2, reasonHash: filled(32, 0x0c) };
    const leaves = [inputLeaf(made), inputLeaf(filled(32, 0x0a)), outcomeLeaf(outcome)];
    assert.deepEqual(leaves.map(toHex), golden.merkle.leaves);
    const tree = merkleTree(leaves);
    assert.equal(toHex(tree.root), golden.merkle.root);
    assert.deepEqual(proofAt(tree, 1).map(toHex), golden.merkle.proof1);
  });
});
