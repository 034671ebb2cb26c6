import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { toHex } from "../../protocol/bytes.ts";
import type { Happened } from "../midc/apply.ts";
import { outcomeAt } from "../midc/rows.ts";
import type { HttpNode } from "./door.ts";

/**
 * The public stream of what happens: server-sent events with ids, so that a reader who lost the connection goes on where
 * it was. The ring is bounded; who comes back too late, or to another process, hears `reset` and reads what it missed.
 */

export const RING_MAX = 10_000;
export const HEARTBEAT_MS = 15_000;
/** A reader that does not read is let go before it fills the memory. */
const UNSENT_BYTES_MAX = 1024 * 1024;

export interface Events {
  /** Takes over the response; false when there are too many readers. */
  readonly join: (response: ServerResponse, lastEventId: string | undefined) => boolean;
  readonly readers: () => number;
  readonly stop: () => void;
}

export function openEvents(
  node: Pick<HttpNode, "replica" | "ledger">,
  limits: { readonly readersMax: number; readonly ringMax?: number; readonly heartbeatMs?: number },
): Events {
  const ring = createRing(limits.ringMax ?? RING_MAX);
  const readers = new Set<ServerResponse>();
  const tell = (text: string): void => {
    for (const reader of readers) {
      if (reader.writableLength > UNSENT_BYTES_MAX) reader.destroy();
      else reader.write(text);
    }
  };
  const unlisten = node.replica.onHappened((happened) => {
    for (const event of eventsOf(happened)) {
      ring.add(event);
      if (readers.size > 0) tell(ring.newest());
    }
  });
  const unhead = node.ledger.onHead(() => {
    const { head, finalized } = node.ledger.watch;
    tell(`event: head\ndata: ${JSON.stringify({ head, finalized })}\n\n`);
  });
  const heartbeat = setInterval(tell, limits.heartbeatMs ?? HEARTBEAT_MS, ": still here\n\n");
  heartbeat.unref();
  return {
    join(response, lastEventId) {
      if (readers.size >= limits.readersMax) return false;
      response.writeHead(200, {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      });
      response.write(`retry: 1000\n\n`);
      if (lastEventId !== undefined) response.write(ring.since(lastEventId));
      readers.add(response);
      response.on("close", () => readers.delete(response));
      return true;
    },
    readers: () => readers.size,
    stop() {
      clearInterval(heartbeat);
      unlisten();
      unhead();
      for (const reader of readers) reader.end();
    },
  };
}

/** The last events by id. Ids carry the process they came from: another one cannot know what it has not seen. */
function createRing(entriesMax: number) {
  const boot = randomBytes(6).toString("hex");
  const entries: TxEvent[] = [];
  let next = 0;
  // Written out for whoever reads it, not when it happens: most of the time nobody does.
  const text = ({ txId, state }: TxEvent, id: number): string =>
    `id: ${boot}-${id}\nevent: transaction\ndata: ${JSON.stringify({ id: toHex(txId), state })}\n\n`;
  const textFrom = (at: number): string =>
    entries
      .slice(at - (next - entries.length))
      .map((event, i) => text(event, at + i))
      .join("");
  return {
    add(event: TxEvent): void {
      next += 1;
      entries.push(event);
      // Cut in big steps: dropping the first of ten thousand each time would copy them each time.
      if (entries.length > entriesMax * 2) entries.splice(0, entries.length - entriesMax);
    },
    newest: (): string => textFrom(next - 1),
    since(lastEventId: string): string {
      const at = lastEventId.startsWith(`${boot}-`) ? Number(lastEventId.slice(boot.length + 1)) + 1 : NaN;
      const oldest = next - entries.length;
      if (Number.isInteger(at) && at >= oldest && at <= next) return textFrom(at);
      return `id: ${boot}-${next - 1}\nevent: reset\ndata: {}\n\n`;
    },
  };
}

interface TxEvent {
  readonly txId: Uint8Array;
  readonly state: "pending" | "batched" | "completed" | "failed";
}

/** The final word comes when the outcome lies on every chain, so that whoever hears it can read it there. */
function eventsOf(happened: Happened): readonly TxEvent[] {
  switch (happened.kind) {
    case "begun":
      return [{ txId: happened.txId, state: "pending" }];
    case "closed":
      return happened.txIds.map((txId) => ({ txId, state: "batched" }));
    case "ended":
      return happened.txIds.map((txId, index) => ({ txId, state: outcomeAt(happened.decision, index).state }));
    case "block":
    case "erased":
    case "void":
      return [];
  }
}
