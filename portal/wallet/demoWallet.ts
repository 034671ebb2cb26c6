import {
  createWalletClient,
  hexToBigInt,
  hexToString,
  http,
  isHex,
  type Address,
  type EIP1193Provider,
  type Hex,
  type TypedDataDefinition,
} from "viem";
import { privateKeyToAccount, type PrivateKeyAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { DEMO_PEOPLE } from "./demoPeople.ts";

/**
 * A wallet in the page, announced like any other (EIP-6963). It is offered on the local chain alone, signs without
 * asking, and says so wherever it appears.
 */

export const DEMO_RDNS = "local.midchain.demo";
const CHOSEN_KEY = "midchain.demo.person";
/** Set once somebody has chosen this wallet: until then it shows nobody, so that nobody is connected unasked. */
const GIVEN_KEY = "midchain.demo.given";

const people = DEMO_PEOPLE.map(({ name, key }) => ({ name, account: privateKeyToAccount(key) }));

export const demoAccounts: readonly { readonly name: string; readonly address: Address }[] = people.map(
  ({ name, account: { address } }) => ({ name, address }),
);
export const demoNames = people.map(({ name }) => name);
export const demoNameOf = (address: Address | undefined): string | undefined =>
  people.find(({ account }) => account.address.toLowerCase() === address?.toLowerCase())?.name;

const chosen = (): PrivateKeyAccount => {
  const name = localStorage.getItem(CHOSEN_KEY);
  const person = people.find((candidate) => candidate.name === name) ?? people[0];
  if (person === undefined) throw new RangeError("there are no demo people");
  return person.account;
};

type Listener = (value: unknown) => void;
const listeners = new Map<string, Set<Listener>>();

/** Becomes another of the demo people; the page hears it as any wallet's change of account. */
export function choosePerson(name: string): void {
  localStorage.setItem(CHOSEN_KEY, name);
  for (const listener of listeners.get("accountsChanged") ?? []) listener([chosen().address]);
}

interface Sent {
  readonly to?: Address;
  readonly data?: Hex;
  readonly value?: Hex;
  readonly gas?: Hex;
}

const big = (value: Hex | undefined): bigint | undefined => (value === undefined ? undefined : hexToBigInt(value));

function defined<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Value]: Exclude<Value[Key], undefined> };
}

async function signAndSend(rpcUrl: string, sent: Sent): Promise<Hex> {
  const client = createWalletClient({ chain: foundry, transport: http(rpcUrl), account: chosen() });
  const { to, data, value, gas } = sent;
  return client.sendTransaction(defined({ to, data, value: big(value), gas: big(gas) }));
}

function providerOf(rpcUrl: string): EIP1193Provider {
  const node = createWalletClient({ chain: foundry, transport: http(rpcUrl) });
  const request = async ({ method, params }: { method: string; params?: unknown }): Promise<unknown> => {
    const [first, second] = (params ?? []) as readonly unknown[];
    switch (method) {
      case "eth_requestAccounts":
        localStorage.setItem(GIVEN_KEY, "yes");
        return [chosen().address];
      case "eth_accounts":
        return localStorage.getItem(GIVEN_KEY) === null ? [] : [chosen().address];
      case "eth_chainId":
        return `0x${foundry.id.toString(16)}`;
      case "personal_sign": {
        const text = String(first);
        return chosen().signMessage({ message: isHex(text) ? hexToString(text) : text });
      }
      case "eth_signTypedData_v4":
        return chosen().signTypedData(JSON.parse(String(second)) as TypedDataDefinition);
      case "eth_sendTransaction":
        return signAndSend(rpcUrl, first as Sent);
      case "wallet_revokePermissions":
        localStorage.removeItem(GIVEN_KEY);
        return null;
      case "wallet_switchEthereumChain":
        return null;
      default:
        return node.request({ method, params } as never);
    }
  };
  const provider = {
    request,
    on(event: string, listener: Listener) {
      const known = listeners.get(event) ?? new Set();
      listeners.set(event, known.add(listener));
    },
    removeListener(event: string, listener: Listener) {
      listeners.get(event)?.delete(listener);
    },
  };
  return provider as unknown as EIP1193Provider;
}

/** Announces the demo wallet to the page, as an extension would. */
export function announceDemoWallet(rpcUrl: string): void {
  const detail = Object.freeze({
    info: {
      uuid: "9b2d6f2c-6f0e-4f5e-9a55-2f1d3c0a7b11",
      name: "Demo wallet",
      icon: `${location.origin}/icon.svg`,
      rdns: DEMO_RDNS,
    },
    provider: providerOf(rpcUrl),
  });
  const announce = (): void => {
    dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  };
  addEventListener("eip6963:requestProvider", announce);
  announce();
}
