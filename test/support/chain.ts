import { createPublicClient, createTestClient, createWalletClient, http, type Address } from "viem";
import { privateKeyToAccount, type PrivateKeyAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { ANVIL_KEYS, deployLocal } from "../../scripts/local/deployLocal.ts";
import { startAnvil } from "../../scripts/local/anvil.ts";

export type TestChain = Awaited<ReturnType<typeof startTestChain>>;

/** A local chain with everything deployed, and accounts that hold tokens and let the engine move them. */
export async function startTestChain(accounts: readonly PrivateKeyAccount[], blockSeconds = 0.1) {
  const anvil = await startAnvil({ blockSeconds });
  const options = { chain: foundry, transport: http(anvil.rpcUrl), pollingInterval: 20, cacheTime: 0 } as const;
  const open = createPublicClient(options);
  const test = createTestClient({ ...options, mode: "anvil" });
  const addresses = await deployLocal({ rpcUrl: anvil.rpcUrl, accounts: accounts.map(({ address }) => address) });
  const token = { address: addresses.platformToken, abi: platformTokenAbi } as const;
  for (const account of accounts) {
    await test.setBalance({ address: account.address, value: 10n ** 20n });
    const wallet = createWalletClient({ ...options, account });
    const hash = await wallet.writeContract({
      ...token,
      functionName: "approve",
      args: [addresses.settlementEngine, 2n ** 255n],
    });
    await open.waitForTransactionReceipt({ hash });
  }
  return {
    ...anvil,
    addresses,
    open,
    test,
    balanceOf: (account: Address) => open.readContract({ ...token, functionName: "balanceOf", args: [account] }),
  };
}

/** The environment of a relayer on this chain. */
export function relayerEnv(
  chain: Pick<TestChain, "addresses">,
  options: { readonly dataDir: string; readonly rpcUrls: string },
): Record<string, string> {
  const [sender, ...dvKeys] = ANVIL_KEYS;
  return {
    MIDCHAIN_DATA_DIR: options.dataDir,
    MIDCHAIN_RPC_URLS: options.rpcUrls,
    MIDCHAIN_CHAIN_ID: String(foundry.id),
    MIDCHAIN_LEDGER: chain.addresses.notaryLedger,
    MIDCHAIN_ENGINE: chain.addresses.settlementEngine,
    MIDCHAIN_TOKENS: chain.addresses.platformToken,
    MIDCHAIN_MARKET: chain.addresses.serviceMarket,
    MIDCHAIN_SENDER_KEY: sender,
    MIDCHAIN_DV_KEYS: dvKeys.join(","),
    MIDCHAIN_DV_QUORUM: "3",
    MIDCHAIN_POLL_MS: "40",
    MIDCHAIN_CLOSE_AFTER_MS: "50",
    MIDCHAIN_RESEND_AFTER_MS: "500",
    MIDCHAIN_LOG_LEVEL: "silent",
  };
}

export const actorAt = (index: number): PrivateKeyAccount =>
  privateKeyToAccount(`0x${(0xac7041 + index).toString(16).padStart(64, "0")}`);
