import type { CommandResult, GenesisNodes } from "../midc/apply.ts";
import type { Command } from "../midc/command.ts";
import type { Clock, Keyring, PartitionLog, State, StateView } from "../ports.ts";
import { Appender } from "./appender.ts";
import { Applier, type OnHappened } from "./applier.ts";

/**
 * This node's copy of the replicated state machine: it appends commands to the logs, follows every log, applies what is
 * there in log order, and answers an appender when its own record has been applied durably.
 */
export interface Replica {
  readonly partitions: number;
  /** Durable in the log and applied here when it resolves. A rejection leaves the outcome unknown: submit again. */
  readonly submit: (partition: number, command: Command) => Promise<CommandResult>;
  readonly view: StateView;
  /** Highest applied sequence of a partition. */
  readonly applied: (partition: number) => number;
  /** Resolves once everything that was in the partition's log at the call is applied here. */
  readonly barrier: (partition: number) => Promise<void>;
  readonly onHappened: (listener: OnHappened) => () => void;
  readonly stop: () => Promise<void>;
}

export async function startReplica(
  options: { readonly genesisNodes: GenesisNodes; readonly onFault: (error: unknown) => void },
  ports: {
    readonly log: PartitionLog;
    readonly state: State;
    readonly keyring: Pick<Keyring, "nodeId" | "sign">;
    readonly clock: Clock;
  },
): Promise<Replica> {
  const appender = new Appender(ports);
  const settle: Appender["settle"] = (record, applied) => {
    appender.settle(record, applied);
  };
  const applier = new Applier({ ...options, settle, isMine: (record) => appender.isMine(record) }, ports);
  await applier.catchUp();
  const unfollow = ports.log.follow((partition) => {
    applier.wake(partition);
  });
  return {
    partitions: ports.log.partitions,
    submit: (partition, command) => appender.submit(partition, command),
    view: ports.state,
    applied: (partition) => applier.applied(partition),
    barrier: (partition) => applier.barrier(partition),
    onHappened: (listener) => applier.onHappened(listener),
    async stop() {
      await appender.stop();
      unfollow();
      await applier.stop();
    },
  };
}
