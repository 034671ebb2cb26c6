import { AbiCoder, TypedDataEncoder, type SigningKey, type TypedDataDomain } from "ethers";

export interface Leg {
  readonly token: string;
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
}

export interface Deal {
  readonly terms: string;
  readonly validAfter: bigint;
  readonly validUntil: bigint;
  readonly nonce: bigint;
  readonly legs: Leg[];
}

export interface Signed {
  readonly deal: Deal;
  readonly sigs: string[];
}

/** Whoever can put a signature on a digest, known by address. */
export interface Account {
  readonly address: string;
  readonly signingKey: SigningKey;
}

export const dealTypes = {
  Deal: [
    { name: "terms", type: "bytes32" },
    { name: "validAfter", type: "uint48" },
    { name: "validUntil", type: "uint48" },
    { name: "nonce", type: "uint256" },
    { name: "legs", type: "Leg[]" },
  ],
  Leg: [
    { name: "token", type: "address" },
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "amount", type: "uint256" },
  ],
};

const signedType =
  "tuple(tuple(bytes32 terms,uint48 validAfter,uint48 validUntil,uint256 nonce,tuple(address token,address from,address to,uint256 amount)[] legs) deal,bytes[] sigs)[]";

export const engineDomain = (chainId: bigint, engine: string): TypedDataDomain => ({
  name: "SettlementEngine",
  version: "1",
  chainId,
  verifyingContract: engine,
});

/** The deal's id: what every payer signs. */
export function hashDeal(domain: TypedDataDomain, deal: Deal): string {
  return TypedDataEncoder.hash(domain, dealTypes, deal);
}

/** Distinct payers in order of first appearance: the order of the signatures. */
export function payersOf(deal: Deal): string[] {
  return [...new Set(deal.legs.map((leg) => leg.from))];
}

export function signDigest(account: Account, digest: string): string {
  return account.signingKey.sign(digest).serialized;
}

/** Signs for every payer whose account is given; throws when one is missing. */
export function signDeal(domain: TypedDataDomain, deal: Deal, accounts: readonly Account[]): Signed {
  const digest = hashDeal(domain, deal);
  const sigs = payersOf(deal).map((payer) => {
    const account = accounts.find((one) => one.address === payer);
    if (account === undefined) throw new Error(`no account for payer ${payer}`);
    return signDigest(account, digest);
  });
  return { deal, sigs };
}

/** The bytes a batch commits to with itemsHash. */
export function encodeItems(items: readonly Signed[]): string {
  return AbiCoder.defaultAbiCoder().encode([signedType], [items]);
}
