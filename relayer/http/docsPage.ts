import { Router } from "express";
import type { Route } from "./route.ts";

/** A readable page of the API at /docs: plain HTML made from the same table, with no script and no outside request. */

const CSS = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:2rem auto;padding:0 1rem}
code{font-family:ui-monospace,monospace}h2{margin-top:2.5rem;text-transform:capitalize}
article{border-top:1px solid #8885;padding:.75rem 0}h3{margin:0;font-size:1rem}p{margin:.25rem 0}
.method{display:inline-block;min-width:4.5rem;text-transform:uppercase;font-weight:700}.session{opacity:.75}`;

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

function articleOf(row: Route): string {
  const fields = (name: string, schema: Route["params"]): string =>
    schema === undefined ? "" : `<p>${name}: <code>${escape(Object.keys(schema.shape).join(", "))}</code></p>`;
  const body = row.body ?? undefined;
  const shape = body !== undefined && "shape" in body ? Object.keys(body.shape as object).join(", ") : undefined;
  const sent =
    row.rawBytesMax !== undefined
      ? `<p>Body: canonical CBOR (<code>application/cbor</code>), at most ${row.rawBytesMax} bytes</p>`
      : shape === undefined
        ? ""
        : `<p>Body (JSON): <code>${escape(shape)}</code></p>`;
  const answers = Object.entries(row.answers)
    .map(([status, { what }]) => `<p><code>${status}</code> ${escape(what)}</p>`)
    .join("");
  return `<article><h3><span class="method">${row.method}</span> <code>/v1${escape(row.path)}</code></h3>
<p>${escape(row.summary)}</p>${row.session ? '<p class="session">Needs a session.</p>' : ""}
${fields("Path", row.params)}${fields("Query", row.query)}${sent}${answers}</article>`;
}

function pageOf(routes: readonly Route[]): string {
  const tags = [...new Set(routes.map(({ tag }) => tag))];
  const sections = tags.map(
    (tag) =>
      `<section><h2>${escape(tag)}</h2>${routes
        .filter((row) => row.tag === tag)
        .map(articleOf)
        .join("")}</section>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Midchain relayer API</title><link rel="stylesheet" href="/docs/page.css"></head><body><main>
<h1>Midchain relayer API</h1>
<p>Machine-readable: <a href="/v1/openapi.json">/v1/openapi.json</a> (OpenAPI 3.1). Bytes are hex with <code>0x</code>.
Errors are <code>application/problem+json</code> with <code>code</code>, <code>cause</code> and <code>fix</code>.</p>
<section><h2>events</h2><article><h3><span class="method">get</span> <code>/v1/events</code></h3>
<p>Server-sent events: <code>transaction</code> {id, state}, <code>head</code> {head, finalized}, <code>reset</code> when
<code>Last-Event-ID</code> is too old: read what you follow again.</p></article></section>
${sections.join("\n")}</main></body></html>`;
}

export function docsRouter(routes: readonly Route[]): Router {
  const page = pageOf(routes);
  const router = Router();
  router.get("/docs", (_request, response) => {
    response.type("html").send(page);
  });
  router.get("/docs/page.css", (_request, response) => {
    response.type("css").send(CSS);
  });
  return router;
}
