import type { Hex } from "../protocol/bytes.ts";
import type { Wire } from "./wire.ts";

const RETRY_MS = 1_000;

/** What the relayer's public stream says, and how the stream itself is. */
export type NetworkEvent =
  | { readonly kind: "open" }
  /** The stream was cut or could not be had; it is tried again. */
  | { readonly kind: "lost" }
  | { readonly kind: "transaction"; readonly id: Hex; readonly state: string }
  | { readonly kind: "head"; readonly head: number; readonly finalized: number }
  /** Something was missed: read what you follow again. */
  | { readonly kind: "reset" };

/** The stream for as long as the signal lets it; taken up where it was each time that it is cut. */
export async function* events(wire: Pick<Wire, "url" | "fetch">, signal: AbortSignal): AsyncGenerator<NetworkEvent> {
  let lastEventId: string | undefined;
  while (!signal.aborted) {
    try {
      const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
      const response = await wire.fetch(`${wire.url}/events`, { headers, signal });
      if (!response.ok || response.body === null) throw new Error("no stream");
      yield { kind: "open" };
      for await (const event of partsOf(response.body)) {
        lastEventId = event.id ?? lastEventId;
        const read = eventOf(event);
        if (read !== undefined) yield read;
      }
    } catch {
      // What is missed is told by `reset`, or is found by whoever looks now and then.
    }
    yield { kind: "lost" };
    await pause(RETRY_MS, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

function eventOf({ kind, data }: StreamPart): NetworkEvent | undefined {
  if (kind === "reset") return { kind };
  if (kind !== "transaction" && kind !== "head") return undefined;
  try {
    return { kind, ...(JSON.parse(data) as object) } as NetworkEvent;
  } catch {
    return undefined;
  }
}

interface StreamPart {
  readonly kind: string;
  readonly data: string;
  readonly id?: string;
}

/** Takes a text/event-stream apart (HTML living standard, section 9.2.6), as far as a relayer uses it. */
async function* partsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamPart> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const parts = text.split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const field = (name: string): string | undefined =>
          part
            .split("\n")
            .find((line) => line.startsWith(`${name}: `))
            ?.slice(name.length + 2);
        const [data, id] = [field("data"), field("id")];
        if (data !== undefined) yield { kind: field("event") ?? "message", data, ...(id === undefined ? {} : { id }) };
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
