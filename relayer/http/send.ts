import type { ServerResponse } from "node:http";
import { problemJson, type Reply } from "./reply.ts";

/** Puts a reply on the wire. Nothing an API answers may be kept by a cache. */
export function send(response: ServerResponse, reply: Reply): void {
  if (response.headersSent) return;
  response.setHeader("cache-control", "no-store");
  switch (reply.kind) {
    case "json":
      write(response, { status: reply.status, type: "application/json; charset=utf-8" }, JSON.stringify(reply.value));
      return;
    case "text":
      write(response, { status: 200, type: reply.type }, reply.text);
      return;
    case "bytes":
      write(response, { status: 200, type: reply.type }, reply.bytes);
      return;
    case "empty":
      response.statusCode = 204;
      response.end();
      return;
    case "problem":
      for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
      write(response, { status: reply.status, type: "application/problem+json; charset=utf-8" }, problemJson(reply));
      return;
  }
}

function write(
  response: ServerResponse,
  head: { readonly status: number; readonly type: string },
  body: string | Uint8Array,
): void {
  response.statusCode = head.status;
  response.setHeader("content-type", head.type);
  const length = Buffer.byteLength(body);
  response.setHeader("content-length", length);
  // As many bytes as characters is ASCII, which need not be converted on its way out.
  if (length === body.length) response.end(body, "latin1");
  else response.end(body);
}
