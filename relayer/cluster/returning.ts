import type { Hex } from "../../protocol/bytes.ts";
import type { Replica } from "../log/replica.ts";
import type { Clock, LogEngine } from "../ports.ts";
import type { Health } from "./health.ts";
import type { Peers } from "./peers.ts";

/** Whoever lived when the servers went away says how far it is at its next beat; who has not by then may be gone too. */
const HEAR_MS_MAX = 3_000;
const AGAIN_MS = 200;
/** What was said longer ago is left to the audits, which hear everybody first. */
const SAID_MS_MAX = 60_000;

interface Returning {
  readonly engine: Pick<LogEngine, "glance" | "onConnection">;
  readonly replica: Pick<Replica, "applied" | "partitions">;
  readonly peers: Pick<Peers, "all" | "live">;
  readonly health: Pick<Health, "doubt" | "trust">;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

/** How far of each partition any node is known to have applied: as far as its log must reach. */
export function furthestOf({
  replica,
  peers,
  clock,
}: Pick<Returning, "replica" | "clock"> & { readonly peers: Pick<Peers, "all"> }): readonly number[] {
  const now = clock.now();
  const heard = peers.all().filter(({ isSelf, heardAt }) => !isSelf && now - heardAt < SAID_MS_MAX);
  return Array.from({ length: replica.partitions }, (_, partition) =>
    Math.max(replica.applied(partition), ...heard.map(({ applied }) => applied[partition] ?? 0)),
  );
}

/**
 * Servers that were away may come back with less than they had: from old disks, or the most of them from none. What
 * always holds: since they were away last, nobody appends to a partition before its log was seen to reach as far as any
 * node that lives has applied it. Otherwise a record could take the place of one that was promised, and the nodes would
 * hold two pasts.
 */
export function lookWhenBack(ports: Returning, signal: AbortSignal): () => void {
  const { engine, replica, peers, health } = ports;
  let times = 0;
  let lived: readonly Hex[] = [];
  return engine.onConnection((isConnected) => {
    times += 1;
    const mine = times;
    const isOver = (): boolean => signal.aborted || times !== mine;
    if (isConnected) {
      look(lived, ports, isOver)
        .then(() => {
          if (!isOver()) lived = [];
        })
        .catch(ports.onFault);
      return;
    }
    // Whoever was not heard again since the last time is still waited for.
    const now = peers.live().filter(({ isSelf }) => !isSelf);
    lived = [...new Set([...lived, ...now.map(({ id }) => id)])];
    health.doubt(replica.partitions);
  });
}

async function look(lived: readonly Hex[], ports: Returning, isOver: () => boolean): Promise<void> {
  const { engine, replica, peers, health, clock } = ports;
  const backAt = clock.now();
  const isHeard = (id: Hex): boolean => peers.all().some((peer) => peer.id === id && peer.heardAt >= backAt);
  while (!isOver() && clock.now() - backAt < HEAR_MS_MAX && !lived.every(isHeard)) await clock.sleep(AGAIN_MS);
  // Each by itself: one that nobody leads holds up no other.
  await Promise.all(
    Array.from({ length: replica.partitions }, async (_, partition) => {
      while (!isOver()) {
        const least = furthestOf(ports)[partition] ?? 0;
        const tail = await engine.glance(partition);
        if (isOver()) return;
        if (tail !== undefined && tail >= least) {
          health.trust(partition);
          return;
        }
        await clock.sleep(AGAIN_MS);
      }
    }),
  );
}
