import type { PublicClient } from "viem";
import { notaryLedgerAbi } from "../../protocol/abi/NotaryLedger.ts";
import type { NetworkInfo } from "../../sdk/index.ts";

/** What notarizing has cost, from the chain's own receipts. */

export interface BatchCost {
  readonly seq: bigint;
  readonly size: number;
  readonly gas: number;
}

const BATCHES_MAX = 60;
const BLOCKS_BACK = 9_000n;

/** Of the batches that were read last, by block and place in it: what a block has cost does not change. */
let known: ReadonlyMap<string, number> = new Map();

export async function gasOfBatches(client: PublicClient, network: NetworkInfo): Promise<readonly BatchCost[]> {
  const head = await client.getBlockNumber();
  const begin = BigInt(network.fromBlock);
  const fromBlock = head - BLOCKS_BACK > begin ? head - BLOCKS_BACK : begin;
  const events = await client.getContractEvents({
    address: network.ledger,
    abi: notaryLedgerAbi,
    eventName: "BatchNotarized",
    fromBlock,
    toBlock: head,
    strict: true,
  });
  const costs = await Promise.all(
    events.slice(-BATCHES_MAX).map(async ({ args, transactionHash, blockHash, logIndex }) => {
      const place = `${blockHash}:${logIndex}`;
      const gas = known.get(place) ?? Number((await client.getTransactionReceipt({ hash: transactionHash })).gasUsed);
      return [place, { seq: args.seq, size: args.count, gas }] as const;
    }),
  );
  known = new Map(costs.map(([place, { gas }]) => [place, gas]));
  return costs.map(([, cost]) => cost);
}
