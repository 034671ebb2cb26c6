import { randomBytes, timingSafeEqual } from "node:crypto";
import { concat, uintToBytes, bytesToUint } from "../../protocol/bytes.ts";
import type { Clock, Keyring } from "../ports.ts";
import { keepNewest } from "../ops/newest.ts";

/**
 * Sessions without a store: a token carries its account and its end under the nodes' common key, so every node of a
 * cluster takes it. What has to be remembered (spent refresh tokens, ended sessions) is remembered by each node until
 * the tokens expire by themselves, and told to the others (memory.ts); after a restart an ended session lives at most
 * ten minutes longer.
 *
 *   token = base64url( kind (1)  family (16)  account (20)  ends at ms (8)  serial (8)  tag (32) )
 */

export const ACCESS_MS = 10 * 60_000;
export const REFRESH_MS = 12 * 60 * 60_000;
const REMEMBERED_MAX = 100_000;
const CONTENT_BYTES = 53;
const TAG_BYTES = 32;
const kinds = { access: 1, refresh: 2 } as const;

export interface SessionTokens {
  readonly token: string;
  readonly expiresAt: number;
  readonly refreshToken: string;
  readonly refreshExpiresAt: number;
}

export interface Sessions {
  readonly open: (account: Uint8Array) => SessionTokens;
  /** The account of a live access token. */
  readonly accountOf: (token: string) => Uint8Array | undefined;
  /** New tokens for a refresh token; each works once, and using one again ends the whole session. */
  readonly refresh: (refreshToken: string) => SessionTokens | undefined;
  readonly end: (token: string) => void;
  /** Ends every session that an account has now. */
  readonly endAll: (account: Uint8Array) => void;
}

interface Content {
  readonly kind: keyof typeof kinds;
  readonly family: Uint8Array;
  readonly account: Uint8Array;
  readonly endsAt: number;
  readonly serial: Uint8Array;
}

export function createSessions(ports: {
  readonly keyring: Pick<Keyring, "sessionTag">;
  readonly clock: Pick<Clock, "now">;
  /** Where spent tokens and ended sessions are remembered; in a cluster, by every node. */
  readonly memory?: (of: string) => Remembered;
}): Sessions {
  const memory = ports.memory ?? (() => remembering(ports.clock));
  const spent = memory("spent");
  const ended = memory("ended");
  const left = leaving(memory("left"), ports);
  const write = (content: Omit<Content, "serial">): string => {
    const bytes = concat(
      Uint8Array.of(kinds[content.kind]),
      content.family,
      content.account,
      uintToBytes(BigInt(content.endsAt), 8),
      randomBytes(8),
    );
    return nameOf(concat(bytes, ports.keyring.sessionTag(bytes)));
  };
  const live = (token: string, kind: Content["kind"]): Content | undefined => {
    const content = read(token, kind, ports.keyring);
    if (content === undefined || content.endsAt <= ports.clock.now() || ended.has(nameOf(content.family)))
      return undefined;
    return left.hasLeftSince(content) ? undefined : content;
  };
  const issue = (account: Uint8Array, family: Uint8Array): SessionTokens => {
    const expiresAt = ports.clock.now() + ACCESS_MS;
    const refreshExpiresAt = ports.clock.now() + REFRESH_MS;
    return {
      token: write({ kind: "access", family, account, endsAt: expiresAt }),
      expiresAt,
      refreshToken: write({ kind: "refresh", family, account, endsAt: refreshExpiresAt }),
      refreshExpiresAt,
    };
  };
  return {
    open: (account) => issue(account, new Uint8Array(randomBytes(16))),
    accountOf: (token) => live(token, "access")?.account,
    refresh(refreshToken) {
      const content = live(refreshToken, "refresh");
      if (content === undefined) return undefined;
      const serial = nameOf(content.serial);
      if (spent.has(serial)) {
        // Two holders of one token: one of them stole it.
        ended.add(nameOf(content.family), ports.clock.now() + REFRESH_MS);
        return undefined;
      }
      spent.add(serial, content.endsAt);
      return issue(content.account, content.family);
    },
    end(token) {
      const content = live(token, "access");
      if (content !== undefined) ended.add(nameOf(content.family), ports.clock.now() + REFRESH_MS);
    },
    endAll: left.leave,
  };
}

const nameOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

/** Accounts that have left, by a keyed tag: no token that was given out before counts any more. */
function leaving(
  left: Remembered,
  { keyring, clock }: { readonly keyring: Pick<Keyring, "sessionTag">; readonly clock: Pick<Clock, "now"> },
) {
  const tagOf = (account: Uint8Array): string => nameOf(keyring.sessionTag(account));
  return {
    leave: (account: Uint8Array): void => {
      left.add(tagOf(account), clock.now() + REFRESH_MS);
    },
    hasLeftSince({ kind, account, endsAt }: Content): boolean {
      const issuedAt = endsAt - (kind === "access" ? ACCESS_MS : REFRESH_MS);
      return issuedAt <= (left.until(tagOf(account)) ?? 0) - REFRESH_MS;
    },
  };
}

function read(token: string, kind: Content["kind"], keyring: Pick<Keyring, "sessionTag">): Content | undefined {
  if (token.length > 128) return undefined;
  const bytes = new Uint8Array(Buffer.from(token, "base64url"));
  if (bytes.length !== CONTENT_BYTES + TAG_BYTES || bytes[0] !== kinds[kind]) return undefined;
  const content = bytes.subarray(0, CONTENT_BYTES);
  if (!timingSafeEqual(keyring.sessionTag(content), bytes.subarray(CONTENT_BYTES))) return undefined;
  return {
    kind,
    family: content.slice(1, 17),
    account: content.slice(17, 37),
    endsAt: Number(bytesToUint(content.subarray(37, 45))),
    serial: content.slice(45, 53),
  };
}

/** A set whose entries end by themselves. */
export interface Remembered {
  readonly has: (name: string) => boolean;
  /** When it ends, of one that is there. */
  readonly until: (name: string) => number | undefined;
  readonly add: (name: string, endsAt: number) => void;
  /** Whether it was there, and takes it away. */
  readonly take: (name: string) => boolean;
}

/** When it is full the oldest go first. */
export function remembering(clock: Pick<Clock, "now">, entriesMax = REMEMBERED_MAX): Remembered {
  const until = new Map<string, number>();
  const endOf = (name: string): number | undefined => {
    const endsAt = until.get(name);
    return endsAt !== undefined && endsAt > clock.now() ? endsAt : undefined;
  };
  return {
    has: (name) => endOf(name) !== undefined,
    until: endOf,
    add(name: string, endsAt: number): void {
      if (until.size >= entriesMax) for (const [old, end] of until) if (end <= clock.now()) until.delete(old);
      until.set(name, endsAt);
      keepNewest(until, entriesMax);
    },
    take(name: string): boolean {
      const endsAt = until.get(name);
      until.delete(name);
      return endsAt !== undefined && endsAt > clock.now();
    },
  };
}
