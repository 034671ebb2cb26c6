import { join } from "node:path";
import express, { Router } from "express";

/** The built single page app: files as they are, and its one page for every address a person may type or reload. */
export function portalRouter(dir: string): Router {
  const router = Router();
  // Assets carry the hash of their content in their names.
  router.use("/assets", express.static(join(dir, "assets"), { immutable: true, maxAge: "365d", fallthrough: true }));
  router.use(express.static(dir, { index: "index.html", fallthrough: true, etag: true }));
  router.get(/^\/(?!v1(?:\/|$)).*/, (request, response, next) => {
    if (request.accepts("html") === false) next();
    // Below a root of its own: the folders above it may well be named with a dot.
    else response.sendFile("index.html", { root: dir });
  });
  return router;
}
