import { equalBytes } from "../../protocol/bytes.ts";
import { Fault, mayRetry } from "../errors.ts";
import type { Applied } from "../midc/apply.ts";
import { encodeCommand, type Command } from "../midc/command.ts";
import { encodeRecords, RECORD_COMMANDS_MAX, recordName } from "../midc/record.ts";
import type { CommandResult } from "../midc/result.ts";
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
/** For a node of its own: its records go no further than its own disk, and nobody else has to check their signatures. */
export const ALONE_PACE_MS = 5;
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
  readonly partition: number;
  readonly record: Uint8Array;
  readonly waiting: readonly Waiting[];
  readonly since: number;
}

/** A partition whose waiting commands go with the next departure. */
interface Boarding {
  readonly partition: number;
  readonly queue: Waiting[];
  readonly resolve: (leaving: Leaving) => void;
  readonly reject: (error: unknown) => void;
}

interface Leaving {
  readonly record: Uint8Array;
  readonly group: readonly Waiting[];
}

/** Puts commands into signed records, one append at a time per partition, and answers once they have been applied. */
export class Appender {
  readonly #log: Pick<PartitionLog, "append" | "partitions">;
  readonly #keyring: Pick<Keyring, "nodeId" | "sign">;
  readonly #clock: Clock;
  readonly #refusal: (partition: number) => Fault | undefined;
  readonly #queues: Waiting[][];
  readonly #running = new Map<number, Promise<void>>();
  /** Records on their way, by name; whoever takes one out answers its commands. */
  readonly #appended = new Map<string, Group>();
  #looking: Promise<void> | undefined;
  readonly #stopped = new AbortController();
  #boarding: Boarding[] = [];
  readonly #pace: Pace;

  constructor(ports: {
    readonly log: Pick<PartitionLog, "append" | "partitions">;
    readonly keyring: Pick<Keyring, "nodeId" | "sign">;
    readonly clock: Clock;
    readonly refusal: (partition: number) => Fault | undefined;
    readonly paceMs?: number | undefined;
  }) {
    this.#log = ports.log;
    this.#keyring = ports.keyring;
    this.#clock = ports.clock;
    this.#refusal = ports.refusal;
    this.#pace = createPace(ports.clock, ports.paceMs ?? PACE_MS, () => {
      this.#depart();
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
    const group = this.#appended.get(recordName(record));
    return group !== undefined && equalBytes(group.record, record);
  }

  /** To be called when a record has been applied durably. */
  settle(record: Uint8Array, applied: Applied): void {
    const { results } = applied;
    const group = this.#take(recordName(record));
    // Sent before the log was distrusted, it may rest on the word of the very server that cannot be believed.
    const refused = group === undefined ? undefined : this.#refusal(group.partition);
    for (const [i, waiting] of (group?.waiting ?? []).entries()) {
      if (refused !== undefined) waiting.reject(refused);
      else
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
        for (const waiting of this.#take(name)?.waiting ?? [])
          waiting.reject(new Fault("LOG_UNAVAILABLE", "a record was not seen again"));
      }
    }
    this.#looking = undefined;
  }

  #take(name: string): Group | undefined {
    const group = this.#appended.get(name);
    this.#appended.delete(name);
    return group;
  }

  async #run(partition: number, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      const boarded = await this.#board(partition, queue).catch(() => undefined);
      if (boarded !== undefined) await this.#append(partition, boarded);
    }
    this.#running.delete(partition);
  }

  /** Resolves when the next groups leave, for every partition at the same moment. */
  #board(partition: number, queue: Waiting[]): Promise<Leaving> {
    return new Promise((resolve, reject) => {
      this.#boarding.push({ partition, queue, resolve, reject });
      this.#pace.ask();
    });
  }

  /** The records of all partitions that have something to say, under one signature. */
  #depart(): void {
    const boarding = this.#boarding;
    this.#boarding = [];
    const groups = boarding.map(({ queue }) => takeGroup(queue));
    const contents = boarding.map(({ partition }, i) => ({
      nodeId: this.#keyring.nodeId,
      partition,
      commands: (groups[i] ?? []).map((waiting) => waiting.bytes),
    }));
    try {
      const records = encodeRecords(contents, (message) => this.#keyring.sign(message));
      for (const [i, { resolve }] of boarding.entries())
        resolve({ record: records[i] ?? new Uint8Array(0), group: groups[i] ?? [] });
    } catch (error) {
      for (const waiting of groups.flat()) waiting.reject(error);
      for (const { reject } of boarding) reject(error);
    }
  }

  async #append(partition: number, { record, group }: Leaving): Promise<void> {
    const name = recordName(record);
    // The same commands may be on their way already, byte for byte and so by name: whoever gave them is answered too.
    const waiting = [...(this.#take(name)?.waiting ?? []), ...group];
    this.#appended.set(name, { partition, record, waiting, since: this.#clock.now() });
    this.#looking ??= this.#giveUpOnLost();
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#log.append(partition, record);
        return;
      } catch (error) {
        // It may be in the log all the same; if apply has answered already there is nothing left to do.
        if (!this.#appended.has(name)) return;
        if (tries >= APPEND_TRIES_MAX || !mayRetry(error)) {
          for (const each of this.#take(name)?.waiting ?? []) each.reject(error);
          return;
        }
        await this.#clock.sleep(RETRY_MS * tries);
      }
    }
  }
}

/** Takes from the front what goes into one record. */
function takeGroup(queue: Waiting[]): readonly Waiting[] {
  let [bytes, count] = [0, 0];
  while (count < queue.length && count < RECORD_COMMANDS_MAX) {
    bytes += queue[count]?.bytes.length ?? 0;
    if (count > 0 && bytes > RECORD_BYTES_GROUPED_MAX) break;
    count += 1;
  }
  return queue.splice(0, count);
}
