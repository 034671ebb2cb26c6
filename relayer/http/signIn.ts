import { randomBytes, timingSafeEqual } from "node:crypto";
import { SiweMessage } from "@signinwithethereum/siwe";
import { getAddress, hashMessage, recoverAddress } from "viem";
import { ascii, bytesToUint, concat, fromHex, toHex, uintToBytes } from "../../protocol/bytes.ts";
import type { Clock, Keyring } from "../ports.ts";
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

const NONCE_RANDOM_BYTES = 10;
const NONCE_HEAD_BYTES = 6 + NONCE_RANDOM_BYTES;
const NONCE_TAG_BYTES = 12;

/**
 * A nonce carries its end and a tag under the nodes' common key, so that the node that is asked to sign somebody in need
 * not be the one that gave it out. Only what was spent is remembered; in a cluster, by every node.
 */
export function createNonces(ports: {
  readonly clock: Pick<Clock, "now">;
  readonly keyring: Pick<Keyring, "sessionTag">;
  readonly spent?: Remembered;
}): Nonces {
  const spent = ports.spent ?? remembering(ports.clock);
  const tagOf = (head: Uint8Array): Uint8Array =>
    ports.keyring.sessionTag(concat(ascii("MIDC/v1 nonce"), head)).subarray(0, NONCE_TAG_BYTES);
  return {
    issue() {
      const expiresAt = ports.clock.now() + NONCE_MS;
      const head = concat(uintToBytes(BigInt(expiresAt), 6), randomBytes(NONCE_RANDOM_BYTES));
      return { nonce: Buffer.from(concat(head, tagOf(head))).toString("hex"), expiresAt };
    },
    spend(nonce) {
      const bytes = new Uint8Array(Buffer.from(nonce, "hex"));
      const head = bytes.subarray(0, NONCE_HEAD_BYTES);
      if (nonce.length !== bytes.length * 2 || bytes.length !== NONCE_HEAD_BYTES + NONCE_TAG_BYTES) return false;
      if (!timingSafeEqual(bytes.subarray(NONCE_HEAD_BYTES), tagOf(head))) return false;
      const expiresAt = Number(bytesToUint(head.subarray(0, 6)));
      const name = nonce.toLowerCase();
      if (expiresAt <= ports.clock.now() || spent.has(name)) return false;
      spent.add(name, expiresAt);
      return true;
    },
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
