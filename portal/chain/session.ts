import { useCallback, useSyncExternalStore } from "react";
import type { Address } from "viem";
import { useConfig, useConnection, type Config } from "wagmi";
import { signMessage, signTypedData } from "wagmi/actions";
import { createClient, MidchainError, type Client } from "../../sdk/index.ts";
import { createListeners } from "../listeners.ts";
import { inWords, type Trouble } from "../wallet/words.ts";

/**
 * The open chains of this page load, one for each account that has been used. Keys are in the memory of the client
 * library only: loading the page again closes them all.
 */

export type ChainState = "closed" | "opening" | "unknown" | "recovery" | "words" | "open";

export interface ChainSession {
  readonly client: Client;
  readonly state: ChainState;
  readonly trouble?: Trouble;
  /** Shown once, while the state is `words`. */
  readonly recoveryWords?: string;
}

const sessions = new Map<Address, ChainSession>();
const { tell, subscribe } = createListeners();

function put(account: Address, session: ChainSession): void {
  sessions.set(account, session);
  tell();
}

function sessionOf(account: Address, config: Config): ChainSession {
  const known = sessions.get(account);
  if (known !== undefined) return known;
  const client = createClient({
    url: location.origin,
    wallet: {
      address: account,
      signMessage: ({ message }) => signMessage(config, { account, message }),
      signTypedData: (typedData: object) =>
        signTypedData(config, { ...typedData, account } as Parameters<typeof signTypedData>[1]),
    },
  });
  const fresh: ChainSession = { client, state: "closed" };
  sessions.set(account, fresh);
  return fresh;
}

export interface OwnChain extends ChainSession {
  readonly account: Address;
  readonly unlock: () => void;
  readonly enrol: () => void;
  readonly recover: (words: string) => void;
  /** Asks for the recovery words instead of the wallet's signature. */
  readonly useWords: () => void;
  readonly usePasskey: () => void;
  /** Shows new recovery words, once. */
  readonly showWords: (recoveryWords: string) => void;
  /** The recovery words have been written down. */
  readonly keepWords: () => void;
  /** The account has no chain any more. */
  readonly leave: () => void;
}

/** The chain of the connected account; undefined without a wallet. */
export function useOwnChain(): OwnChain | undefined {
  const config = useConfig();
  const { address } = useConnection();
  const read = useCallback(() => (address === undefined ? undefined : sessionOf(address, config)), [address, config]);
  const session = useSyncExternalStore(subscribe, read);
  if (session === undefined || address === undefined) return undefined;
  const { client } = session;
  const attempt = (work: Promise<Partial<ChainSession>>): void => {
    put(address, { client, state: "opening" });
    work.then(
      (change) => {
        put(address, { client, state: "open", ...change });
      },
      (error: unknown) => {
        put(address, { client, ...failed(error) });
      },
    );
  };
  return {
    ...session,
    account: address,
    unlock() {
      attempt(client.unlock().then(() => ({})));
    },
    enrol() {
      attempt(client.enrol().then(({ recoveryWords }) => ({ state: "words", recoveryWords })));
    },
    recover(words) {
      attempt(client.unlockWithRecovery(words).then(() => ({})));
    },
    useWords() {
      put(address, { client, state: "recovery" });
    },
    usePasskey() {
      attempt(client.unlockWithPasskey().then(() => ({})));
    },
    showWords(recoveryWords) {
      put(address, { client, state: "words", recoveryWords });
    },
    keepWords() {
      put(address, { client, state: "open" });
    },
    leave() {
      put(address, { client, state: "unknown" });
    },
  };
}

function failed(error: unknown): Pick<ChainSession, "state" | "trouble"> {
  const code = error instanceof MidchainError ? error.code : "";
  if (code === "NO_CHAIN") return { state: "unknown" };
  if (code === "SLOTS_ONLY" || code === "WRONG_KEY" || code === "WRONG_WORDS")
    return { state: "recovery", trouble: inWords(error) };
  return { state: "closed", trouble: inWords(error) };
}
