import { encodeFunctionData, parseSignature } from "viem";
import { platformTokenAbi } from "../protocol/abi/PlatformToken.ts";
import { toHex, type Hex } from "../protocol/bytes.ts";
import type { RequestBody } from "../protocol/request.ts";
import { bytesOf } from "./hex.ts";
import { connectChain, type ChainSource } from "./rpc.ts";
import type { NetworkInfo, Wallet } from "./types.ts";

const PERMIT_S = 3_600;

/** What a payer's account still lacks before the chain can settle its deal. */
export interface Allowance {
  readonly token: Hex;
  /** What the deal takes from the account. */
  readonly needed: bigint;
  readonly balance: bigint;
  /** What the settlement engine may move now. */
  readonly allowed: bigint;
  readonly enough: boolean;
}

/** A call for any wallet to send: `walletClient.sendTransaction(call)`. */
export interface ContractCall {
  readonly to: Hex;
  readonly data: Hex;
}

interface Ports {
  readonly network: NetworkInfo;
  readonly source: ChainSource;
}

const needsOf = (body: RequestBody, account: Hex): ReadonlyMap<Hex, bigint> => {
  const needs = new Map<Hex, bigint>();
  for (const leg of body.deal?.legs ?? []) {
    if (toHex(leg.from) !== account.toLowerCase()) continue;
    const token = toHex(leg.token);
    needs.set(token, (needs.get(token) ?? 0n) + leg.amount);
  }
  return needs;
};

/** One row per token that this account pays with. The engine moves tokens by allowance, so each must be enough. */
export async function allowances(
  body: RequestBody,
  account: Hex,
  { network, source }: Ports,
): Promise<readonly Allowance[]> {
  const client = await connectChain(network, source);
  return Promise.all(
    [...needsOf(body, account)].map(async ([token, needed]) => {
      const [balance, allowed] = await Promise.all([
        client.readContract({ ...tokenAt(token), functionName: "balanceOf", args: [account] }),
        client.readContract({ ...tokenAt(token), functionName: "allowance", args: [account, network.engine] }),
      ]);
      return { token, needed, balance, allowed, enough: balance >= needed && allowed >= needed };
    }),
  );
}

const tokenAt = (address: Hex) => ({ address, abi: platformTokenAbi }) as const;

/** Lets the settlement engine move `amount`: to be sent by the payer itself, who needs gas money for it. */
export const approval = (token: Hex, amount: bigint, { engine }: Pick<NetworkInfo, "engine">): ContractCall => ({
  to: token,
  data: encodeFunctionData({ abi: platformTokenAbi, functionName: "approve", args: [engine, amount] }),
});

/**
 * The same by a signature (ERC-2612): anybody may send the call, so the payer needs no gas money. The platform token and
 * its bridged twins take permits; for a token that does not, this rejects and `approval` is the way.
 */
export async function permit(
  token: Hex,
  amount: bigint,
  { wallet, network, source }: Ports & { readonly wallet: Wallet },
): Promise<ContractCall> {
  const client = await connectChain(network, source);
  const [[, name, version], nonce] = await Promise.all([
    client.readContract({ ...tokenAt(token), functionName: "eip712Domain" }),
    client.readContract({ ...tokenAt(token), functionName: "nonces", args: [wallet.address] }),
  ]);
  const deadline = BigInt(Math.floor(Date.now() / 1000) + PERMIT_S);
  const { engine: spender } = network;
  const signature = await wallet.signTypedData({
    domain: { name, version, chainId: network.chainId, verifyingContract: token },
    primaryType: "Permit",
    types: {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    },
    message: { owner: wallet.address, spender, value: amount, nonce, deadline },
  });
  const { r, s, yParity } = parseSignature(toHex(bytesOf(signature)));
  const args = [wallet.address, spender, amount, deadline, 27 + yParity, r, s] as const;
  return { to: token, data: encodeFunctionData({ abi: platformTokenAbi, functionName: "permit", args }) };
}
