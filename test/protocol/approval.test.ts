import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TypedDataEncoder } from "ethers";
import { hashTypedData } from "viem";
import {
  approvalActions,
  approvalDigest,
  approvalTypedData,
  grantContentHash,
  type Approval,
} from "../../protocol/approval.ts";
import { toHex } from "../../protocol/bytes.ts";
import { purposes } from "../../protocol/grant.ts";
import { random } from "../support/relayer.ts";

const domain = { chain: 31_337, ledger: random(20) };
const sample = (): Approval => ({
  action: "grant access",
  chainId: random(16),
  reader: random(20),
  notAfter: 1_900_000_000,
  purpose: "care",
  contentHash: random(32),
  signedAt: 1_800_000_000,
});

describe("an approval", () => {
  it("has the same digest in viem, in ethers and here", () => {
    for (const action of approvalActions) {
      for (const purpose of purposes) {
        const approval = { ...sample(), action, purpose };
        const typed = approvalTypedData(approval, domain);
        const mine = toHex(approvalDigest(approval, domain));
        assert.equal(mine, hashTypedData(typed));
        assert.equal(mine, TypedDataEncoder.hash(typed.domain, { Approval: [...typed.types.Approval] }, typed.message));
      }
    }
  });

  it("changes with every field, with the chain and with the ledger", () => {
    const approval = sample();
    const changes: readonly Partial<Approval>[] = [
      { action: "revoke access" },
      { action: "replace key slots" },
      { chainId: random(16) },
      { reader: random(20) },
      { notAfter: 0 },
      { purpose: "audit" },
      { contentHash: random(32) },
      { signedAt: approval.signedAt + 1 },
    ];
    const digests = [
      approvalDigest(approval, domain),
      ...changes.map((change) => approvalDigest({ ...approval, ...change }, domain)),
      approvalDigest(approval, { ...domain, chain: 1 }),
      approvalDigest(approval, { ...domain, ledger: random(20) }),
    ].map(toHex);
    assert.equal(new Set(digests).size, changes.length + 3);
  });

  it("covers which transactions are granted, with which envelopes, in which order", () => {
    const [one, two] = [0, 1].map(() => ({ txId: random(32), envelope: random(80) })) as [
      { txId: Uint8Array; envelope: Uint8Array },
      { txId: Uint8Array; envelope: Uint8Array },
    ];
    const lists = [
      [one, two],
      [two, one],
      [one],
      [],
      [{ ...one, envelope: two.envelope }, two],
      [{ ...one, txId: two.txId }, two],
    ];
    assert.equal(new Set(lists.map((list) => toHex(grantContentHash(list)))).size, lists.length);
  });
});
