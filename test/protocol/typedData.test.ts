import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TypedDataEncoder } from "ethers";
import { hashTypedData } from "viem";
import { toHex } from "../../protocol/bytes.ts";
import { encodeBody, requestId } from "../../protocol/request.ts";
import {
  batchDigest,
  dealDigest,
  dealTypedData,
  domainSeparator,
  requestDigest,
  requestTypedData,
} from "../../protocol/typedData.ts";
import { random } from "../support/relayer.ts";
import { sampleBody } from "../support/requests.ts";

const ROUNDS = 60;

describe("the digests people sign", () => {
  it("of a request are the same in viem, in ethers and here", () => {
    for (let i = 0; i < ROUNDS; i += 1) {
      const body = sampleBody((["data", "payment", "purchase"] as const)[i % 3], 1 + (i % 8));
      const bytes = encodeBody(body);
      const typed = requestTypedData(bytes, body);
      const separator = domainSeparator({ name: "Midchain Request", chain: body.chain, contract: body.ledger });
      const mine = toHex(requestDigest({ id: requestId(bytes), body }, separator));
      assert.equal(mine, hashTypedData(typed));
      const { Request, Leg, Party } = typed.types;
      assert.equal(
        mine,
        TypedDataEncoder.hash(typed.domain, { Request: [...Request], Leg: [...Leg], Party: [...Party] }, typed.message),
      );
    }
  });

  it("of a deal are the same in viem, in ethers and here", () => {
    for (let i = 0; i < ROUNDS; i += 1) {
      const body = sampleBody("payment");
      const bytes = encodeBody(body);
      const engine = { chain: body.chain, contract: random(20) };
      const typed = dealTypedData(bytes, body.deal!, engine);
      const separator = domainSeparator({ name: "SettlementEngine", ...engine });
      const mine = toHex(dealDigest({ id: requestId(bytes), terms: body.deal! }, separator));
      assert.equal(mine, hashTypedData(typed));
      assert.equal(
        mine,
        TypedDataEncoder.hash(typed.domain, { Deal: [...typed.types.Deal], Leg: [...typed.types.Leg] }, typed.message),
      );
    }
  });

  it("of a batch header are the same in viem and here", () => {
    const contract = random(20);
    const header = {
      partition: random(32),
      seq: 9n,
      prev: random(32),
      root: random(32),
      count: 12,
      itemsHash: random(32),
    };
    const expected = hashTypedData({
      domain: { name: "NotaryLedger", version: "1", chainId: 5, verifyingContract: toHex(contract) },
      primaryType: "Batch",
      types: {
        Batch: [
          { name: "partition", type: "bytes32" },
          { name: "seq", type: "uint64" },
          { name: "prev", type: "bytes32" },
          { name: "root", type: "bytes32" },
          { name: "count", type: "uint32" },
          { name: "itemsHash", type: "bytes32" },
        ],
      },
      message: {
        ...header,
        partition: toHex(header.partition),
        prev: toHex(header.prev),
        root: toHex(header.root),
        itemsHash: toHex(header.itemsHash),
      },
    });
    assert.equal(toHex(batchDigest(header, domainSeparator({ name: "NotaryLedger", chain: 5, contract }))), expected);
  });

  it("change with every field of a request", () => {
    const body = sampleBody("purchase");
    const separator = domainSeparator({ name: "Midchain Request", chain: body.chain, contract: body.ledger });
    const digest = (changed: typeof body): string =>
      toHex(requestDigest({ id: requestId(encodeBody(changed)), body: changed }, separator));
    const [party] = body.parties;
    const [content] = body.contents;
    const { deal, purchase } = body;
    const [leg] = deal!.legs;
    const changes: readonly Partial<typeof body>[] = [
      { nonce: random(16) },
      { validUntil: 1 },
      { salt: random(32) },
      { reference: "x" },
      { chain: 1 },
      { ledger: random(20) },
      ...(["account", "chainId", "codedId"] as const).map((field) => ({
        parties: [{ ...party!, [field]: random(party![field].length) }, ...body.parties.slice(1)],
      })),
      { parties: [{ ...party!, role: "witness" as const }, ...body.parties.slice(1)] },
      { parties: body.parties.toReversed() },
      ...(["blockId", "kcom", "ctHash", "envRoot"] as const).map((field) => ({
        contents: [{ ...content!, [field]: random(32) }],
      })),
      { contents: [{ ...content!, category: "general" as const }] },
      { contents: [{ ...content!, sizeClass: 2 }] },
      { deal: { ...deal!, nonce: 78n } },
      { deal: { ...deal!, validAfter: 6 } },
      { deal: { ...deal!, validUntil: 6 } },
      { deal: { ...deal!, termsSalt: random(32) } },
      ...(["token", "from", "to"] as const).map((field) => ({
        deal: { ...deal!, legs: [{ ...leg!, [field]: random(20) }] },
      })),
      { deal: { ...deal!, legs: [{ ...leg!, amount: 1n }] } },
      { purchase: { ...purchase!, listingVersion: 4 } },
      { purchase: { ...purchase!, serviceId: random(32) } },
      { purchase: { ...purchase!, priceMax: 1n } },
    ];
    const digests = [digest(body), ...changes.map((change) => digest({ ...body, ...change }))];
    assert.equal(new Set(digests).size, changes.length + 1);
  });
});
