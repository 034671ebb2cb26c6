import { createPublicClient, createTestClient, createWalletClient, http, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { ANVIL_KEYS } from "../../scripts/local/deployLocal.ts";

const EACH = 10n ** 12n;

/** Gives every payer tokens and lets the engine move them; on the local chain, without their keys. */
export async function fundPayers(
  chain: { readonly rpcUrl: string; readonly token: Hex; readonly engine: Hex },
  accounts: readonly Hex[],
): Promise<void> {
  const options = { chain: foundry, transport: http(chain.rpcUrl), pollingInterval: 20, cacheTime: 0 } as const;
  const open = createPublicClient(options);
  const test = createTestClient({ ...options, mode: "anvil" });
  const holder = createWalletClient({ ...options, account: privateKeyToAccount(ANVIL_KEYS[0]) });
  for (const account of accounts) {
    const token = { address: chain.token, abi: platformTokenAbi } as const;
    await test.setBalance({ address: account, value: 10n ** 18n });
    await test.impersonateAccount({ address: account });
    const given = await holder.writeContract({ ...token, functionName: "transfer", args: [account, EACH] });
    const payer = createWalletClient({ ...options, account });
    const allowed = await payer.writeContract({ ...token, functionName: "approve", args: [chain.engine, 2n ** 255n] });
    await Promise.all([given, allowed].map((hash) => open.waitForTransactionReceipt({ hash })));
  }
}
