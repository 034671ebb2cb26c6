import { useEffect, useSyncExternalStore } from "react";
import type { NetworkEvent } from "../../sdk/index.ts";
import { createListeners } from "../listeners.ts";
import { queries, relayer } from "./relayer.ts";

/**
 * One event stream for the whole page. It is also how the page knows that the relayer is there: a stream that breaks
 * and cannot be had again means that what is shown is old.
 */

export interface Connection {
  readonly state: "connecting" | "live" | "lost";
  /** When something was last heard. */
  readonly heardAt: number;
}

let connection: Connection = { state: "connecting", heardAt: Date.now() };
const { tell, subscribe } = createListeners();
const listeners = new Set<(event: NetworkEvent) => void>();

function become(next: Connection): void {
  connection = next;
  tell();
}

function hear(event: NetworkEvent): void {
  if (event.kind === "lost") {
    if (connection.state !== "lost") become({ ...connection, state: "lost" });
    return;
  }
  const returned = connection.state === "lost";
  if (connection.state === "live") connection = { state: "live", heardAt: Date.now() };
  else become({ state: "live", heardAt: Date.now() });
  if (returned || event.kind === "reset") void queries.invalidateQueries();
  for (const listener of listeners) listener(event);
}

/** Begins to listen, for as long as the page is open. */
export async function startListening(): Promise<void> {
  for await (const event of relayer.events(new AbortController().signal)) hear(event);
}

export const useConnectionState = (): Connection => useSyncExternalStore(subscribe, () => connection);

/** Has what begins with this key read again for every event, at most once in `everyMs`, and once more after the last. */
export function useRefreshOnEvents(key: string, everyMs: number): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listener = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void queries.invalidateQueries({ queryKey: [key] });
      }, everyMs);
    };
    listeners.add(listener);
    return () => {
      clearTimeout(timer);
      listeners.delete(listener);
    };
  }, [key, everyMs]);
}
