import { equalBytes } from "../../protocol/bytes.ts";
import { Fault, mayRetry } from "../errors.ts";
import type { Applied, CommandResult } from "../midc/apply.ts";
import { encodeCommand, type Command } from "../midc/command.ts";
import { encodeRecord, RECORD_COMMANDS_MAX } from "../midc/record.ts";
import { createPace, type Pace } from "../ops/pace.ts";
import type { Clock, Keyring, PartitionLog } from "../ports.ts";

/** Group commit: what waits while an append is under way goes into the next record. */
const RECORD_BYTES_GROUPED_MAX = 256 * 1024;
const WAITING_COMMANDS_MAX = 20_000;
const APPEND_TRIES_MAX = 5;
/**
 * Under load, groups of all partitions leave together, this often at most. A record costs a signature, a commit its
 * fsyncs: without a pace, sixteen partitions at full speed write one record per command and halve the throughput. What
 * comes after a pause leaves at once.
 */
const PACE_MS = 10;
export const RETRY_MS = 200;
/** How long a record may be on its way. The log can lose one that it had taken: its commands are then to be given anew. */
const ANSWER_MS_MAX = 30_000;
const LOOK_MS = 5_000;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: unknown) => void;
}

interface Group {
  readonly record: Uint8Array;
  readonly waiting: readonly Waiting[];
  readonly since: number;
}

/** The name under which an appended record is recognised when it is applied: its signature. */
const nameOf = (record: Uint8Array): string => Buffer.from(record.subarray(record.length - 64)).toString("latin1");

/** Puts commands into signed records, one append at a time per partition, and answers once they have been applied. */
export class Appender {
  readonly #log: Pick<PartitionLog, "append" | "partitions">;
  readonly #keyring: Pick<Keyring, "nodeId" | "sign">;
  readonly #clock: Clock;
  readonly #queues: Waiting[][];
  readonly #running = new Map<number, Promise<void>>();
  /** Records on their way, by name; whoever takes one out answers its commands. */
  readonly #appended = new Map<string, Group>();
  #looking: Promise<void> | undefined;
  readonly #stopped = new AbortController();
  #boarding: (() => void)[] = [];
  readonly #pace: Pace;

  constructor(ports: {
    readonly log: Pick<PartitionLog, "append" | "partitions">;
    readonly keyring: Pick<Keyring, "nodeId" | "sign">;
    readonly clock: Clock;
  }) {
    this.#log = ports.log;
    this.#keyring = ports.keyring;
    this.#clock = ports.clock;
    this.#pace = createPace(ports.clock, PACE_MS, () => {
      const leaving = this.#boarding;
      this.#boarding = [];
      for (const leave of leaving) leave();
    });
    this.#queues = Array.from({ length: ports.log.partitions }, () => []);
  }

  submit(partition: number, command: Command): Promise<CommandResult> {
    const queue = this.#queues[partition];
    if (queue === undefined) return Promise.reject(new RangeError(`no partition ${partition}`));
    if (this.#stopped.signal.aborted) return Promise.reject(new Fault("SHUTTING_DOWN"));
    if (queue.length >= WAITING_COMMANDS_MAX) return Promise.reject(new Fault("QUEUE_FULL", "commands"));
    return new Promise((resolve, reject) => {
      queue.push({ bytes: encodeCommand(command), resolve, reject });
      // The group forms in this turn of the event loop; it is sent in the next.
      if (!this.#running.has(partition))
        this.#running.set(
          partition,
          Promise.resolve().then(() => this.#run(partition, queue)),
        );
    });
  }

  /** Whether exactly these bytes were signed here and are on their way. */
  isMine(record: Uint8Array): boolean {
    const group = this.#appended.get(nameOf(record));
    return group !== undefined && equalBytes(group.record, record);
  }

  /** To be called when a record has been applied durably. */
  settle(record: Uint8Array, applied: Applied): void {
    const { results } = applied;
    for (const [i, waiting] of this.#take(nameOf(record)).entries()) {
      waiting.resolve(
        results[i % results.length] ?? { kind: "refused", why: "the record is void: this node is not a member" },
      );
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.allSettled(this.#running.values());
  }

  /** Rejects what nobody will answer any more, the oldest first; runs while anything is on its way. */
  async #giveUpOnLost(): Promise<void> {
    while (this.#appended.size > 0 && !this.#stopped.signal.aborted) {
      await this.#clock.sleep(LOOK_MS, this.#stopped.signal);
      for (const [name, { since }] of this.#appended) {
        if (this.#clock.now() - since < ANSWER_MS_MAX) break;
        for (const waiting of this.#take(name))
          waiting.reject(new Fault("LOG_UNAVAILABLE", "a record was not seen again"));
      }
    }
    this.#looking = undefined;
  }

  #take(name: string): readonly Waiting[] {
    const group = this.#appended.get(name);
    this.#appended.delete(name);
    return group?.waiting ?? [];
  }

  async #run(partition: number, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      await this.#turn();
      let bytes = 0;
      let count = 0;
      while (count < queue.length && count < RECORD_COMMANDS_MAX) {
        bytes += queue[count]?.bytes.length ?? 0;
        if (count > 0 && bytes > RECORD_BYTES_GROUPED_MAX) break;
        count += 1;
      }
      await this.#append(partition, queue.splice(0, count));
    }
    this.#running.delete(partition);
  }

  /** Resolves when the next groups leave, for every partition at the same moment. */
  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#boarding.push(resolve);
      this.#pace.ask();
    });
  }

  async #append(partition: number, group: readonly Waiting[]): Promise<void> {
    const commands = group.map((waiting) => waiting.bytes);
    const content = { nodeId: this.#keyring.nodeId, partition, commands };
    const record = encodeRecord(content, (message) => this.#keyring.sign(message));
    const name = nameOf(record);
    // The same commands may be on their way already, byte for byte and so by name: whoever gave them is answered too.
    const waiting = [...this.#take(name), ...group];
    this.#appended.set(name, { record, waiting, since: this.#clock.now() });
    this.#looking ??= this.#giveUpOnLost();
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#log.append(partition, record);
        return;
      } catch (error) {
        // It may be in the log all the same; if apply has answered already there is nothing left to do.
        if (!this.#appended.has(name)) return;
        if (tries >= APPEND_TRIES_MAX || !mayRetry(error)) {
          for (const waiting of this.#take(name)) waiting.reject(error);
          return;
        }
        await this.#clock.sleep(RETRY_MS * tries);
      }
    }
  }
}
