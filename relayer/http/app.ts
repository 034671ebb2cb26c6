import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import express, { type NextFunction, type Request, type Response } from "express";
import helmet from "helmet";
import { ascii } from "../../protocol/bytes.ts";
import { createInclusions } from "../flow/inclusion.ts";
import { docsRouter } from "./docsPage.ts";
import { consistentReads, markPosition, POSITION_HEADER } from "./consistency.ts";
import type { HttpNode, HttpOptions, HttpPorts } from "./door.ts";
import { openEvents } from "./events.ts";
import { healthRouter } from "./health.ts";
import { readBody } from "./incoming.ts";
import { openMemory } from "./memory.ts";
import { perMinute, type Limit } from "./limits.ts";
import { openApiOf } from "./openapi.ts";
import { portalRouter } from "./portal.ts";
import { followRecent } from "./recent.ts";
import { problem, tooMany } from "./reply.ts";
import type { Route } from "./route.ts";
import { guarded, refuseBroken, routerOf } from "./router.ts";
import { accountRoutes } from "./routes/account.ts";
import { clusterRoutes } from "./routes/cluster.ts";
import { erasureRoutes } from "./routes/erasure.ts";
import { grantRoutes } from "./routes/grants.ts";
import { networkRoutes } from "./routes/network.ts";
import { proposalRoutes } from "./routes/proposals.ts";
import { sessionRoutes } from "./routes/session.ts";
import { transactionRoutes } from "./routes/transactions.ts";
import { send } from "./send.ts";
import { createSessions } from "./session.ts";
import { createSubmit, SUBMISSION_BYTES_MAX, SUBMISSION_TYPE, type Submit } from "./submit.ts";

export interface HttpApp {
  readonly app: RequestListener;
  /** Ends the streams and lets go of the node; open connections are the server's to close. */
  readonly close: () => void;
}

/** Everything people and programs reach over HTTP, except metrics. */
export function createApp(node: HttpNode, options: HttpOptions, ports: HttpPorts): HttpApp {
  const recent = followRecent(node.replica);
  const inclusions = createInclusions(ascii(options.networkName), {
    view: node.replica.view,
    keccak: node.enrolment.keccak,
  });
  const events = openEvents(node, { readersMax: options.streamsMax });
  const submit = createSubmit(node, { ...ports, ...options });
  const memory = openMemory(ports.clock, node.cluster?.words);
  const sessions = createSessions({ keyring: node.keyring, clock: ports.clock, memory });
  const routes: readonly Route[] = [
    ...networkRoutes(node, options),
    ...clusterRoutes(node, options),
    ...sessionRoutes(node, options, { ...ports, sessions, nonces: memory("nonces") }),
    ...accountRoutes(node),
    ...transactionRoutes(node, { submit, recent, inclusions }),
    ...erasureRoutes(node, sessions),
    ...grantRoutes(node),
    ...proposalRoutes(node, { ...ports, submit }),
  ];
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("trust proxy", options.proxies);
  const perIp = perMinute(options.ipPerMinute);
  const cors = crossOrigin(options.origins);
  const hotPath = createHotPath(node, submit, { ...ports, perIp });
  app.post("/v1/transactions", cors, (request, response) => hotPath(request.ip ?? "", request, response));
  app.use(accessLog(ports), securityHeaders(options), cors, limitPerIp(perIp));
  app.get("/v1/events", (request, response) => {
    if (!events.join(response, request.get("last-event-id"))) send(response, problem("FULL"));
  });
  app.get("/v1/openapi.json", (_request, response) => {
    response.json(openApiOf(routes, options.publicUrl()));
  });
  app.use("/v1", consistentReads(node, { ...ports, sessions }));
  app.use("/v1", routerOf(routes, { ...ports, sessions, perAccount: perMinute(options.accountPerMinute) }));
  app.use(healthRouter(node), docsRouter(routes));
  if (options.portalDir !== undefined) app.use(portalRouter(options.portalDir));
  app.use((_request, response) => {
    send(response, problem("NOT_FOUND"));
  });
  app.use(refuseBroken);
  return {
    app(request, response) {
      if (isPlainSubmit(request, options)) void hotPath(request.socket.remoteAddress ?? "", request, response);
      else app(request, response);
    },
    close() {
      events.stop();
      recent.stop();
    },
  };
}

/** A submission as programs send it: nobody's browser, and no proxy that has to be believed about the address. */
const isPlainSubmit = (request: IncomingMessage, { proxies }: Pick<HttpOptions, "proxies">): boolean =>
  request.method === "POST" &&
  request.url === "/v1/transactions" &&
  request.headers.origin === undefined &&
  proxies === 0;

/** Before every layer: two thousand times a second, each layer counts. It answers JSON only, to programs. */
function createHotPath(node: HttpNode, submit: Submit, ports: HttpPorts & { readonly perIp: Limit }) {
  return async (ip: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader("x-content-type-options", "nosniff");
    const reply = await guarded(async () => {
      const waitS = await ports.perIp(ip);
      if (waitS > 0) return tooMany(waitS);
      const incoming = await readBody(request, { type: SUBMISSION_TYPE, bytesMax: SUBMISSION_BYTES_MAX });
      if (incoming.kind === "problem") return incoming;
      const key = request.headers["idempotency-key"];
      return submit(incoming.bytes, typeof key === "string" ? key : undefined);
    }, ports.log);
    markPosition(node, response);
    send(response, reply);
    if (reply.kind === "problem") ports.log.info({ code: reply.code }, "request refused");
  };
}

/** The route as it is written, not as it was called: an address may hold an account or a transaction id. */
function accessLog({ log, clock }: HttpPorts) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const startedAt = clock.now();
    response.on("finish", () => {
      const route = (request.route as { readonly path?: unknown } | undefined)?.path;
      const facts = {
        method: request.method,
        route: typeof route === "string" ? route : "",
        status: response.statusCode,
        ms: clock.now() - startedAt,
      };
      log[response.statusCode >= 400 ? "info" : "debug"](facts, "call answered");
    });
    next();
  };
}

function securityHeaders(options: Pick<HttpOptions, "browserRpcUrl">) {
  const rpc = options.browserRpcUrl === undefined ? [] : [new URL(options.browserRpcUrl).origin];
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        fontSrc: ["'self'"],
        connectSrc: ["'self'", ...rpc],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // Wallet extensions open their own windows; the page must stay reachable for them.
    crossOriginOpenerPolicy: { policy: "same-origin-allow-popups" },
    referrerPolicy: { policy: "no-referrer" },
  });
}

/** No other origin, unless the operator lists it. Tokens travel in a header, so credentials are never allowed. */
function crossOrigin(origins: readonly string[]) {
  const allowed = new Set(origins.map((origin) => new URL(origin).origin));
  return (request: Request, response: Response, next: NextFunction): void => {
    const origin = request.get("origin");
    if (origin === undefined || !allowed.has(origin)) {
      next();
      return;
    }
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("vary", "Origin");
    response.setHeader("access-control-expose-headers", POSITION_HEADER);
    if (request.method !== "OPTIONS") {
      next();
      return;
    }
    response.setHeader("access-control-allow-methods", "GET, POST, PUT, DELETE");
    response.setHeader("access-control-allow-headers", "authorization, content-type, idempotency-key, last-event-id");
    response.setHeader("access-control-max-age", "600");
    response.status(204).end();
  };
}

function limitPerIp(perIp: Limit) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const waitS = await perIp(request.ip ?? "");
    if (waitS > 0) send(response, tooMany(waitS));
    else next();
  };
}
