import express, { type Express } from "express";
import { problem } from "./reply.ts";
import { send } from "./send.ts";

export interface OperatorDoor {
  readonly contentType: string;
  readonly metrics: () => Promise<string>;
  /** Audits the cluster now; undefined for a node that stands alone. */
  readonly audit: ((options: { readonly scrub: boolean; readonly repair: boolean }) => Promise<unknown>) | undefined;
  /** What an operator of a cluster may have a node do now; undefined for a node that stands alone. */
  readonly cluster: ClusterDoor | undefined;
  /** Changes the vault key now, at any node, alone or not. */
  readonly rotate: () => Promise<unknown>;
  /** Transactions on their way to the chain, by nonce, and the two things an operator may do about one. */
  readonly outbox: {
    readonly list: () => readonly unknown[];
    readonly bump: (nonce: number) => Promise<void>;
    readonly cancel: (nonce: number) => Promise<void>;
  };
}

export interface ClusterDoor {
  readonly trim: () => Promise<unknown>;
  /** Takes a snapshot; `read` hands its bytes out, empty at the end and undefined where there is no such one. */
  readonly snapshot: () => Promise<{ readonly name: string; readonly manifest: unknown }>;
  readonly read: (
    name: string,
    at: { readonly offset: number; readonly max: number },
  ) => Promise<Uint8Array | undefined>;
  readonly members: () => readonly string[];
  readonly changeMember: (publicKey: `0x${string}`, member: boolean) => Promise<"done" | "last">;
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
  app.post("/vault/rotate", async (request, response) => {
    if (request.get(OPERATOR_HEADER) === undefined)
      send(response, problem("NOT_FOUND", { fix: `send the header ${OPERATOR_HEADER}` }));
    else response.json(await door.rotate());
  });
  if (door.cluster !== undefined) clusterDoor(app, door.cluster);
  app.use((_request, response) => {
    send(response, problem("NOT_FOUND", { fix: "metrics are at /metrics, transactions on their way at /outbox" }));
  });
  return app;
}

const PART_BYTES = 1 << 20;

function clusterDoor(app: Express, cluster: ClusterDoor): void {
  // Reading and doing alike: a snapshot is everybody's data, and no web page may be talked into fetching it.
  app.use("/cluster", (request, response, next) => {
    if (request.get(OPERATOR_HEADER) === undefined)
      send(response, problem("NOT_FOUND", { fix: `send the header ${OPERATOR_HEADER}` }));
    else next();
  });
  app.post("/cluster/trim", async (_request, response) => {
    response.json({ partitions: await cluster.trim() });
  });
  app.post("/cluster/snapshot", async (_request, response) => {
    const { name, manifest } = await cluster.snapshot();
    response.json({ name, manifest });
  });
  app.get("/cluster/snapshot/:name", async (request, response) => {
    const offset = Number(request.query["offset"]);
    const isOffset = Number.isSafeInteger(offset) && offset >= 0;
    const bytes = isOffset ? await cluster.read(request.params.name, { offset, max: PART_BYTES }) : undefined;
    if (bytes === undefined) send(response, problem("NOT_FOUND", { fix: "POST /cluster/snapshot for a fresh one" }));
    else response.type("application/octet-stream").send(Buffer.from(bytes));
  });
  app.get("/cluster/members", (_request, response) => {
    response.json({ members: cluster.members() });
  });
  app.post("/cluster/members/:publicKey/:action", async (request, response) => {
    const { publicKey, action } = request.params;
    if (!/^0x[0-9a-f]{64}$/.test(publicKey) || (action !== "add" && action !== "remove")) {
      send(response, problem("NOT_FOUND", { fix: "POST /cluster/members/<public key>/add or /remove" }));
      return;
    }
    const result = await cluster.changeMember(publicKey as `0x${string}`, action === "add");
    response.json({ result, members: cluster.members() });
  });
}
