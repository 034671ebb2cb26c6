import type { Clock, LogStart } from "../ports.ts";

const LOOK_MS = 2_000;
/** A new generation of a log begins where most are; whoever is behind it is handed the records sooner than this. */
const BEHIND_MS_MIN = 15_000;
/** Perhaps nobody has stored a snapshot that reaches the logs, or nobody is there. */
const AGAIN_MS = 30_000;

/**
 * A node that stood still while its logs were trimmed never catches up: what it needs next is in none of them. It serves
 * what it has, takes no promise there, and fetches another node's snapshot meanwhile. Resolves with true when that waits
 * for the next start, and with false when the node is stopped before.
 */
export async function untilReplaced(
  ports: {
    /** The logs that begin after what this node needs next, as they were seen last. */
    readonly lacking: () => readonly LogStart[];
    readonly fetch: (logs: readonly LogStart[]) => Promise<void>;
    readonly clock: Clock;
    readonly onFault: (error: unknown) => void;
  },
  signal: AbortSignal,
): Promise<boolean> {
  const { lacking, fetch, clock, onFault } = ports;
  const isStopped = (): boolean => signal.aborted;
  let since: number | undefined;
  for (;;) {
    await clock.sleep(LOOK_MS, signal);
    if (isStopped()) return false;
    try {
      const logs = lacking();
      since = logs.length === 0 ? undefined : (since ?? clock.now());
      if (since === undefined || clock.now() - since < BEHIND_MS_MIN) continue;
      await fetch(logs);
      return true;
    } catch (error) {
      if (isStopped()) return false;
      onFault(error);
      await clock.sleep(AGAIN_MS, signal);
    }
  }
}
