import type { PublicClient } from "viem";
import { serviceMarketAbi } from "../protocol/abi/ServiceMarket.ts";
import type { Hex } from "../protocol/bytes.ts";
import { failure } from "./errors.ts";
import { connectChain, type ChainSource } from "./rpc.ts";
import type { DraftContent, DraftInput, DraftLeg, DraftParty, NetworkInfo } from "./types.ts";

/** How many blocks one question for events covers; public endpoints refuse more. */
const WINDOW_BLOCKS = 9_000n;

/** A service as the market offers it now. */
export interface Service {
  readonly serviceId: Hex;
  readonly provider: Hex;
  /** Grows with every change of the offer; a purchase is made for one version. */
  readonly version: number;
  readonly open: boolean;
  /** In the smallest unit of the platform token, fee included. */
  readonly price: bigint;
  /** Commits to the description kept off chain. */
  readonly metadata: Hex;
}

export interface PurchaseInput {
  readonly serviceId: Hex;
  /** What the buyer agrees to pay at most, in the smallest unit of the platform token. */
  readonly priceMax: bigint;
  /** Who takes part; by default the buyer as payer and the provider as payee. */
  readonly parties?: readonly DraftParty[];
  readonly contents?: readonly DraftContent[];
  readonly reference?: string;
}

const marketOf = ({ market }: NetworkInfo): Hex => {
  if (market === undefined) throw failure("NO_MARKET");
  return market;
};

/** Every service that was ever offered, newest first, each as it is offered now. */
export async function services(network: NetworkInfo, source: ChainSource): Promise<readonly Service[]> {
  const address = marketOf(network);
  const client = await connectChain(network, source);
  const head = await client.getBlockNumber();
  const ids = new Set<Hex>();
  for (let from = BigInt(network.fromBlock); from <= head; from += WINDOW_BLOCKS) {
    const toBlock = from + WINDOW_BLOCKS > head ? head : from + WINDOW_BLOCKS - 1n;
    const events = await client.getContractEvents({
      address,
      abi: serviceMarketAbi,
      eventName: "ServiceListed",
      fromBlock: from,
      toBlock,
    });
    for (const { args } of events) if (args.serviceId !== undefined) ids.add(args.serviceId);
  }
  return Promise.all([...ids].reverse().map((serviceId) => readService(serviceId, address, client)));
}

/** One service as it is offered now; `open` is false where there is no offer. */
export async function service(serviceId: Hex, network: NetworkInfo, source: ChainSource): Promise<Service> {
  return readService(serviceId, marketOf(network), await connectChain(network, source));
}

async function readService(serviceId: Hex, address: Hex, client: PublicClient): Promise<Service> {
  const listing = await client.readContract({
    address,
    abi: serviceMarketAbi,
    functionName: "listing",
    args: [serviceId],
  });
  const { provider, open, price, metadata } = listing;
  return { serviceId, provider, version: Number(listing.version), open, price, metadata };
}

/** What a purchase must say to be taken: exactly the movements that the market asks for at this moment. */
export async function purchaseOf(
  input: PurchaseInput,
  buyer: Hex,
  { network, source }: { readonly network: NetworkInfo; readonly source: ChainSource },
): Promise<DraftInput> {
  const { serviceId, priceMax } = input;
  const address = marketOf(network);
  const client = await connectChain(network, source);
  const offer = await readService(serviceId, address, client);
  if (!offer.open) throw failure("NOT_OFFERED");
  if (offer.price > priceMax) throw failure("PRICE_ABOVE_MAX");
  const asked = await client.readContract({
    address,
    abi: serviceMarketAbi,
    functionName: "legsOf",
    args: [serviceId, BigInt(offer.version), buyer],
  });
  const legs = asked.map(({ token, from, to, amount }): DraftLeg => ({ token, from, to, amount }));
  return {
    kind: "purchase",
    parties: input.parties ?? [
      { account: buyer, role: "payer" },
      { account: offer.provider, role: "payee" },
    ],
    legs,
    purchase: { serviceId, listingVersion: offer.version, priceMax },
    ...(input.contents === undefined ? {} : { contents: input.contents }),
    ...(input.reference === undefined ? {} : { reference: input.reference }),
  };
}
