import { random } from "./relayer.ts";
import type { RequestBody } from "../../protocol/request.ts";

/** A body with every optional part that its kind allows, for the tests of its bytes. */
export function sampleBody(kind: RequestBody["kind"] = "purchase", parties = 2): RequestBody {
  const accounts = Array.from({ length: parties }, () => random(20));
  const [from, to] = accounts;
  const deal = {
    validAfter: 5,
    validUntil: 1_900_000_000,
    nonce: 77n,
    legs: [{ token: random(20), from: from ?? random(20), to: to ?? random(20), amount: 10n ** 20n }],
    termsSalt: random(32),
  };
  return {
    kind,
    chain: 31_337,
    ledger: random(20),
    nonce: random(16),
    validUntil: 1_899_000_000,
    parties: accounts.map((account, i) => ({
      account,
      chainId: random(16),
      codedId: random(32),
      role: i === 0 ? "payer" : "payee",
      ...(i === 0 ? { content: 0 } : {}),
    })),
    salt: random(32),
    contents: [
      {
        category: "medical",
        jurisdiction: "EU-DE",
        retentionClass: "statutory",
        sizeClass: 1,
        blockId: random(32),
        kcom: random(32),
        ctHash: random(32),
        envRoot: random(32),
      },
    ],
    reference: "PO 7/22-b",
    ...(kind === "data" ? {} : { deal }),
    ...(kind === "purchase" ? { purchase: { serviceId: random(32), listingVersion: 3, priceMax: 9n } } : {}),
  };
}
