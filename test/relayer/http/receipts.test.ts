import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { verifyReceipt } from "../../../protocol/receipt.ts";
import { createReceipts } from "../../../relayer/http/receipts.ts";
import { random, testIdentity } from "../../support/relayer.ts";

describe("signing receipts", () => {
  it("signs those of one moment once, and each holds by itself", async () => {
    const keyring = testIdentity();
    let signed = 0;
    const sign = (message: Uint8Array): Uint8Array => {
      signed += 1;
      return keyring.sign(message);
    };
    const receiptOf = createReceipts({ ...keyring, sign });
    const receipts = await Promise.all([1, 2, 3].map((at) => receiptOf(random(32), at)));
    assert.equal(signed, 1);
    assert.deepEqual(receipts.map(verifyReceipt), [true, true, true]);
    assert.deepEqual(
      receipts.map(({ at }) => at),
      [1, 2, 3],
    );
    await receiptOf(random(32), 4);
    assert.equal(signed, 2);
  });

  it("tells everybody who waits when the key cannot sign", async () => {
    const keyring = testIdentity();
    const sign = (): Uint8Array => {
      throw new Error("no key");
    };
    const receiptOf = createReceipts({ ...keyring, sign });
    const results = await Promise.allSettled([receiptOf(random(32), 1), receiptOf(random(32), 2)]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "rejected"],
    );
  });
});
