import { Router } from "express";
import type { HttpNode } from "./door.ts";
import { json } from "./reply.ts";
import { send } from "./send.ts";

/** More records than this behind the log's tail is a copy that is being caught up, not one that is a moment late. */
const LAG_RECORDS_MAX = 1_000;

/**
 * The log as this node has it. A partition or two that are read-only or behind are said and leave the node in service:
 * a balancer that took every node out for one stopped partition would stop the others too. Untrusted servers, or most
 * partitions stopped, take it out.
 */
function logState({ cluster, replica }: Pick<HttpNode, "replica" | "cluster">) {
  const view = cluster?.view();
  if (view === undefined) return { ready: true, partitions: replica.partitions };
  const unsafe = view.unsafe.map(({ cause }) => cause);
  const frozen = view.partitions.flatMap(({ partition, state }) => (state === "ok" ? [] : [{ partition, state }]));
  const lagging = view.partitions.flatMap(({ partition, tail, applied }) =>
    tail !== null && tail - applied > LAG_RECORDS_MAX ? [{ partition, behind: tail - applied }] : [],
  );
  const stopped = new Set([...frozen, ...lagging].map(({ partition }) => partition));
  const facts = { partitions: replica.partitions, unsafe, frozen, lagging };
  const [cause] = unsafe;
  if (cause !== undefined) return { ready: false, cause, ...facts };
  if (stopped.size * 2 > replica.partitions)
    return { ready: false, cause: `${stopped.size} partitions take no appends or are far behind`, ...facts };
  return { ready: true, ...facts };
}

/** /health: the process answers. /ready: it can do its work; 503 and the reason by component otherwise. */
export function healthRouter(node: Pick<HttpNode, "ledger" | "replica" | "cluster">): Router {
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
      log: logState(node),
    };
    const ready = Object.values(components).every((component) => component.ready);
    send(response, json({ ready, components }, ready ? 200 : 503));
  });
  return router;
}
