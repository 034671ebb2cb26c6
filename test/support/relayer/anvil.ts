import { spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { createPublicClient, createTestClient, createWalletClient, http, parseEther } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { platformTokenAbi } from "../../../protocol/abi/PlatformToken.ts";
import { deployLocal, ANVIL_KEYS } from "../../../scripts/local/deployLocal.ts";

export interface LocalAnvil {
  readonly rpcUrl: string;
  readonly addresses: Awaited<ReturnType<typeof deployLocal>>;
  /** What a relayer on this chain is configured with. */
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => void;
}

const ANSWER_MS_MAX = 15_000;

/** A port that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A fresh local chain with the contracts, gone with this process at the latest. */
export async function startAnvil(accounts: readonly `0x${string}`[]): Promise<LocalAnvil> {
  const port = await freePort();
  const rpcUrl = `http://127.0.0.1:${port}`;
  const args = ["--port", String(port), "--block-time", "0.5", "--slots-in-an-epoch", "1", "--silent"];
  const anvil = spawn("node_modules/.bin/anvil", args, { stdio: "ignore", detached: true });
  const stop = (): void => {
    process.off("exit", stop);
    if (anvil.pid !== undefined && anvil.exitCode === null) process.kill(-anvil.pid, "SIGKILL");
  };
  process.on("exit", stop);
  await answers(rpcUrl);
  const addresses = await deployLocal({ rpcUrl, accounts });
  return {
    rpcUrl,
    addresses,
    stop,
    env: {
      MIDCHAIN_RPC_URLS: rpcUrl,
      MIDCHAIN_CHAIN_ID: "31337",
      MIDCHAIN_LEDGER: addresses.notaryLedger,
      MIDCHAIN_ENGINE: addresses.settlementEngine,
      MIDCHAIN_TOKENS: addresses.platformToken,
      MIDCHAIN_SENDER_KEY: ANVIL_KEYS[0],
      MIDCHAIN_DV_KEYS: ANVIL_KEYS.slice(1).join(","),
      MIDCHAIN_DV_QUORUM: "3",
      MIDCHAIN_POLL_MS: "100",
      MIDCHAIN_CLOSE_AFTER_MS: "100",
    },
  };
}

/** Lets the settlement engine move an account's platform tokens, with gas money from nowhere. */
export async function approve(chain: LocalAnvil, account: PrivateKeyAccount, amount: bigint): Promise<void> {
  const options = { chain: foundry, transport: http(chain.rpcUrl), pollingInterval: 50 } as const;
  const test = createTestClient({ ...options, mode: "anvil" });
  await test.setBalance({ address: account.address, value: parseEther("1") });
  const hash = await createWalletClient({ ...options, account }).writeContract({
    address: chain.addresses.platformToken,
    abi: platformTokenAbi,
    functionName: "approve",
    args: [chain.addresses.settlementEngine, amount],
  });
  await createPublicClient(options).waitForTransactionReceipt({ hash });
}

async function answers(rpcUrl: string): Promise<void> {
  const until = Date.now() + ANSWER_MS_MAX;
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
  const headers = { "content-type": "application/json" };
  for (;;) {
    const answered = await fetch(rpcUrl, { method: "POST", body, headers }).catch(() => undefined);
    if (answered?.ok === true) return;
    if (Date.now() > until) throw new Error("the local chain did not answer");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
