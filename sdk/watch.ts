import type { Hex } from "../protocol/bytes.ts";
import { MidchainError } from "./errors.ts";
import { events } from "./events.ts";
import type { Transaction } from "./types.ts";
import type { Wire } from "./wire.ts";

const POLL_MS = 2_000;
/** Heads come often and say little; they make us look at most this often. */
const HEAD_MS_MIN = 700;

export interface WatchOptions {
  readonly signal?: AbortSignal;
}

/**
 * Yields a transaction each time it has moved, and ends when its outcome lies on every party's chain. The event stream
 * tells when to look; when it is cut it is taken up where it was, and a slow look goes on without it.
 */
export async function* watch(id: Hex, wire: Wire, options: WatchOptions = {}): AsyncGenerator<Transaction> {
  const stop = new AbortController();
  const bell = doorbell();
  options.signal?.addEventListener("abort", () => {
    stop.abort();
    bell.ring();
  });
  void listen({ id, wire, ring: bell.ring }, stop.signal);
  let last = "";
  try {
    while (!stop.signal.aborted) {
      const seen = await wire.get<Transaction>(`/transactions/${id}`).catch((error: unknown) => {
        if (error instanceof MidchainError && error.status === 404) throw error;
        return undefined;
      });
      const text = JSON.stringify({ ...seen, explanation: undefined });
      if (seen !== undefined && text !== last) {
        last = text;
        yield seen;
      }
      if (seen?.ended === true) return;
      await bell.wait(POLL_MS);
    }
  } finally {
    stop.abort();
  }
}

function doorbell() {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    async wait(ms: number): Promise<void> {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      rung = false;
      wake = undefined;
    },
  };
}

interface Listen {
  readonly id: Hex;
  readonly wire: Wire;
  readonly ring: () => void;
}

async function listen({ id, wire, ring }: Listen, signal: AbortSignal): Promise<void> {
  let lookedAt = 0;
  for await (const event of events(wire, signal)) {
    const isMine = event.kind === "open" || event.kind === "reset" || (event.kind === "transaction" && event.id === id);
    const isHead = event.kind === "head" && Date.now() - lookedAt >= HEAD_MS_MIN;
    if (isHead) lookedAt = Date.now();
    if (isMine || isHead) ring();
  }
}
