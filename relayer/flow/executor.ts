import { partitionOf } from "../midc/keys.ts";
import type { Replica } from "../log/replica.ts";
import { Notary, type BatchPolicy, type NotaryPorts } from "../notary/notary.ts";
import { createTurns } from "../notary/turns.ts";
import type { Jobs } from "../ports.ts";

/** Runs the notaries of the partitions that this node executes: rings them when there is news, and now and then. */
export interface Executor {
  readonly notaryOf: (txId: Uint8Array) => Notary;
  readonly notaries: readonly Notary[];
  /** To be called when this node may have become the executor of a partition. */
  readonly look: (partition: number) => void;
  readonly stop: () => void;
}

export function startExecutor(
  options: {
    readonly networkTag: Uint8Array;
    readonly policy: BatchPolicy;
    readonly owns: (partition: number) => boolean;
  },
  ports: Omit<NotaryPorts, "turns"> & { readonly jobs: Jobs; readonly replica: Pick<Replica, "onHappened"> },
): Executor {
  const { replica, jobs, ledger } = ports;
  const shared = { ...ports, turns: createTurns() };
  const notaries = Array.from(
    { length: replica.partitions },
    (_, partition) => new Notary({ partition, networkTag: options.networkTag }, options.policy, shared),
  );
  const rung = new Set<number>();

  const ring = (partition: number): void => {
    if (rung.has(partition) || !options.owns(partition)) return;
    rung.add(partition);
    // A lost ring is made good by the timer of the last look, so a failing doorbell must not stop anything.
    void jobs.ring("execute", String(partition)).catch(() => rung.delete(partition));
  };
  const timers = lookAgain(ring);

  jobs.work("execute", async (id) => {
    const partition = Number(id);
    rung.delete(partition);
    const notary = notaries[partition];
    if (notary === undefined || !options.owns(partition)) return;
    timers.set(partition, await notary.step());
  });
  const unlisten = replica.onHappened((happened, partition) => {
    const notary = notaries[partition];
    if (notary === undefined) return;
    notary.note(happened);
    // The first that waits starts the timer of its batch, a full batch does not wait for it; between the two there is
    // nothing to look at.
    const due = happened.kind === "begun" && (notary.isFirst || notary.isFull);
    if (due || happened.kind === "closed") ring(partition);
  });
  const unhead = ledger.onHead(() => {
    for (const [partition, notary] of notaries.entries()) if (notary.backlog.openBatches.length > 0) ring(partition);
  });
  for (const partition of notaries.keys()) ring(partition);

  return {
    notaries,
    look: ring,
    notaryOf(txId) {
      const notary = notaries[partitionOf(txId, replica.partitions)];
      if (notary === undefined) throw new RangeError("a transaction of no partition");
      return notary;
    },
    stop() {
      unlisten();
      unhead();
      timers.stop();
    },
  };
}

/** One timer per partition; setting it again moves it. */
function lookAgain(ring: (partition: number) => void) {
  const timers = new Map<number, NodeJS.Timeout>();
  return {
    set(partition: number, ms: number): void {
      clearTimeout(timers.get(partition));
      timers.set(partition, setTimeout(ring, ms, partition).unref());
    },
    stop(): void {
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
