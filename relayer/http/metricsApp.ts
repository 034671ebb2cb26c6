import express, { type Express } from "express";
import { problem } from "./reply.ts";
import { send } from "./send.ts";

export interface OperatorDoor {
  readonly contentType: string;
  readonly metrics: () => Promise<string>;
  /** Audits the cluster now; undefined for a node that stands alone. */
  readonly audit: ((options: { readonly scrub: boolean; readonly repair: boolean }) => Promise<unknown>) | undefined;
  /** Transactions on their way to the chain, by nonce, and the two things an operator may do about one. */
  readonly outbox: {
    readonly list: () => readonly unknown[];
    readonly bump: (nonce: number) => Promise<void>;
    readonly cancel: (nonce: number) => Promise<void>;
  };
}

const OPERATOR_HEADER = "x-midchain-operator";

/** Prometheus metrics and the outbox, on a port of their own that is for the operator and not for the public. */
export function createMetricsApp(door: OperatorDoor): Express {
  const app = express();
  app.disable("x-powered-by");
  app.get("/metrics", async (_request, response) => {
    send(response, { kind: "text", type: door.contentType, text: await door.metrics() });
  });
  app.get("/outbox", (_request, response) => {
    response.json({ transactions: door.outbox.list() });
  });
  app.post("/outbox/:nonce/:action", async (request, response) => {
    const { nonce, action } = request.params;
    const act = action === "bump" ? door.outbox.bump : action === "cancel" ? door.outbox.cancel : undefined;
    // A header that no web page can send across origins: a browser on this machine must not be talked into this.
    if (request.get(OPERATOR_HEADER) === undefined || act === undefined || !/^\d{1,15}$/.test(nonce)) {
      send(
        response,
        problem("NOT_FOUND", { fix: `POST /outbox/<nonce>/bump or /cancel, with the header ${OPERATOR_HEADER}` }),
      );
      return;
    }
    await act(Number(nonce));
    response.json({ transactions: door.outbox.list() });
  });
  app.post("/audit", async (request, response) => {
    if (request.get(OPERATOR_HEADER) === undefined || door.audit === undefined) {
      send(
        response,
        problem("NOT_FOUND", { fix: `POST /audit at a node of a cluster, with the header ${OPERATOR_HEADER}` }),
      );
      return;
    }
    const { scrub, repair } = request.query;
    response.json(await door.audit({ scrub: scrub !== "false", repair: repair === "true" }));
  });
  app.use((_request, response) => {
    send(response, problem("NOT_FOUND", { fix: "metrics are at /metrics, transactions on their way at /outbox" }));
  });
  return app;
}
