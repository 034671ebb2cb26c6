import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Sockets, and letting go of them in time. Slow senders are cut off: a header in 10 s, a whole request in 60 s. */
export interface Listening {
  readonly url: string;
  /** Takes no more connections, lets requests in flight finish for a while, then ends whatever is left. */
  readonly close: () => Promise<void>;
}

const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 60_000;
const FINISH_MS_MAX = 5_000;

export async function listen(
  app: RequestListener,
  at: { readonly host: string; readonly port: number },
): Promise<Listening> {
  const server = createServer(
    { headersTimeout: HEADERS_MS_MAX, requestTimeout: REQUEST_MS_MAX, keepAliveTimeout: 5_000, maxHeaderSize: 16_384 },
    app,
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const host = at.host.includes(":") ? `[${at.host}]` : at.host;
  return { url: `http://${host}:${port}`, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, FINISH_MS_MAX);
  await closed;
  clearTimeout(timer);
}
