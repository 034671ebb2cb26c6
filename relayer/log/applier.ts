import { Fault } from "../errors.ts";
import { applyRecord, Overlay, type Applied, type GenesisNodes, type Happened } from "../midc/apply.ts";
import { keys } from "../midc/keys.ts";
import { decodeApplied } from "../midc/rows.ts";
import type { Clock, LogEntry, PartitionLog, State } from "../ports.ts";
import { RETRY_MS } from "./appender.ts";
import { keepRecord } from "./kept.ts";
import type { Timings } from "./timings.ts";

const APPLY_ENTRIES_MAX = 64;
/** One commit takes no more partitions once it holds this many commands, so that answers never wait for a long one. */
const APPLY_COMMANDS_SOFT_MAX = 512;

export type OnHappened = (happened: Happened, partition: number) => void;

interface Step {
  readonly partition: number;
  readonly entry: LogEntry;
  readonly applied: Applied;
}

interface Options {
  readonly genesisNodes: GenesisNodes;
  readonly isMine: (record: Uint8Array) => boolean;
  /** Called after the commit, for every record, in log order. */
  readonly settle: (record: Uint8Array, applied: Applied) => void;
  readonly onFault: (error: unknown) => void;
  readonly timed: Timings["timed"];
  /** Keeps every record beside the state, in the same commit: a cluster repairs its log from these (log/kept.ts). */
  readonly keepRecords?: boolean;
}

/**
 * Follows every partition's log and applies it in order. What always holds: the state on disk is exactly what the first
 * `applied` records of each partition make, because both are written in one commit.
 */
export class Applier {
  readonly #ports: { readonly log: PartitionLog; readonly state: State; readonly clock: Clock };
  readonly #options: Options;
  readonly #applied: number[];
  readonly #news: Set<number>;
  readonly #listeners = new Set<OnHappened>();
  readonly #barriers = new Set<{ readonly partition: number; readonly seq: number; readonly resolve: () => void }>();
  #loop: Promise<void> | undefined;
  #stopped = false;

  constructor(options: Options, ports: { readonly log: PartitionLog; readonly state: State; readonly clock: Clock }) {
    this.#options = options;
    this.#ports = ports;
    this.#applied = Array.from(
      { length: ports.log.partitions },
      (_, p) => decodeApplied(ports.state.get(keys.applied(p))).seq,
    );
    this.#news = new Set(this.#applied.keys());
  }

  applied(partition: number): number {
    return this.#applied[partition] ?? 0;
  }

  onHappened(listener: OnHappened): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  wake(partition?: number): void {
    if (partition !== undefined) this.#news.add(partition);
    if (!this.#stopped) this.#loop ??= Promise.resolve().then(() => this.#run());
  }

  /** Applies all there is; for start-up, before anybody is served. */
  async catchUp(): Promise<void> {
    while (await this.#applyNews());
  }

  async barrier(partition: number): Promise<void> {
    await this.reached(partition, await this.#ports.log.tail(partition));
  }

  /** Resolves once the sequence is applied. */
  async reached(partition: number, seq: number): Promise<void> {
    if (this.applied(partition) >= seq) return;
    await new Promise<void>((resolve) => {
      this.#barriers.add({ partition, seq, resolve });
      this.wake(partition);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (this.#news.size > 0 && !this.#stopped) {
      try {
        await this.#options.timed("apply", () => this.#applyNews());
      } catch (error) {
        // Nothing was committed; the same records are read again. The operator hears of it each time.
        this.#options.onFault(error);
        await this.#ports.clock.sleep(RETRY_MS);
      }
    }
    this.#loop = undefined;
  }

  /** Applies what the partitions with news hold, as one commit; tells whether there is more. */
  async #applyNews(): Promise<boolean> {
    const partitions = [...this.#news];
    this.#news.clear();
    try {
      const overlay = new Overlay(this.#ports.state);
      const steps: Step[] = [];
      let commands = 0;
      for (const partition of partitions) {
        if (commands >= APPLY_COMMANDS_SOFT_MAX) {
          this.#news.add(partition);
          continue;
        }
        const read = await this.#readIfItCan(partition, overlay);
        for (const { applied } of read) commands += applied.results.length;
        steps.push(...read);
      }
      if (steps.length > 0) await this.#ports.state.commit(overlay.writes());
      this.#tell(steps);
    } catch (error) {
      for (const partition of partitions) this.#news.add(partition);
      throw error;
    }
    return this.#news.size > 0;
  }

  /** A partition whose log cannot be read now waits by itself; the others go on. */
  async #readIfItCan(partition: number, overlay: Overlay): Promise<Step[]> {
    let entries: readonly LogEntry[];
    const next = this.applied(partition) + 1;
    try {
      entries = await this.#ports.log.read(partition, next, APPLY_ENTRIES_MAX);
      if (entries.some(({ seq }, i) => seq !== next + i)) throw new Fault("LOG_HOLE", `partition ${partition}`);
    } catch (error) {
      this.#options.onFault(error);
      void this.#ports.clock.sleep(RETRY_MS).then(() => {
        this.wake(partition);
      });
      return [];
    }
    return this.#apply(partition, entries, overlay);
  }

  #apply(partition: number, entries: readonly LogEntry[], overlay: Overlay): Step[] {
    const { log } = this.#ports;
    const { genesisNodes, isMine } = this.#options;
    const cluster = { partitions: log.partitions, genesisNodes, isMine };
    if (entries.length === APPLY_ENTRIES_MAX) this.#news.add(partition);
    return entries.map((entry) => {
      const applied = applyRecord(overlay, { ...entry, partition }, cluster);
      if (this.#options.keepRecords === true) keepRecord(overlay, partition, entry);
      return { partition, entry, applied };
    });
  }

  /** What one listener throws must not keep from the others what they count by. */
  #spread(happened: Happened, partition: number): void {
    for (const listener of this.#listeners) {
      try {
        listener(happened, partition);
      } catch (error) {
        this.#options.onFault(error);
      }
    }
  }

  #tell(steps: readonly Step[]): void {
    for (const step of steps) this.#applied[step.partition] = step.entry.seq;
    for (const step of steps) {
      this.#options.settle(step.entry.bytes, step.applied);
      for (const happened of step.applied.happened) this.#spread(happened, step.partition);
    }
    for (const barrier of this.#barriers) {
      if (this.applied(barrier.partition) < barrier.seq) continue;
      this.#barriers.delete(barrier);
      barrier.resolve();
    }
  }
}
