import { Fault, faults } from "../errors.ts";
import type { Refusal } from "../flow/verdict.ts";

/** What a handler gives back; one place (send.ts) puts it on the wire. */
export type Reply =
  | { readonly kind: "json"; readonly status: number; readonly value: unknown }
  | { readonly kind: "text"; readonly type: string; readonly text: string }
  | { readonly kind: "bytes"; readonly type: string; readonly bytes: Uint8Array }
  | { readonly kind: "empty" }
  | Problem;

/** RFC 9457, plus a stable code, the broken rule where there is one, the cause and what to do about it. */
export interface Problem {
  readonly kind: "problem";
  readonly status: number;
  readonly code: string;
  readonly rule?: string;
  readonly title: string;
  readonly cause: string;
  readonly fix: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const json = (value: unknown, status = 200): Reply => ({ kind: "json", status, value });

const rows = {
  NOT_FOUND: [404, "Nothing here", "there is nothing at this address", "see /v1/openapi.json"],
  NO_SUCH_OBJECT: [404, "Not found", "it does not exist, or it is not yours to see", "check the id and your account"],
  METHOD_NOT_ALLOWED: [405, "Method not allowed", "this address does not know the method", "see the Allow header"],
  BAD_REQUEST: [400, "Bad request", "the request does not have the documented shape", "see /v1/openapi.json"],
  BAD_TYPE: [415, "Unsupported type", "the body's type or encoding is not taken", "see /v1/openapi.json for the type"],
  TOO_LARGE: [413, "Too large", "the body is too large", "send less in one request"],
  NO_SESSION: [401, "Sign in", "there is no valid session token", "sign in at POST /v1/session"],
  SIGN_IN_REFUSED: [401, "Sign-in refused", "the sign-in message or its signature is not right", "ask for a new nonce"],
  TOO_MANY: [429, "Too many requests", "more requests than allowed in one minute", "wait as Retry-After says"],
  FULL: [503, "Full", "the node holds as many of these as it may", "try again later"],
  BEHIND: [503, "Behind", "this node has not applied yet what the read asks for", "try again, or ask another node"],
  KEY_MISMATCH: [422, "Idempotency-Key", "the key is not the request's id", "leave it out, or send the id in hex"],
} as const satisfies Record<string, readonly [number, string, string, string]>;

export type ProblemCode = keyof typeof rows;

export function problem(
  code: ProblemCode,
  more: { readonly cause?: string; readonly fix?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Problem {
  const [status, title, cause, fix] = rows[code];
  return { kind: "problem", status, code, title, cause, fix, ...more };
}

/** A rule of the guard said no. Which rule is public, what was sent is not repeated. */
export function refusalProblem(refusal: Refusal, headers: Readonly<Record<string, string>> = {}): Problem {
  const { rule, reason: cause, fix } = refusal;
  const code = `REFUSED_${rule}`;
  return { kind: "problem", status: statusOf(rule), code, rule, title: "Refused", cause, fix, headers };
}

function statusOf(rule: string): number {
  if (rule === "AP-040") return 429;
  if (rule === "AP-010") return 413;
  return rule === "AP-011" || rule === "AP-012" ? 400 : 422;
}

export const tooMany = (retryAfterS: number): Problem => ({
  ...problem("TOO_MANY"),
  rule: "AP-040",
  headers: { "retry-after": String(retryAfterS) },
});

/** What a caller hears of a fault: a known one by its row, an unknown one by an id that the log has too. */
export function faultProblem(error: unknown, id: string): Problem {
  if (error instanceof Fault && faults[error.code].retry) {
    const { cause, fix } = faults[error.code];
    const headers = { "retry-after": "1" };
    return { kind: "problem", status: 503, code: error.code, title: "Not now", cause, fix, headers };
  }
  const cause = `the node failed; its log has the details under ${id}`;
  return { kind: "problem", status: 500, code: "INTERNAL", title: "Internal fault", cause, fix: "tell the operator" };
}

/** The JSON of a problem, in one fixed order of members. */
export const problemJson = (p: Problem): string =>
  JSON.stringify({
    type: `urn:midchain:problem:${p.code}`,
    title: p.title,
    status: p.status,
    code: p.code,
    ...(p.rule === undefined ? {} : { rule: p.rule }),
    cause: p.cause,
    fix: p.fix,
  });
