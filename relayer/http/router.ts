import { randomBytes } from "node:crypto";
import { Router, type ErrorRequestHandler, type Request } from "express";
import type { z } from "zod";
import { toHex } from "../../protocol/bytes.ts";
import { JSON_BYTES_MAX, parseJson } from "../guard/json.ts";
import type { HttpPorts } from "./door.ts";
import { readBody } from "./incoming.ts";
import type { Limit } from "./limits.ts";
import { faultProblem, problem, refusalProblem, tooMany, type Problem, type Reply } from "./reply.ts";
import type { RawCall, Route } from "./route.ts";
import { send } from "./send.ts";
import type { Sessions } from "./session.ts";
import { SUBMISSION_TYPE } from "./submit.ts";

export interface RouterPorts extends HttpPorts {
  readonly sessions: Pick<Sessions, "accountOf">;
  readonly perAccount: Limit;
}

const NOBODY = new Uint8Array(0);
const expressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ":$1");

/** Puts the table of routes onto express: session, limits, parsing, and the one place where faults become answers. */
export function routerOf(routes: readonly Route[], ports: RouterPorts): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const row of routes) {
    router[row.method](expressPath(row.path), async (request, response) => {
      send(response, await answer(row, request, ports));
    });
  }
  for (const path of new Set(routes.map((row) => row.path))) {
    const methods = routes.filter((row) => row.path === path).map((row) => row.method.toUpperCase());
    router.all(expressPath(path), (_request, response) => {
      send(response, problem("METHOD_NOT_ALLOWED", { headers: { allow: methods.join(", ") } }));
    });
  }
  return router;
}

/** Runs `work`; whatever it throws becomes an answer, and the details go to the log under the same id. */
export async function guarded<Given extends Reply | undefined>(
  work: () => Given | Promise<Given>,
  log: HttpPorts["log"],
): Promise<Given | Reply> {
  try {
    return await work();
  } catch (error) {
    const faultId = randomBytes(8).toString("hex");
    log.error(
      { faultId, error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
      "a call failed",
    );
    return faultProblem(error, faultId);
  }
}

async function answer(row: Route, request: Request, ports: RouterPorts): Promise<Reply> {
  return guarded(async () => {
    const token = /^Bearer ([A-Za-z0-9_-]{1,128})$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const account = row.session ? ports.sessions.accountOf(token) : NOBODY;
    if (account === undefined) {
      request.resume();
      return problem("NO_SESSION", { headers: { "www-authenticate": "Bearer" } });
    }
    const waitS = row.session ? await ports.perAccount(toHex(account)) : 0;
    if (waitS > 0) return tooMany(waitS);
    const parsed = await parse(row, request);
    return parsed.kind === "problem" ? parsed : row.handle({ ...parsed, account, token });
  }, ports.log);
}

type Parsed = Problem | ({ readonly kind: "parsed" } & Omit<RawCall, "account" | "token">);

async function parse(row: Route, request: Request): Promise<Parsed> {
  const params = check(row.params, request.params, "path");
  if (params.kind === "problem") return params;
  const query = check(row.query, request.query, "query");
  if (query.kind === "problem") return query;
  const nothing = { kind: "parsed", params: params.value, query: query.value, body: undefined, raw: NOBODY } as const;
  if (row.rawBytesMax !== undefined) {
    const incoming = await readBody(request, { type: SUBMISSION_TYPE, bytesMax: row.rawBytesMax });
    return incoming.kind === "problem" ? incoming : { ...nothing, raw: incoming.bytes };
  }
  if (row.body === undefined) return nothing;
  const incoming = await readBody(request, { type: "application/json", bytesMax: JSON_BYTES_MAX });
  if (incoming.kind === "problem") return incoming;
  const verdict = parseJson(incoming.bytes);
  if (verdict.kind === "refused") return refusalProblem({ kind: "refused", ...verdict.breach });
  const body = check(row.body, verdict.value, "body");
  return body.kind === "problem" ? body : { ...nothing, body: body.value };
}

type Checked = Problem | { readonly kind: "value"; readonly value: unknown };

function check(schema: z.ZodType | undefined, value: unknown, where: string): Checked {
  if (schema === undefined) return { kind: "value", value: {} };
  const result = schema.safeParse(value);
  if (result.success) return { kind: "value", value: result.data };
  // The place and the rule, never what was sent.
  const [issue] = result.error.issues;
  const place = [where, ...(issue?.path ?? [])].map(String).join(".");
  return problem("BAD_REQUEST", { cause: `${place}: ${issue?.message ?? "not the documented shape"}` });
}

/** For express's own refusals (a malformed address, say): a problem like every other. Four parameters: it is an error layer. */
export const refuseBroken: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) next(error);
  else send(response, problem("BAD_REQUEST", { cause: "the address cannot be read" }));
};
