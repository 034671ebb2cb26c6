import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params?: readonly unknown[];
}

/** What a proxied call gets: passed on, or something worse. `after` is called once the chain has answered. */
export type Treatment =
  | { readonly kind: "pass"; readonly after?: (result: unknown) => unknown }
  | { readonly kind: "error"; readonly message: string }
  | { readonly kind: "silent" };

export interface RpcProxy {
  readonly url: string;
  /** Decides about every call; may be changed at any time. */
  treat: (call: Call) => Treatment | Promise<Treatment>;
  readonly calls: Map<string, number>;
  readonly stop: () => Promise<void>;
}

/** A JSON-RPC endpoint between a relayer and its chain, that can fail, lie and keep silent on demand. */
export async function startRpcProxy(upstream: string): Promise<RpcProxy> {
  const calls = new Map<string, number>();
  const proxy = { treat: (): Treatment => ({ kind: "pass" }) } as { treat: RpcProxy["treat"] };
  const answer = async (call: Call): Promise<unknown> => {
    calls.set(call.method, (calls.get(call.method) ?? 0) + 1);
    const treatment = await proxy.treat(call);
    switch (treatment.kind) {
      case "silent":
        return new Promise(() => undefined);
      case "error":
        return { jsonrpc: "2.0", id: call.id, error: { code: -32000, message: treatment.message } };
      case "pass": {
        const response = await fetch(upstream, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(call),
        });
        const reply = (await response.json()) as { result?: unknown };
        if (treatment.after !== undefined && reply.result !== undefined) reply.result = treatment.after(reply.result);
        return reply;
      }
    }
  };
  const server: Server = createServer((request, response) => {
    void (async () => {
      const body = JSON.parse(await textOf(request)) as Call | Call[];
      const replies = Array.isArray(body) ? await Promise.all(body.map(answer)) : await answer(body);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(replies));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${port}`,
    calls,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  });
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}
