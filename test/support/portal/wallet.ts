import type { Locator, Page } from "playwright-core";
import {
  createWalletClient,
  hexToBigInt,
  hexToString,
  http,
  type Hex,
  type PrivateKeyAccount,
  type TypedDataDefinition,
} from "viem";
import { foundry } from "viem/chains";

/**
 * A wallet extension for tests: announced in the page (EIP-6963), its keys and its person here. The person confirms
 * everything until told to decline, and can be made to do something just before a transaction is sent.
 */
export interface TestWallet {
  readonly name: string;
  readonly account: PrivateKeyAccount;
  /** How many of the next questions are declined. */
  decline: number;
  /** Called once, right before the next transaction is sent. */
  beforeSending: (() => Promise<void>) | undefined;
  /** Whether it takes several calls as one (EIP-5792). */
  batches: boolean;
  /** The chain that the wallet believes to be on. */
  chainId: number;
  /** Methods that were asked for, oldest first. */
  readonly asked: string[];
  /** Hashes of what was sent, oldest first. */
  readonly sent: Hex[];
  readonly install: (page: Page) => Promise<void>;
}

interface Ask {
  readonly method: string;
  readonly params?: readonly unknown[];
}

type Answer = { readonly result: unknown } | { readonly error: { readonly code: number; readonly message: string } };

const PERSONAL = new Set(["personal_sign", "eth_signTypedData_v4", "eth_sendTransaction", "wallet_sendCalls"]);

export function testWallet(name: string, account: PrivateKeyAccount, rpcUrl: string): TestWallet {
  let given = false;
  const client = createWalletClient({ account, chain: foundry, transport: http(rpcUrl) });
  const wallet: TestWallet = {
    name,
    account,
    decline: 0,
    beforeSending: undefined,
    batches: false,
    chainId: foundry.id,
    asked: [],
    sent: [],
    async install(page) {
      const door = `wallet_${name}`;
      await page.exposeFunction(door, (ask: Ask) => answer(ask));
      await page.addInitScript(announce, { name, door });
    },
  };
  const answer = async (ask: Ask): Promise<Answer> => {
    wallet.asked.push(ask.method);
    if (PERSONAL.has(ask.method) && wallet.decline > 0) {
      wallet.decline -= 1;
      return { error: { code: 4001, message: "User rejected the request." } };
    }
    try {
      return { result: await handle(ask) };
    } catch (error) {
      return { error: { code: -32_000, message: error instanceof Error ? error.message : String(error) } };
    }
  };
  const handle = async ({ method, params = [] }: Ask): Promise<unknown> => {
    const [first, second] = params;
    switch (method) {
      case "eth_requestAccounts":
        given = true;
        return [account.address];
      case "eth_accounts":
        return given ? [account.address] : [];
      case "wallet_revokePermissions":
        given = false;
        return null;
      case "eth_chainId":
        return `0x${wallet.chainId.toString(16)}`;
      case "wallet_switchEthereumChain":
        wallet.chainId = Number((first as { readonly chainId: Hex }).chainId);
        return null;
      case "personal_sign":
        return account.signMessage({ message: hexToString(first as Hex) });
      case "eth_signTypedData_v4":
        return account.signTypedData(JSON.parse(second as string) as TypedDataDefinition);
      case "eth_sendTransaction":
        return send(first as { readonly to: Hex; readonly data: Hex; readonly gas?: Hex });
      case "wallet_getCapabilities":
        return wallet.batches ? { [chainHex()]: { atomic: { status: "supported" } } } : {};
      case "wallet_sendCalls":
        return { id: await sendAll((first as { readonly calls: readonly { to: Hex; data: Hex }[] }).calls) };
      case "wallet_getCallsStatus":
        return { version: "2.0.0", id: first, chainId: chainHex(), atomic: true, ...(await statusOf(first as Hex)) };
      default:
        return client.request({ method, params } as never);
    }
  };
  const chainHex = (): Hex => `0x${wallet.chainId.toString(16)}`;
  /** One after the other; the last one's hash stands for all. A real wallet makes one transaction of them. */
  const sendAll = async (calls: readonly { readonly to: Hex; readonly data: Hex }[]): Promise<Hex> => {
    let hash: Hex = "0x";
    for (const { to, data } of calls) hash = await client.sendTransaction({ to, data, gas: 2_000_000n });
    return hash;
  };
  const statusOf = async (hash: Hex): Promise<object> => {
    const receipt = await client.request<{ Parameters: readonly [Hex]; ReturnType: object | null }>({
      method: "eth_getTransactionReceipt",
      params: [hash],
    });
    return receipt === null ? { status: 100 } : { status: 200, receipts: [receipt] };
  };
  const send = async ({ to, data, gas }: { to: Hex; data: Hex; gas?: Hex }): Promise<Hex> => {
    const first = wallet.beforeSending;
    wallet.beforeSending = undefined;
    await first?.();
    const hash = await client.sendTransaction({ to, data, ...(gas === undefined ? {} : { gas: hexToBigInt(gas) }) });
    wallet.sent.push(hash);
    return hash;
  };
  return wallet;
}

/** Runs in the page. */
function announce({ name, door }: { readonly name: string; readonly door: string }): void {
  type Listener = (value: unknown) => void;
  const listeners = new Map<string, Set<Listener>>();
  const ask = (window as unknown as Record<string, (ask: unknown) => Promise<Answer>>)[door]!;
  const provider = {
    async request(request: Ask): Promise<unknown> {
      const answer = await ask(request);
      if ("error" in answer) throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
      if (request.method === "wallet_switchEthereumChain") {
        const [{ chainId }] = request.params as readonly [{ readonly chainId: string }];
        for (const listener of listeners.get("chainChanged") ?? []) listener(chainId);
      }
      return answer.result;
    },
    on: (event: string, listener: Listener) => {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener));
    },
    removeListener: (event: string, listener: Listener) => {
      listeners.get(event)?.delete(listener);
    },
  };
  const info = {
    uuid: crypto.randomUUID(),
    name,
    icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>",
    rdns: `test.${name}`,
  };
  const tell = (): void => {
    window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
  };
  window.addEventListener("eip6963:requestProvider", tell);
  tell();
}

/** Chooses this wallet in the page, as a person would. */
export async function connect(page: Page, wallet: Pick<TestWallet, "name">): Promise<void> {
  await page.getByRole("banner").getByRole("button", { name: "Connect wallet" }).click();
  await page.getByRole("dialog", { name: "Connect a wallet" }).getByRole("button", { name: wallet.name }).click();
  await page.getByRole("banner").getByRole("button", { name: /^0x/ }).waitFor();
}

/** Where the links of this name lead to, in the order of the page. */
export const addresses = (scope: Page | Locator, name: RegExp): Promise<(string | null)[]> =>
  scope.getByRole("link", { name }).evaluateAll((links) => links.map((link) => link.getAttribute("href")));

/** Goes through a window of stages to its end and closes it. */
export async function finish(page: Page, title: string | RegExp): Promise<void> {
  const dialog = page.getByRole("dialog", { name: title });
  await dialog.getByText("Done and final.").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "detached" });
}
