import { createPublicClient, fallback, http, type PublicClient } from "viem";
import { Fault } from "../../errors.ts";

const TIMEOUT_MS = 10_000;
const RETRIES_PER_ENDPOINT = 1;

/** One client over all endpoints: a silent or broken one is passed over for the next. */
export function connectRpc(urls: readonly string[]): PublicClient {
  const transports = urls.map((url) =>
    http(url, { timeout: TIMEOUT_MS, retryCount: RETRIES_PER_ENDPOINT, retryDelay: 100, batch: true }),
  );
  return createPublicClient({ transport: fallback(transports, { retryCount: 0 }), cacheTime: 0 });
}

/** Runs a question to the chain; whatever goes wrong on the way is a fault that may be tried again. */
export async function ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("LEDGER_UNREACHABLE", shortOf(error));
  }
}

/** What the endpoint said, in one short line: the rest of an error can hold request bodies. */
export function shortOf(error: unknown): string {
  const said =
    error instanceof Error && "details" in error && typeof error.details === "string" ? error.details : undefined;
  const text = said ?? (error instanceof Error ? error.message : String(error));
  return text.split("\n")[0]?.slice(0, 200) ?? "";
}
