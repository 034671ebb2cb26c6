import type { Aside, Clock } from "../ports.ts";
import type { Replica } from "./replica.ts";

/** A log may stay unreadable until a person mends it, and the operator hears of it each time. */
const AGAIN_MS = 5_000;

/**
 * A state that was made anew lacks what a stopped or unreadable log holds. Whoever were served from it would be told that
 * there is nothing of theirs.
 */
export async function untilWhole(
  ports: {
    readonly replica: Pick<Replica, "applied" | "barrier" | "partitions">;
    readonly aside: Pick<Aside, "count">;
    readonly clock: Pick<Clock, "sleep">;
    readonly onFault: (error: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { replica, aside, clock, onFault } = ports;
  const isMadeAnew = (partition: number): boolean => replica.applied(partition) === 0 || aside.count(partition) > 0;
  const reach = async (partition: number): Promise<void> => {
    while (!signal.aborted) {
      try {
        await replica.barrier(partition);
        return;
      } catch (error) {
        onFault(error);
        await clock.sleep(AGAIN_MS, signal);
      }
    }
  };
  const all = Array.from({ length: replica.partitions }, (_, partition) => partition);
  await Promise.all(all.filter(isMadeAnew).map(reach));
}
