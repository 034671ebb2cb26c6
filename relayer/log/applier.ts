import { applyRecord, Overlay, type Applied, type GenesisNodes, type Happened } from "../midc/apply.ts";
import { keys } from "../midc/keys.ts";
import { decodeApplied } from "../midc/rows.ts";
import type { Clock, LogEntry, PartitionLog, State } from "../ports.ts";
import { RETRY_MS } from "./appender.ts";

const APPLY_ENTRIES_MAX = 256;

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
    const seq = await this.#ports.log.tail(partition);
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
        await this.#applyNews();
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
      for (const partition of partitions) steps.push(...(await this.#read(partition, overlay)));
      if (steps.length > 0) await this.#ports.state.commit(overlay.writes());
      this.#tell(steps);
    } catch (error) {
      for (const partition of partitions) this.#news.add(partition);
      throw error;
    }
    return this.#news.size > 0;
  }

  async #read(partition: number, overlay: Overlay): Promise<Step[]> {
    const { log } = this.#ports;
    const { genesisNodes, isMine } = this.#options;
    const cluster = { partitions: log.partitions, genesisNodes, isMine };
    const entries = await log.read(partition, this.applied(partition) + 1, APPLY_ENTRIES_MAX);
    if (entries.length === APPLY_ENTRIES_MAX) this.#news.add(partition);
    return entries.map((entry) => ({
      partition,
      entry,
      applied: applyRecord(overlay, { ...entry, partition }, cluster),
    }));
  }

  #tell(steps: readonly Step[]): void {
    for (const step of steps) this.#applied[step.partition] = step.entry.seq;
    for (const step of steps) {
      this.#options.settle(step.entry.bytes, step.applied);
      for (const happened of step.applied.happened)
        for (const listener of this.#listeners) listener(happened, step.partition);
    }
    for (const barrier of this.#barriers) {
      if (this.applied(barrier.partition) < barrier.seq) continue;
      this.#barriers.delete(barrier);
      barrier.resolve();
    }
  }
}
