import { randomBytes } from "node:crypto";
import { SiweMessage } from "@signinwithethereum/siwe";
import { getAddress, hashMessage, recoverAddress } from "viem";
import { fromHex, toHex } from "../../protocol/bytes.ts";
import type { Clock } from "../ports.ts";
import { remembering, type Remembered } from "./session.ts";

/** Sign-in with Ethereum (EIP-4361): who holds the account's key, on this site, now, once. */

export const NONCE_MS = 5 * 60_000;
const MESSAGE_CHARS_MAX = 4096;
const CLOCK_SKEW_MS = 60_000;

export interface Nonces {
  readonly issue: () => { readonly nonce: string; readonly expiresAt: number };
  /** True once per nonce. */
  readonly spend: (nonce: string) => boolean;
}

export function createNonces(clock: Pick<Clock, "now">, issued: Remembered = remembering(clock)): Nonces {
  return {
    issue() {
      const nonce = randomBytes(16).toString("hex");
      const expiresAt = clock.now() + NONCE_MS;
      issued.add(nonce, expiresAt);
      return { nonce, expiresAt };
    },
    spend: (nonce) => issued.take(nonce),
  };
}

export interface SignInPorts {
  readonly nonces: Pick<Nonces, "spend">;
  readonly clock: Pick<Clock, "now">;
  readonly chain: number;
  /** Origins that people may sign in on. */
  readonly origins: () => readonly string[];
  readonly acceptedByContract: (account: Uint8Array, digest: Uint8Array, signature: Uint8Array) => Promise<boolean>;
}

export type SignIn =
  { readonly kind: "signedIn"; readonly account: Uint8Array } | { readonly kind: "wrong"; readonly cause: string };

const wrong = (cause: string): SignIn => ({ kind: "wrong", cause });

export async function signIn(
  claim: { readonly message: string; readonly signature: Uint8Array },
  ports: SignInPorts,
): Promise<SignIn> {
  const message = parseSiwe(claim.message);
  if (message === undefined) return wrong("the message is not a strict EIP-4361 message");
  const cause = whyWrong(message, ports);
  if (cause !== undefined) return wrong(cause);
  // Spent before the signature is looked at: a nonce is for one try.
  if (!ports.nonces.spend(message.nonce)) return wrong("the nonce is unknown, used or older than five minutes");
  const account = fromHex(message.address);
  if (account === undefined || !(await isSigned(account, claim, ports)))
    return wrong("the signature is not the account's");
  return { kind: "signedIn", account };
}

/** Undefined for everything the strict grammar does not allow, and for an address without its EIP-55 checksum. */
export function parseSiwe(text: string): SiweMessage | undefined {
  if (text.length > MESSAGE_CHARS_MAX) return undefined;
  try {
    const message = new SiweMessage(text);
    return getAddress(message.address) === message.address ? message : undefined;
  } catch {
    return undefined;
  }
}

function whyWrong(message: SiweMessage, ports: SignInPorts): string | undefined {
  const origins = ports.origins().map((origin) => new URL(origin));
  const site = origins.find((origin) => origin.host === message.domain);
  if (site === undefined) return "the domain is not one of this relayer";
  if (message.scheme !== undefined && `${message.scheme}:` !== site.protocol) return "the scheme is not the site's";
  if (!URL.canParse(message.uri) || new URL(message.uri).origin !== site.origin) return "the URI is not the site's";
  if (message.version !== "1") return "the version is not 1";
  if (message.chainId !== ports.chain) return "the chain is not this network's";
  const now = ports.clock.now();
  const at = (time: string | undefined, otherwise: number): number =>
    time === undefined ? otherwise : new Date(time).getTime();
  if (Math.abs(at(message.issuedAt, now) - now) > NONCE_MS + CLOCK_SKEW_MS) return "it was not issued just now";
  if (at(message.expirationTime, Infinity) <= now) return "it has expired";
  if (at(message.notBefore, -Infinity) > now) return "it is not valid yet";
  return undefined;
}

/** By the account's own key, or as its contract sees it (ERC-1271). */
export async function isSigned(
  account: Uint8Array,
  claim: { readonly message: string; readonly signature: Uint8Array },
  ports: Pick<SignInPorts, "acceptedByContract">,
): Promise<boolean> {
  const digest = hashMessage(claim.message);
  try {
    const signer = await recoverAddress({ hash: digest, signature: toHex(claim.signature) });
    if (signer.toLowerCase() === toHex(account)) return true;
  } catch {
    // Not an ECDSA signature: it may still be a contract account's.
  }
  return ports.acceptedByContract(account, fromHex(digest) ?? new Uint8Array(0), claim.signature);
}
