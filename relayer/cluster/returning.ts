import type { Hex } from "../../protocol/bytes.ts";
import type { Replica } from "../log/replica.ts";
import type { Clock, LogEngine } from "../ports.ts";
import type { Health } from "./health.ts";
import type { Peers } from "./peers.ts";

/** Whoever lives says how far it is at its next beat; who has not by then may be gone too. */
const HEAR_MS_MAX = 3_000;
const AGAIN_MS = 200;
/** What was said longer ago is left to the audits, which hear everybody first. */
const SAID_MS_MAX = 60_000;

interface Returning {
  readonly engine: Pick<LogEngine, "glance" | "onConnection">;
  readonly replica: Pick<Replica, "applied" | "partitions">;
  readonly peers: Pick<Peers, "all" | "live">;
  /** Every other member, whether it lives or not. */
  readonly others: () => readonly Hex[];
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
 * always holds: since this node started, and since they were away last, it appends to a partition only after its log was
 * seen to reach as far as any node that lives has applied it. Otherwise a record could take the place of one that was
 * promised, and the nodes would hold two pasts.
 */
export function lookWhenBack(ports: Returning, signal: AbortSignal): () => void {
  const { engine, replica, peers, health } = ports;
  let times = 0;
  // A node that starts knows of nobody who lives: it waits for all.
  let awaited = ports.others();
  const lookNow = (): void => {
    times += 1;
    const mine = times;
    const isOver = (): boolean => signal.aborted || times !== mine;
    look(awaited, ports, isOver)
      .then(() => {
        if (!isOver()) awaited = [];
      })
      .catch(ports.onFault);
  };
  const unhear = engine.onConnection((isConnected) => {
    if (isConnected) {
      lookNow();
      return;
    }
    // What is being looked at now is of another time, and whoever was not heard again since is still waited for.
    times += 1;
    const lived = peers.live().filter(({ isSelf }) => !isSelf);
    awaited = [...new Set([...awaited, ...lived.map(({ id }) => id)])];
    health.doubt(replica.partitions);
  });
  health.doubt(replica.partitions);
  lookNow();
  return unhear;
}

async function look(awaited: readonly Hex[], ports: Returning, isOver: () => boolean): Promise<void> {
  const { engine, replica, peers, health, clock } = ports;
  const since = clock.now();
  const isHeard = (id: Hex): boolean => peers.all().some((peer) => peer.id === id && peer.heardAt >= since);
  while (!isOver() && clock.now() - since < HEAR_MS_MAX && !awaited.every(isHeard)) await clock.sleep(AGAIN_MS);
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
