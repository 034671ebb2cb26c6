import { getAddress } from "viem";
import { createSiweMessage } from "viem/siwe";
import { failure } from "./errors.ts";
import type { NetworkInfo, Wallet } from "./types.ts";
import type { Wire } from "./wire.ts";

interface Tokens {
  readonly token: string;
  readonly expiresAt: number;
  readonly refreshToken: string;
  readonly refreshExpiresAt: number;
}

/** A session that renews itself: the wallet is asked once, then again only after the refresh token has ended. */
export interface Session {
  readonly signIn: () => Promise<void>;
  readonly signOut: () => Promise<void>;
  /** A live bearer token; signs in when there is none. */
  readonly token: () => Promise<string>;
  /** Lets go of tokens that the relayer ends by itself. What it refuses is let go of without this. */
  readonly forget: () => void;
}

const RENEW_BEFORE_MS = 30_000;

export function openSession(
  wire: Wire,
  at: { readonly wallet: Wallet | undefined; readonly origin: string; readonly network: () => Promise<NetworkInfo> },
): Session {
  let tokens: Tokens | undefined;
  let renewing: Promise<Tokens> | undefined;
  const signIn = async (): Promise<Tokens> => {
    if (at.wallet === undefined) throw failure("NO_WALLET");
    const { nonce } = await wire.get<{ readonly nonce: string }>("/session/nonce");
    const message = createSiweMessage({
      address: getAddress(at.wallet.address),
      chainId: (await at.network()).chainId,
      domain: new URL(at.origin).host,
      uri: at.origin,
      nonce,
      version: "1",
    });
    const signature = await at.wallet.signMessage({ message });
    return wire.send<Tokens>({ method: "POST", path: "/session", json: { message, signature } });
  };
  const renew = async (): Promise<Tokens> => {
    if (tokens !== undefined && tokens.refreshExpiresAt - RENEW_BEFORE_MS > Date.now()) {
      const json = { refreshToken: tokens.refreshToken };
      const renewed = await wire
        .send<Tokens>({ method: "POST", path: "/session/refresh", json })
        .catch(() => undefined);
      if (renewed !== undefined) return renewed;
    }
    return signIn();
  };
  /** One renewal at a time: a refresh token that is used twice ends the session. */
  const once = (work: () => Promise<Tokens>): Promise<Tokens> =>
    (renewing ??= work()
      .then((fresh) => (tokens = fresh))
      .finally(() => {
        renewing = undefined;
      }));
  // Whatever was asked for with it has failed; the next call signs in again.
  wire.onEnded((token) => {
    if (tokens?.token === token) tokens = undefined;
  });
  return {
    async signIn() {
      await once(signIn);
    },
    async signOut() {
      const { token } = tokens ?? {};
      tokens = undefined;
      if (token !== undefined) await wire.send({ method: "DELETE", path: "/session", token });
    },
    async token() {
      if (tokens !== undefined && tokens.expiresAt - RENEW_BEFORE_MS > Date.now()) return tokens.token;
      return (await once(renew)).token;
    },
    forget() {
      tokens = undefined;
    },
  };
}
