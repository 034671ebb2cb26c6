import { equalBytes } from "../../protocol/bytes.ts";
import type { RequestBody } from "../../protocol/request.ts";
import type { Offer, OfferOf } from "../ports.ts";
import type { RuleBreach } from "./breach.ts";

/**
 * Rule AP-034: a purchase moves exactly what the market asks for now, to whom it asks for it, and never more than the
 * buyer agreed to. `offerOf` is absent where the operator named no market.
 */
export async function breachOfPurchase(
  body: RequestBody,
  offerOf: OfferOf | undefined,
): Promise<RuleBreach | undefined> {
  const { purchase, deal } = body;
  if (purchase === undefined || deal === undefined) return undefined;
  if (offerOf === undefined) {
    return breach(
      "this relayer takes no purchases: it was given no market",
      "ask its operator to set MIDCHAIN_MARKET, or buy at the market contract with your wallet",
    );
  }
  // The cheap half first: a sum above the limit needs no question to the chain.
  const paid = deal.legs.reduce((sum, leg) => sum + leg.amount, 0n);
  if (paid > purchase.priceMax) {
    return breach("the legs add up to more than priceMax", "let the buyer agree to the price, and sign again");
  }
  return breachOfLegs(deal.legs, await offerOf(purchase.serviceId, purchase.listingVersion));
}

function breachOfLegs(legs: NonNullable<RequestBody["deal"]>["legs"], offer: Offer): RuleBreach | undefined {
  switch (offer.kind) {
    case "closed":
      return breach("the service is not on offer", "read the market's listing, and choose a service that is open");
    case "changed":
      return breach("the listing has another version by now", "read the listing again, and sign for its version");
    case "offered": {
      const buyer = legs[0]?.from;
      const exact =
        legs.length === offer.legs.length &&
        offer.legs.every((asked, i) => {
          const leg = legs[i];
          return (
            leg !== undefined &&
            buyer !== undefined &&
            equalBytes(leg.from, buyer) &&
            equalBytes(leg.token, asked.token) &&
            equalBytes(leg.to, asked.to) &&
            leg.amount === asked.amount
          );
        });
      return exact
        ? undefined
        : breach(
            "the legs are not the provider's payout and the fee of this listing",
            "use exactly the legs that legsOf of the market returns for this buyer",
          );
    }
  }
}

const breach = (reason: string, fix: string): RuleBreach => ({ rule: "AP-034", reason, fix });
