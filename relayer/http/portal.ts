import { join } from "node:path";
import express, { Router } from "express";

/** The built single page app: files as they are, and its one page for every address a person may type or reload. */
export function portalRouter(dir: string): Router {
  const router = Router();
  router.use(express.static(dir, { index: "index.html", fallthrough: true, etag: true }));
  router.get(/^\/(?!v1(?:\/|$)).*/, (request, response, next) => {
    if (request.accepts("html") === false) next();
    else response.sendFile(join(dir, "index.html"));
  });
  return router;
}
