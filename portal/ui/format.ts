import { formatUnits, parseUnits } from "viem";
import type { Transaction } from "../../sdk/index.ts";

/** How amounts, kinds, times and hashes are written; one place, so that they read alike on every page. */

const TOKEN_DECIMALS = 18;

export const shortHash = (hash: string): string => (hash.length <= 14 ? hash : `${hash.slice(0, 8)}…${hash.slice(-4)}`);

/** Whole tokens with thin groups; small parts only where they say something. */
export function tokens(wei: bigint, digits = 4): string {
  const [whole = "0", part = ""] = formatUnits(wei, TOKEN_DECIMALS).split(".");
  const shown = part.slice(0, digits).replace(/0+$/, "");
  const grouped = BigInt(whole).toLocaleString("en-US");
  if (shown !== "") return `${grouped}.${shown}`;
  return wei > 0n && whole === "0" ? `< 0.${"0".repeat(digits - 1)}1` : grouped;
}

/** Wei of what somebody typed; undefined when it is not an amount above zero. */
export function readTokens(text: string): bigint | undefined {
  const trimmed = text.trim().replaceAll(",", "");
  if (!/^\d{1,12}(\.\d{1,18})?$/.test(trimmed)) return undefined;
  const wei = parseUnits(trimmed, TOKEN_DECIMALS);
  return wei > 0n ? wei : undefined;
}

export const exactTokens = (wei: bigint): string => formatUnits(wei, TOKEN_DECIMALS);

export const percentOfBps = (bps: bigint | number): string => `${(Number(bps) / 100).toLocaleString("en-US")} %`;

export const share = (part: bigint, whole: bigint): string =>
  whole === 0n ? "0 %" : `${(Number((part * 10_000n) / whole) / 100).toLocaleString("en-US")} %`;

const KINDS = { data: "Agreement", payment: "Payment", purchase: "Purchase" } as const;
export const kindText = ({ kind }: Pick<Transaction, "kind">): string => KINDS[kind];

const clockTime = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
export const timeOf = (date: Date): string => clockTime.format(date);
export const dateOf = (seconds: number): string => dateTime.format(new Date(seconds * 1000));

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** The two largest units of a time span: "2 days 3 hours". */
export function span(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  if (rest === 0) return "0 seconds";
  const parts: string[] = [];
  for (const [name, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? "" : "s"}`);
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}
