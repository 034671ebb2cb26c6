import { BaseError, isHex, TransactionReceiptNotFoundError, type Hex, type PublicClient } from "viem";
import type { Trouble } from "./words.ts";

/** What the chain says of a transaction, stage by stage, until it can no longer be taken back. */

const LOOK_MS = 500;

export type Seen =
  | { readonly stage: "mined"; readonly hash: Hex; readonly blockNumber: bigint }
  | { readonly stage: "final"; readonly hash: Hex; readonly blockNumber: bigint }
  | { readonly stage: "failed"; readonly trouble: Trouble };

export async function followTransaction(
  client: PublicClient,
  hash: Hex,
  tell: (seen: Seen) => void,
): Promise<"final" | "failed"> {
  // No limit of time: a slow chain is not an error, and the person may close the page meanwhile.
  const receipt = await client.waitForTransactionReceipt({ hash, timeout: 0, pollingInterval: LOOK_MS });
  const { transactionHash, blockNumber } = receipt;
  if (receipt.status === "reverted") {
    tell({ stage: "failed", trouble: await whyReverted(client, transactionHash) });
    return "failed";
  }
  tell({ stage: "mined", hash: transactionHash, blockNumber });
  await untilFinal(client, transactionHash, blockNumber);
  tell({ stage: "final", hash: transactionHash, blockNumber });
  return "final";
}

async function untilFinal(client: PublicClient, hash: Hex, minedIn: bigint): Promise<void> {
  for (;;) {
    const final = await client.getBlock({ blockTag: "finalized" }).catch(() => undefined);
    if (final !== undefined && final.number >= minedIn) {
      const still = await client.getTransactionReceipt({ hash }).catch((error: unknown) => {
        if (error instanceof TransactionReceiptNotFoundError) return undefined;
        throw error;
      });
      // A reorg may have moved it to a later block; then that one has to become final.
      if (still !== undefined && final.number >= still.blockNumber) return;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Runs the call again at its block: a receipt says that it was undone, not why. */
async function whyReverted(client: PublicClient, hash: Hex): Promise<Trouble> {
  const { from, to, input, value, blockNumber } = await client.getTransaction({ hash });
  const { revertOf } = await import("./reverts.ts");
  try {
    await client.call({ account: from, to, data: input, value, blockNumber });
    return revertOf(undefined);
  } catch (error) {
    return revertOf(error instanceof BaseError ? dataOf(error) : undefined);
  }
}

/** The revert data, wherever in the chain of causes an endpoint's answer has put it. */
function dataOf(error: BaseError): Hex | undefined {
  const found = error.walk((inner) => isHex((inner as { readonly data?: unknown }).data));
  return (found as { readonly data?: Hex } | null)?.data;
}
