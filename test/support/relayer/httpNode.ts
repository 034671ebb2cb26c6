import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSiweMessage } from "viem/siwe";
import type { PrivateKeyAccount } from "viem/accounts";
import { createApp } from "../../../relayer/http/app.ts";
import type { HttpNode, HttpOptions } from "../../../relayer/http/door.ts";
import { listen } from "../../../relayer/http/server.ts";
import { readConfig } from "../../../relayer/config.ts";
import { startNode, type RelayerNode } from "../../../relayer/node.ts";
import { createLogger } from "../../../relayer/ops/logger.ts";
import { ANVIL_KEYS } from "../../../scripts/local/deployLocal.ts";
import { startStubChain } from "./stubChain.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed JSON; each test says what it expects of it. */
  readonly body: unknown;
}

export interface Ask {
  readonly token?: string;
  readonly json?: unknown;
  readonly cbor?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly raw?: string | Uint8Array;
}

export interface TestHttp {
  readonly url: string;
  readonly node: RelayerNode;
  readonly ask: (method: string, path: string, what?: Ask) => Promise<Answer>;
  readonly siwe: (wallet: PrivateKeyAccount, change?: Record<string, unknown>) => Promise<string>;
  readonly signIn: (wallet: PrivateKeyAccount) => Promise<string>;
  /** Moves the clock of sessions, nonces and proposals. */
  readonly advance: (ms: number) => void;
  readonly stop: () => Promise<void>;
}

/** A real node on LMDB in a temporary folder, on a chain where nothing happens, behind the real app. */
export async function startHttp(
  options: Partial<HttpOptions> = {},
  change: (node: HttpNode) => HttpNode = (node) => node,
): Promise<TestHttp> {
  const chain = await startStubChain();
  const dir = mkdtempSync(join(tmpdir(), "midchain-http-"));
  const [sender, dvKey] = ANVIL_KEYS;
  const read = readConfig({
    MIDCHAIN_DATA_DIR: dir,
    MIDCHAIN_RPC_URLS: chain.rpcUrl,
    MIDCHAIN_CHAIN_ID: "31337",
    MIDCHAIN_LEDGER: `0x${"aa".repeat(20)}`,
    MIDCHAIN_ENGINE: `0x${"bb".repeat(20)}`,
    MIDCHAIN_TOKENS: `0x${"cc".repeat(20)}`,
    MIDCHAIN_SENDER_KEY: sender,
    MIDCHAIN_DV_KEYS: dvKey,
  });
  if (read.kind === "invalid") throw new Error(read.problems.join("; "));
  const log = createLogger("silent");
  const node = await startNode(read.config, log);
  let aheadMs = 0;
  const clock = { now: () => Date.now() + aheadMs };
  let url = "";
  const all: HttpOptions = {
    networkName: "test",
    publicUrl: () => url,
    origins: [],
    proxies: 0,
    ipPerMinute: 0,
    accountPerMinute: 0,
    streamsMax: 10,
    ...options,
  };
  const { app, close } = createApp(change(node), all, { clock, log });
  const server = await listen(app, { host: "127.0.0.1", port: 0 });
  url = server.url;
  const ask = (method: string, path: string, what: Ask = {}) => askAt(`${url}${path}`, method, what);
  const siwe = async (wallet: PrivateKeyAccount, changed: Record<string, unknown> = {}): Promise<string> => {
    const { body } = await ask("GET", "/v1/session/nonce");
    const { nonce } = body as { nonce: string };
    const { host } = new URL(url);
    const issuedAt = new Date(clock.now());
    const usual = { address: wallet.address, chainId: 31337, domain: host, uri: url, nonce, version: "1", issuedAt };
    return createSiweMessage({ ...usual, ...changed } as Parameters<typeof createSiweMessage>[0]);
  };
  return {
    url,
    node,
    ask,
    siwe,
    async signIn(wallet) {
      const message = await siwe(wallet);
      const signature = await wallet.signMessage({ message });
      const { body } = await ask("POST", "/v1/session", { json: { message, signature } });
      return (body as { token: string }).token;
    },
    advance(ms) {
      aheadMs += ms;
    },
    async stop() {
      const closed = server.close();
      close();
      await closed;
      await node.stop();
      await chain.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function askAt(url: string, method: string, what: Ask): Promise<Answer> {
  const type = what.json !== undefined ? "application/json" : what.cbor !== undefined ? "application/cbor" : undefined;
  const body = what.json !== undefined ? JSON.stringify(what.json) : (what.cbor ?? what.raw);
  const headers = {
    ...(type === undefined ? {} : { "content-type": type }),
    ...(what.token === undefined ? {} : { authorization: `Bearer ${what.token}` }),
    ...what.headers,
  };
  const init = { method, headers, ...(body === undefined ? {} : { body: body as BodyInit }) };
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson ? (JSON.parse(text) as unknown) : {},
  };
}
