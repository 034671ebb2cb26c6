import express, { type Express } from "express";
import { problem } from "./reply.ts";
import { send } from "./send.ts";

/** Prometheus metrics, on a port of their own that is not for the public. */
export function createMetricsApp(registry: {
  readonly contentType: string;
  readonly metrics: () => Promise<string>;
}): Express {
  const app = express();
  app.disable("x-powered-by");
  app.get("/metrics", async (_request, response) => {
    send(response, { kind: "text", type: registry.contentType, text: await registry.metrics() });
  });
  app.use((_request, response) => {
    send(response, problem("NOT_FOUND", { fix: "metrics are at /metrics" }));
  });
  return app;
}
