import { BaseError, ContractFunctionRevertedError, zeroAddress, type PublicClient } from "viem";
import { serviceMarketAbi } from "../../../protocol/abi/ServiceMarket.ts";
import { fromHex, toHex } from "../../../protocol/bytes.ts";
import { keepNewest } from "../../ops/newest.ts";
import type { Clock, Offer, OfferOf } from "../../ports.ts";
import { ask } from "./rpc.ts";

/** How long an answer is believed. Somebody who buys just after a change pays the price that was signed, or nothing. */
const OFFER_MS_MAX = 2_000;
const OFFERS_MAX = 1_000;

/** Reads offers of one market, each at most once per `OFFER_MS_MAX`, however many buyers ask at once. */
export function openMarket(client: PublicClient, market: Uint8Array, clock: Pick<Clock, "now">): OfferOf {
  const known = new Map<string, { readonly offer: Promise<Offer>; readonly until: number }>();
  return (serviceId, version) => {
    const key = `${toHex(serviceId)}:${version}`;
    const now = clock.now();
    const cached = known.get(key);
    if (cached !== undefined && cached.until > now) return cached.offer;
    const offer = readOffer(client, market, { serviceId, version });
    // Taken out first, so that an offer that was asked for again counts as new.
    known.delete(key);
    known.set(key, { offer, until: now + OFFER_MS_MAX });
    keepNewest(known, OFFERS_MAX);
    // No answer is no knowledge: the next buyer asks again.
    offer.catch(() => {
      if (known.get(key)?.offer === offer) known.delete(key);
    });
    return offer;
  };
}

async function readOffer(
  client: PublicClient,
  market: Uint8Array,
  asked: { readonly serviceId: Uint8Array; readonly version: number },
): Promise<Offer> {
  return ask(async (): Promise<Offer> => {
    try {
      const legs = await client.readContract({
        address: toHex(market),
        abi: serviceMarketAbi,
        functionName: "legsOf",
        // The legs are the same for every buyer, so one answer serves them all.
        args: [toHex(asked.serviceId), BigInt(asked.version), zeroAddress],
      });
      const bytesOf = (hex: string): Uint8Array => fromHex(hex.toLowerCase()) ?? new Uint8Array(0);
      return {
        kind: "offered",
        legs: legs.map(({ token, to, amount }) => ({ token: bytesOf(token), to: bytesOf(to), amount })),
      };
    } catch (error) {
      const revert =
        error instanceof BaseError ? error.walk((cause) => cause instanceof ContractFunctionRevertedError) : null;
      const name = revert instanceof ContractFunctionRevertedError ? revert.data?.errorName : undefined;
      if (name === "ServiceMarketNotOpen") return { kind: "closed" };
      if (name === "ServiceMarketVersionChanged") return { kind: "changed" };
      throw error;
    }
  });
}
