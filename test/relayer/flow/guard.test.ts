import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { privateKeyToAccount } from "viem/accounts";
import { hexToBytes, keccak256 } from "viem";
import { equalBytes, toHex, concat } from "../../../protocol/bytes.ts";
import {
  encodeBody,
  encodeEnvelopes,
  encodeSubmission,
  requestId,
  type RequestBody,
  type SealedEnvelope,
  type SealedPart,
} from "../../../protocol/request.ts";
import { dealTypedData, requestTypedData } from "../../../protocol/typedData.ts";
import { sha256 } from "@noble/hashes/sha2.js";
import { createGuard, type Guard, type Network } from "../../../relayer/flow/guard.ts";
import { request } from "../../../relayer/flow/request.ts";
import { startSignatures, type Signatures } from "../../../relayer/guard/signatures.ts";
import { systemClock } from "../../../relayer/ops/clock.ts";
import type { OfferOf } from "../../../relayer/ports.ts";
import { partitionOf } from "../../../relayer/midc/keys.ts";
import { openVault } from "../../../relayer/privacy/vault.ts";
import { enrolCommand, random, testReplica, type TestReplica } from "../../support/relayer.ts";

const NOW_MS = 1_790_000_000_000;
const NOW_S = NOW_MS / 1000;
const network: Network = {
  chain: 31_337,
  ledger: random(20),
  engine: random(20),
  tokens: new Set([toHex(random(20))]),
};
const token = hexToBytes([...network.tokens][0] as `0x${string}`);
const tagOf = (account: Uint8Array): Uint8Array => sha256(account).slice(0, 16);

interface User {
  readonly wallet: ReturnType<typeof privateKeyToAccount>;
  readonly account: Uint8Array;
  readonly chainId: Uint8Array;
  readonly readerKeyId: Uint8Array;
}

type Leg = NonNullable<RequestBody["deal"]>["legs"][number];

/** What a test may spoil before the request is signed, and after. */
interface Spoil {
  readonly kind?: RequestBody["kind"];
  readonly body?: (body: RequestBody) => RequestBody;
  readonly part?: (part: SealedPart) => SealedPart;
  readonly bytes?: (bytes: Uint8Array) => Uint8Array;
  readonly signatures?: (signatures: readonly Uint8Array[]) => readonly Uint8Array[];
  readonly dealSignatures?: (signatures: readonly Uint8Array[]) => readonly Uint8Array[];
}

describe("the guard", () => {
  let replica: TestReplica;
  let signatures: Signatures;
  let guard: Guard;
  let users: User[];
  const asked: string[] = [];
  const market: { offerOf?: OfferOf } = {};
  const listing = { payout: random(20), treasury: random(20), serviceId: random(32), version: 3 };
  const offerOf: OfferOf = (serviceId, version) => {
    if (!equalBytes(serviceId, listing.serviceId)) return Promise.resolve({ kind: "closed" });
    if (version !== listing.version) return Promise.resolve({ kind: "changed" });
    const legs = [
      { token, to: listing.payout, amount: 95n },
      { token, to: listing.treasury, amount: 5n },
    ];
    return Promise.resolve({ kind: "offered", legs });
  };

  before(async () => {
    replica = await testReplica();
    signatures = startSignatures(1, systemClock);
    users = await Promise.all(
      [1, 2].map(async () => {
        const wallet = privateKeyToAccount(toHex(random(32)));
        const account = hexToBytes(wallet.address);
        const tag = tagOf(account);
        const chainId = concat(tag.subarray(0, 2), random(14));
        const command = enrolCommand(chainId, tag);
        await replica.replica.submit(partitionOf(chainId, 4), command);
        return { wallet, account, chainId, readerKeyId: command.readerKeyId };
      }),
    );
    market.offerOf = offerOf;
    guard = createGuard(network, {
      get offerOf() {
        return market.offerOf;
      },
      view: replica.replica.view,
      vault: openVault(replica.replica.view, { unwrap: () => random(32) }),
      keyring: { ownerTag: tagOf },
      clock: { now: () => NOW_MS },
      signatures,
      keccak: (bytes) => hexToBytes(keccak256(bytes)),
      acceptedByContract: (account, _digest, signature) => {
        asked.push(toHex(account));
        return Promise.resolve(equalBytes(signature, CONTRACT_SIGNATURE));
      },
    });
  });
  after(async () => {
    await signatures.stop();
    await replica.replica.stop();
  });

  const CONTRACT_SIGNATURE = new Uint8Array(70).fill(7);
  const envelopeFor = (readerKeyId: Uint8Array): SealedEnvelope => ({
    readerKeyId,
    role: 0,
    suite: 0,
    keyEpoch: 0,
    enc: random(32),
    ct: random(48),
  });

  async function submissionOf(spoil: Spoil): Promise<Uint8Array> {
    const [a, b] = users as [User, User];
    const whole: SealedPart = {
      ciphertext: new Uint8Array(randomBytes(1024 + 16)),
      envelopes: [envelopeFor(a.readerKeyId), envelopeFor(b.readerKeyId)],
    };
    const part = spoil.part?.(whole) ?? whole;
    const plain: RequestBody = {
      kind: spoil.kind ?? "payment",
      chain: network.chain,
      ledger: network.ledger,
      nonce: random(16),
      validUntil: NOW_S + 600,
      parties: [a, b].map(({ account, chainId }, i) => ({
        account,
        chainId,
        codedId: random(32),
        role: i === 0 ? "payer" : "payee",
        content: 0,
      })),
      salt: random(32),
      contents: [
        {
          category: "medical",
          jurisdiction: "EU",
          retentionClass: "default",
          sizeClass: 0,
          blockId: random(32),
          kcom: random(32),
          ctHash: sha256(whole.ciphertext),
          envRoot: sha256(encodeEnvelopes(part.envelopes)),
        },
      ],
      reference: "A-1",
      ...(spoil.kind === "data"
        ? {}
        : {
            deal: {
              validAfter: 0,
              validUntil: NOW_S + 900,
              nonce: 1n,
              legs: [{ token, from: a.account, to: b.account, amount: 5n }],
              termsSalt: random(32),
            },
          }),
    };
    const body = spoil.body?.(plain) ?? plain;
    const bodyBytes = encodeBody(body);
    const signed = await Promise.all(
      [a, b].map(async ({ wallet }) => hexToBytes(await wallet.signTypedData(requestTypedData(bodyBytes, body)))),
    );
    const engine = { chain: network.chain, contract: network.engine };
    const deals =
      body.deal === undefined
        ? []
        : [hexToBytes(await a.wallet.signTypedData(dealTypedData(bodyBytes, body.deal, engine)))];
    const bytes = encodeSubmission({
      bodyBytes,
      signatures: spoil.signatures?.(signed) ?? signed,
      dealSignatures: spoil.dealSignatures?.(deals) ?? deals,
      parts: [part],
    });
    return spoil.bytes?.(bytes) ?? bytes;
  }

  async function verdictOf(spoil: Spoil): Promise<string> {
    const parsed = request(await submissionOf(spoil));
    if (parsed.kind === "refused") return parsed.rule;
    const admission = await guard(parsed);
    return admission.kind === "refused" ? admission.rule : admission.kind;
  }
  const body = (change: Partial<RequestBody>): Spoil => ({ body: (plain) => ({ ...plain, ...change }) });
  const deal = (change: Partial<NonNullable<RequestBody["deal"]>>): Spoil => ({
    body: (plain) => ({ ...plain, deal: { ...plain.deal!, ...change } }),
  });
  const leg = (change: Partial<NonNullable<RequestBody["deal"]>["legs"][number]>): Spoil => ({
    body: (plain) => ({ ...plain, deal: { ...plain.deal!, legs: [{ ...plain.deal!.legs[0]!, ...change }] } }),
  });
  const party = (change: Partial<RequestBody["parties"][number]>): Spoil => ({
    body: (plain) => ({ ...plain, parties: [{ ...plain.parties[0]!, ...change }, plain.parties[1]!] }),
  });
  const envelope = (change: (first: SealedEnvelope, second: SealedEnvelope) => SealedEnvelope[]): Spoil => ({
    part: (part) => ({ ...part, envelopes: change(part.envelopes[0]!, part.envelopes[1]!) }),
  });
  const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte));

  const refusals: readonly (readonly [what: string, rule: string, spoil: () => Spoil])[] = [
    ["another chain", "AP-001", () => body({ chain: 1 })],
    ["another ledger", "AP-001", () => body({ ledger: random(20) })],
    ["a validUntil that has passed", "AP-003", () => body({ validUntil: NOW_S })],
    ["a validUntil too far ahead", "AP-003", () => body({ validUntil: NOW_S + 31 * 86_400 })],
    ["an amount of zero", "AP-003", () => leg({ amount: 0n })],
    ["an amount above 2^128", "AP-003", () => leg({ amount: 2n ** 128n })],
    ["a token that is not listed", "AP-003", () => leg({ token: random(20) })],
    ["a deal without legs", "AP-003", () => deal({ legs: [] })],
    ["a deal that ends before the request", "AP-003", () => deal({ validUntil: NOW_S + 500 })],
    ["a deal that starts later", "AP-003", () => deal({ validAfter: NOW_S + 5 })],
    ["a leg that pays its payer", "AP-003", () => leg({ to: users[0]!.account })],
    ["a payer who is no party", "AP-030", () => leg({ from: random(20) })],
    ["a payee who is no party", "AP-030", () => leg({ to: random(20) })],
    ["no parties", "AP-030", () => body({ parties: [] })],
    ["one party twice", "AP-030", () => party({ account: users[1]!.account })],
    ["one chain twice", "AP-030", () => party({ chainId: users[1]!.chainId })],
    ["a signature too few", "AP-030", () => ({ signatures: ([first]) => [first!] })],
    ["a signature changed", "AP-030", () => ({ signatures: ([first, second]) => [flipped(first!), second!] })],
    ["signatures exchanged", "AP-030", () => ({ signatures: ([first, second]) => [second!, first!] })],
    ["a high-s signature", "AP-030", () => ({ signatures: ([first, second]) => [highS(first!), second!] })],
    ["no deal signature", "AP-030", () => ({ dealSignatures: () => [] })],
    ["a deal signature changed", "AP-030", () => ({ dealSignatures: ([first]) => [flipped(first!)] })],
    ["somebody else's chain", "AP-031", () => party({ chainId: random(16) })],
    [
      "a content that is too short for its class",
      "AP-010",
      () => ({ part: (part) => ({ ...part, ciphertext: part.ciphertext.subarray(1) }) }),
    ],
    ["a content exchanged", "AP-032", () => ({ part: (part) => ({ ...part, ciphertext: flipped(part.ciphertext) }) })],
    ["a party that could not open its content", "AP-032", () => envelope((first) => [first, envelopeFor(random(16))])],
    [
      "a content that nobody has",
      "AP-032",
      () => ({
        body: (plain) => ({
          ...plain,
          parties: plain.parties.map(({ account, chainId, codedId, role }) => ({ account, chainId, codedId, role })),
        }),
      }),
    ],
    [
      "an encapsulated key of zeros",
      "AP-033",
      () => envelope((first, second) => [{ ...first, enc: new Uint8Array(32) }, second]),
    ],
    [
      "an encapsulated key of another suite",
      "AP-033",
      () => envelope((first, second) => [{ ...first, suite: 1 }, second]),
    ],
    [
      "one encapsulated key for two readers",
      "AP-033",
      () => envelope((first, second) => [first, { ...second, enc: first.enc }]),
    ],
    ["an e-mail address in the reference", "AP-020", () => body({ reference: "ana@example.org" })],
    ["a bank account in the reference", "AP-021", () => body({ reference: "DE89370400440532013000" })],
    ["bytes after the request", "AP-011", () => ({ bytes: (bytes) => concat(bytes, Uint8Array.of(0)) })],
    ["a byte missing", "AP-011", () => ({ bytes: (bytes) => bytes.subarray(0, -1) })],
    ["two megabytes and more", "AP-010", () => ({ bytes: () => new Uint8Array(2 * 1024 * 1024 + 1) })],
  ];
  for (const [what, rule, spoil] of refusals) {
    it(`refuses ${what} by ${rule}`, async () => {
      assert.equal(await verdictOf(spoil()), rule);
    });
  }

  it("admits a whole request, as payment and as data", async () => {
    assert.equal(await verdictOf({}), "admitted");
    assert.equal(await verdictOf({ kind: "data" }), "admitted");
  });

  /** A purchase as the SDK makes it; `change` spoils its purchase part and its legs before it is signed. */
  function purchase(
    change: {
      readonly serviceId?: Uint8Array;
      readonly listingVersion?: number;
      readonly priceMax?: bigint;
      readonly legs?: (legs: Leg[]) => Leg[];
    } = {},
  ): Spoil {
    const { legs: changeLegs, ...part } = change;
    return {
      kind: "purchase",
      body: (plain) => {
        const from = users[0]!.account;
        const legs = [
          { token, from, to: listing.payout, amount: 95n },
          { token, from, to: listing.treasury, amount: 5n },
        ];
        const asked = { serviceId: listing.serviceId, listingVersion: listing.version, priceMax: 100n };
        return {
          ...plain,
          purchase: { ...asked, ...part },
          deal: { ...plain.deal!, legs: changeLegs?.(legs) ?? legs },
        };
      },
    };
  }
  const first = (change: Partial<Leg>) => ({ legs: ([a, b]: Leg[]) => [{ ...a!, ...change }, b!] });
  const unfair: readonly (readonly [what: string, spoil: () => Spoil])[] = [
    ["more than the buyer's limit", () => purchase({ priceMax: 99n })],
    ["a service that is not on offer", () => purchase({ serviceId: random(32) })],
    ["an older version of the listing", () => purchase({ listingVersion: 2 })],
    ["less than the price", () => purchase(first({ amount: 94n }))],
    ["more than the price", () => purchase({ ...first({ amount: 96n }), priceMax: 1_000n })],
    ["a payout to somebody else", () => purchase(first({ to: random(20) }))],
    ["no fee", () => purchase({ legs: ([a]) => [a!] })],
    ["no payout", () => purchase({ legs: ([, b]) => [b!] })],
    ["fee and payout exchanged", () => purchase({ legs: ([a, b]) => [b!, a!] })],
    ["a third leg", () => purchase({ priceMax: 1_000n, legs: ([a, b]) => [a!, b!, { ...b!, amount: 1n }] })],
  ];
  for (const [what, spoil] of unfair) {
    it(`refuses a purchase with ${what} by AP-034`, async () => {
      assert.equal(await verdictOf(spoil()), "AP-034");
    });
  }

  it("admits a purchase at exactly the listing's legs, and none where there is no market", async () => {
    assert.equal(await verdictOf(purchase()), "admitted");
    delete market.offerOf;
    assert.equal(await verdictOf(purchase()), "AP-034");
    market.offerOf = offerOf;
  });

  it("asks the market only for people whose signatures hold", async () => {
    let questions = 0;
    market.offerOf = (...args) => {
      questions += 1;
      return offerOf(...args);
    };
    const forged = { ...purchase(), signatures: ([a, b]: readonly Uint8Array[]) => [flipped(a!), b!] };
    assert.equal(await verdictOf(forged), "AP-030");
    assert.equal(questions, 0);
    assert.equal(await verdictOf(purchase()), "admitted");
    assert.equal(questions, 1);
    market.offerOf = offerOf;
  });

  it("asks the chain about a contract account's signature, and only then", async () => {
    asked.length = 0;
    assert.equal(await verdictOf({}), "admitted");
    assert.deepEqual(asked, []);
    assert.equal(await verdictOf({ signatures: ([, second]) => [CONTRACT_SIGNATURE, second!] }), "admitted");
    assert.deepEqual(asked, [toHex(users[0]!.account)]);
  });

  it("counts a payer that is a contract for what its check may cost on chain", async () => {
    const weightOf = async (spoil: Spoil): Promise<number> => {
      const parsed = request(await submissionOf(spoil));
      if (parsed.kind === "refused") throw new Error(parsed.reason);
      const admission = await guard(parsed);
      return admission.kind === "admitted" ? admission.weight : -1;
    };
    assert.equal(await weightOf({ kind: "data" }), 0);
    assert.equal(await weightOf({}), 1);
    assert.equal(await weightOf({ dealSignatures: () => [CONTRACT_SIGNATURE] }), 3);
  });

  it("knows a request that was taken before, whatever became of it", async () => {
    const bytes = await submissionOf({ kind: "data" });
    const parsed = request(bytes);
    if (parsed.kind === "refused") throw new Error(parsed.reason);
    assert.deepEqual(parsed.id, requestId(parsed.submission.bodyBytes));
    const txId = parsed.id;
    await replica.replica.submit(partitionOf(txId, 4), {
      kind: "begin",
      txId,
      requestKind: 0,
      at: 1,
      legs: 0,
      commitment: random(32),
      blocks: [],
    });
    assert.equal((await guard(parsed)).kind, "known");
  });
});

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The same signature in its other form: valid mathematically, refused because it would be a second one. */
function highS(signature: Uint8Array): Uint8Array {
  const s = ORDER - BigInt(toHex(signature.subarray(32, 64)));
  return concat(
    signature.subarray(0, 32),
    hexToBytes(`0x${s.toString(16).padStart(64, "0")}`),
    Uint8Array.of(signature[64] === 27 ? 28 : 27),
  );
}
