import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { signReceipts, verifyReceipt, type Receipt } from "../../protocol/receipt.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const node = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
const signed = (count: number): readonly Receipt[] =>
  signReceipts(
    Array.from({ length: count }, (_, i) => ({ id: new Uint8Array(randomBytes(32)), at: 1_700_000_000_000 + i })),
    node,
    (message) => new Uint8Array(sign(null, message, privateKey)),
  );
const flip = (hex: string, at: number): `0x${string}` =>
  `0x${hex.slice(2, at + 2)}${hex[at + 2] === "0" ? "1" : "0"}${hex.slice(at + 3)}`;

describe("receipts", () => {
  it("hold, alone or any number under one signature", () => {
    for (const count of [1, 2, 3, 7, 64]) {
      const receipts = signed(count);
      assert.equal(receipts.filter(verifyReceipt).length, count);
      assert.equal(new Set(receipts.map(({ signature }) => signature)).size, 1);
    }
  });

  it("fail when any field is changed", () => {
    const [receipt] = signed(5);
    assert.ok(receipt);
    const changed: Receipt[] = [
      { ...receipt, id: flip(receipt.id, 5) },
      { ...receipt, at: receipt.at + 1 },
      { ...receipt, node: flip(receipt.node, 9) },
      { ...receipt, signature: flip(receipt.signature, 77) },
      { ...receipt, path: receipt.path.slice(1) },
      { ...receipt, path: [] },
      { ...receipt, path: [...receipt.path, receipt.id] },
      ...receipt.path.map((sibling, i) => ({ ...receipt, path: receipt.path.with(i, flip(sibling, i)) })),
    ];
    assert.deepEqual(changed.map(verifyReceipt), Array<boolean>(changed.length).fill(false));
  });

  it("are refused, not thrown about, when they are not receipts", () => {
    const [receipt] = signed(2);
    assert.ok(receipt);
    const broken: Receipt[] = [
      { ...receipt, id: "0x" },
      { ...receipt, at: -1 },
      { ...receipt, at: 1.5 },
      { ...receipt, path: ["0xzz"] },
      { ...receipt, path: Array<`0x${string}`>(17).fill(receipt.id) },
    ];
    assert.deepEqual(broken.map(verifyReceipt), Array<boolean>(broken.length).fill(false));
  });
});
