import { encodeRecord } from "../midc/record.ts";
import type { Fault } from "../errors.ts";
import type { GenesisNodes } from "../midc/apply.ts";
import type { Command } from "../midc/command.ts";
import type { CommandResult } from "../midc/result.ts";
import type { Clock, Keyring, PartitionLog, State, StateView } from "../ports.ts";
import { Appender } from "./appender.ts";
import { Applier, type OnHappened } from "./applier.ts";
import { createTimings, type Timings } from "./timings.ts";

/**
 * This node's copy of the replicated state machine: it appends commands to the logs, follows every log, applies what is
 * there in log order, and answers an appender when its own record has been applied durably.
 */
export interface Replica {
  readonly partitions: number;
  /**
   * Durable in the log and applied here when it resolves, and the log could be believed then. A rejection leaves the
   * outcome unknown: submit again.
   */
  readonly submit: (partition: number, command: Command) => Promise<CommandResult>;
  /** Why nothing may be promised of a partition now, be it in the log or not. */
  readonly refusal: (partition: number) => Fault | undefined;
  readonly view: StateView;
  /** Highest applied sequence of a partition. */
  readonly applied: (partition: number) => number;
  /** Resolves once everything that was in the partition's log at the call is applied here. */
  readonly barrier: (partition: number) => Promise<void>;
  /**
   * Resolves once everything that anybody was told before the call is applied here: an empty record is appended, and
   * what the quorum took before it comes before it. A server that only believes it leads cannot answer this.
   */
  readonly fence: (partition: number) => Promise<void>;
  /** Resolves once the sequence is applied here. */
  readonly reached: (partition: number, seq: number) => Promise<void>;
  readonly onHappened: (listener: OnHappened) => () => void;
  /** Each append to a log, and each round of applying with its durable commit. */
  readonly onTimed: Timings["onTimed"];
  /** Looks again at a partition's log, as after a ring. */
  readonly wake: (partition: number) => void;
  readonly stop: () => Promise<void>;
}

export async function startReplica(
  options: {
    readonly genesisNodes: GenesisNodes;
    readonly onFault: (error: unknown) => void;
    readonly keepRecords?: boolean;
    /** How often records leave under load. */
    readonly paceMs?: number | undefined;
  },
  ports: {
    readonly log: PartitionLog;
    readonly state: State;
    readonly keyring: Pick<Keyring, "nodeId" | "sign">;
    readonly clock: Clock;
  },
): Promise<Replica> {
  const { timed, onTimed } = createTimings();
  const log: Pick<PartitionLog, "append" | "partitions"> = {
    partitions: ports.log.partitions,
    append: (partition, record) => timed("append", () => ports.log.append(partition, record)),
  };
  const refusal: Replica["refusal"] = (partition) => ports.log.refusal?.(partition);
  const appender = new Appender({ ...ports, log, refusal, paceMs: options.paceMs });
  const settle: Appender["settle"] = (record, applied) => {
    appender.settle(record, applied);
  };
  const applier = new Applier({ ...options, settle, isMine: (record) => appender.isMine(record), timed }, ports);
  await applier.catchUp();
  const unfollow = ports.log.follow((partition) => {
    applier.wake(partition);
  });
  return {
    partitions: ports.log.partitions,
    submit: (partition, command) => appender.submit(partition, command),
    refusal,
    view: ports.state,
    applied: (partition) => applier.applied(partition),
    barrier: (partition) => applier.barrier(partition),
    fence: shared(async (partition) => {
      const content = { nodeId: ports.keyring.nodeId, partition, commands: [] };
      const seq = await ports.log.append(
        partition,
        encodeRecord(content, (message) => ports.keyring.sign(message)),
      );
      await applier.reached(partition, seq);
    }),
    reached: (partition, seq) => applier.reached(partition, seq),
    wake: (partition) => {
      applier.wake(partition);
    },
    onHappened: (listener) => applier.onHappened(listener),
    onTimed,
    async stop() {
      await appender.stop();
      unfollow();
      await applier.stop();
    },
  };
}

/** Calls that come while one is under way share the next one: a fence covers everybody who asked before it was put up. */
function shared(raise: (partition: number) => Promise<void>): (partition: number) => Promise<void> {
  const running = new Map<number, Promise<void>>();
  const next = new Map<number, Promise<void>>();
  const begin = (partition: number): Promise<void> => {
    const fence = raise(partition).finally(() => running.delete(partition));
    running.set(partition, fence);
    return fence;
  };
  return (partition) => {
    const current = running.get(partition);
    if (current === undefined) return begin(partition);
    let following = next.get(partition);
    if (following === undefined) {
      following = current
        .catch(() => undefined)
        .then(() => {
          next.delete(partition);
          return begin(partition);
        });
      next.set(partition, following);
    }
    return following;
  };
}
