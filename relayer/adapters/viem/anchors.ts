import { notaryLedgerAbi } from "../../../protocol/abi/NotaryLedger.ts";
import { fromHex, toHex } from "../../../protocol/bytes.ts";
import type { Anchors } from "../../ports.ts";
import { ask, connectRpc } from "./rpc.ts";

/** The ledger's own memory of its batches, without the events that a relayer follows. */
export function openAnchors(rpcUrls: readonly string[], ledger: Uint8Array): Anchors {
  const client = connectRpc(rpcUrls);
  const at = { address: toHex(ledger), abi: notaryLedgerAbi } as const;
  return {
    next: (partition) => ask(() => client.readContract({ ...at, functionName: "next", args: [toHex(partition)] })),
    headerAt: async (partition, seq) => {
      const args = [toHex(partition), seq] as const;
      const hash = await ask(() => client.readContract({ ...at, functionName: "headerAt", args }));
      return fromHex(hash) ?? new Uint8Array(32);
    },
  };
}
