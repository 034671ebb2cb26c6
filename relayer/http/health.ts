import { Router } from "express";
import type { HttpNode } from "./door.ts";
import { json } from "./reply.ts";
import { send } from "./send.ts";

/** /health: the process answers. /ready: it can do its work; 503 and the reason by component otherwise. */
export function healthRouter(node: Pick<HttpNode, "ledger" | "replica" | "executor">): Router {
  const router = Router();
  router.get("/health", (_request, response) => {
    send(response, json({ status: "ok" }));
  });
  router.get("/ready", (_request, response) => {
    const { watch } = node.ledger;
    const components = {
      ledger:
        watch.lastError === undefined
          ? { ready: true, head: watch.head, finalized: watch.finalized }
          : { ready: false, cause: watch.lastError },
      log: { ready: true, partitions: node.replica.partitions },
    };
    const ready = Object.values(components).every((component) => component.ready);
    send(response, json({ ready, components }, ready ? 200 : 503));
  });
  return router;
}
