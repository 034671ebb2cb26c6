import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import { createClient, http, type Hex, type TransactionSerializable } from "viem";
import { privateKeyToAccount } from "viem/accounts";

interface SentTransaction {
  readonly to?: Hex;
  readonly data?: Hex;
  readonly value?: Hex;
  readonly nonce: Hex;
  readonly gas: Hex;
  readonly gasPrice?: Hex;
  readonly maxFeePerGas?: Hex;
  readonly maxPriorityFeePerGas?: Hex;
}

/** A node that signs for one key itself, so that the chain behind `rpcUrl` never needs to know it. */
export function keyProvider(rpcUrl: string, key: Hex, chainId: number): EIP1193Provider {
  const client = createClient({ transport: http(rpcUrl) });
  const account = privateKeyToAccount(key);
  const request = client.request as (args: { method: string; params?: unknown }) => Promise<unknown>;
  return {
    async request({ method, params }): Promise<unknown> {
      if (method === "eth_accounts") return [account.address];
      if (method !== "eth_sendTransaction") return request(params === undefined ? { method } : { method, params });
      const [sent] = params as [SentTransaction];
      const raw = await account.signTransaction(toSerializable(sent, chainId));
      return request({ method: "eth_sendRawTransaction", params: [raw] });
    },
  };
}

function toSerializable(sent: SentTransaction, chainId: number): TransactionSerializable {
  const shared = {
    chainId,
    nonce: Number(sent.nonce),
    gas: BigInt(sent.gas),
    value: BigInt(sent.value ?? "0x0"),
    ...(sent.to && { to: sent.to }),
    ...(sent.data && { data: sent.data }),
  };
  if (sent.maxFeePerGas === undefined) return { ...shared, type: "legacy", gasPrice: BigInt(sent.gasPrice ?? "0x0") };
  const maxPriorityFeePerGas = BigInt(sent.maxPriorityFeePerGas ?? "0x0");
  return { ...shared, type: "eip1559", maxFeePerGas: BigInt(sent.maxFeePerGas), maxPriorityFeePerGas };
}
