import { bytesToHex, type Hex } from "viem";
import type { Draft } from "../../sdk/index.ts";
import { demoNameOf } from "../wallet/demoWallet.ts";
import { shortHash, tokens } from "../ui/format.ts";

/** Requests in words; the same words wherever one is shown. */

type Body = Draft["body"];

export interface Movement {
  readonly token: Hex;
  readonly from: Hex;
  readonly to: Hex;
  readonly amount: bigint;
}

export const movementsOf = (body: Body): readonly Movement[] =>
  (body.deal?.legs ?? []).map(({ token, from, to, amount }) => ({
    token: bytesToHex(token),
    from: bytesToHex(from),
    to: bytesToHex(to),
    amount,
  }));

/** "you" for the reader's own account, and the names of the demo people, whose keys everybody has. */
export function personOf(account: Hex, me: Hex): string {
  if (account.toLowerCase() === me.toLowerCase()) return "you";
  const name = demoNameOf(account);
  return name === undefined ? shortHash(account) : `${name} ${shortHash(account)}`;
}

export const movementText = ({ from, to, amount }: Movement, me: Hex): string =>
  `${tokens(amount)} from ${personOf(from, me)} to ${personOf(to, me)}`;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text of a content; undefined where it is none. */
export function textOf(content: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(content);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
