import { laterPosition } from "../protocol/position.ts";
import { failure, MidchainError } from "./errors.ts";

/** How this library talks to a relayer: one place for addresses, tokens and problems. */
export interface Wire {
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
  readonly get: <Value>(path: string, token?: string) => Promise<Value>;
  readonly text: (path: string, token?: string) => Promise<string>;
  readonly bytes: (path: string, token?: string) => Promise<Uint8Array>;
  readonly send: <Value>(call: Send) => Promise<Value>;
  /** Tells of every token that the relayer no longer takes, however long it was to live. */
  readonly onEnded: (listener: (token: string) => void) => void;
}

export interface Send {
  readonly method: "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly token?: string;
  readonly json?: unknown;
  readonly cbor?: Uint8Array;
}

const CALL_MS_MAX = 30_000;

type Init = Pick<RequestInit, "method" | "body"> & { readonly headers?: Readonly<Record<string, string>> };

export function openWire(url: string, fetch: typeof globalThis.fetch): Wire {
  const base = `${url.replace(/\/+$/, "")}/v1`;
  /** What this client has seen of a cluster: behind one address there may be several nodes, some a moment behind. */
  let position = "";
  const listeners = new Set<(token: string) => void>();
  const call = async (path: string, token: string | undefined, init: Init = {}): Promise<Response> => {
    let response: Response;
    try {
      const headers = { ...init.headers, ...withToken(token) };
      response = await fetch(`${base}${path}`, { ...init, headers, signal: AbortSignal.timeout(CALL_MS_MAX) });
    } catch (error) {
      throw failure("UNREACHABLE", error instanceof Error ? error.message : String(error));
    }
    if (!response.ok) {
      const problem = await problemOf(response);
      if (problem.code === "NO_SESSION" && token !== undefined) for (const tell of listeners) tell(token);
      throw problem;
    }
    const reached = response.headers.get("midchain-position");
    if (reached !== null) position = laterPosition(position, reached);
    return response;
  };
  const withToken = (token: string | undefined): Record<string, string> =>
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  const seen = (path: string): string =>
    position === "" ? path : `${path}${path.includes("?") ? "&" : "?"}atLeast=${position}`;
  const read = (path: string, token: string | undefined) => call(seen(path), token);
  return {
    url: base,
    fetch,
    get: async <Value>(path: string, token?: string) => (await (await read(path, token)).json()) as Value,
    text: async (path, token) => (await read(path, token)).text(),
    bytes: async (path, token) => new Uint8Array(await (await read(path, token)).arrayBuffer()),
    async send<Value>({ method, path, token, json, cbor }: Send) {
      const type = json !== undefined ? "application/json" : cbor !== undefined ? "application/cbor" : undefined;
      const body = json !== undefined ? JSON.stringify(json) : (cbor as BodyInit | undefined);
      const headers = type === undefined ? {} : { "content-type": type };
      const response = await call(path, token, { method, headers, ...(body === undefined ? {} : { body }) });
      return (response.status === 204 ? undefined : await response.json()) as Value;
    },
    onEnded(listener) {
      listeners.add(listener);
    },
  };
}

async function problemOf(response: Response): Promise<MidchainError> {
  const { status } = response;
  const problem = (await response.json().catch(() => ({}))) as Partial<Record<string, unknown>>;
  const text = (name: string, otherwise: string): string => {
    const value = problem[name];
    return typeof value === "string" ? value : otherwise;
  };
  const { rule } = problem;
  return new MidchainError({
    status,
    code: text("code", `HTTP_${status}`),
    rule: typeof rule === "string" ? rule : undefined,
    cause: text("cause", `the relayer answered ${status}`),
    fix: text("fix", "see the relayer's /docs"),
  });
}
