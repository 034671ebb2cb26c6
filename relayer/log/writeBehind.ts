import { Fault } from "../errors.ts";
import { rangeOver, rowName } from "../midc/rangeOver.ts";
import type { Clock, State, Write } from "../ports.ts";
import { RETRY_MS } from "./appender.ts";

/**
 * How often the disk is written under load; what comes after a pause is written at once. The log's fsyncs wait for a
 * commit that is being written, so many small ones make answers wait less than few large ones.
 */
const FLUSH_MS = 50;
/** What may wait for the disk; a commit beyond it waits too, and is refused when the disk then fails. */
const UNFLUSHED_BYTES_MAX = 32 * 1024 * 1024;
/** Beside key and value: what holding a row costs, so that many small ones count as well. */
const ROW_BYTES = 64;

type Bounds = Parameters<State["range"]>[0];

interface Ports {
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

/**
 * A state whose disk follows behind. For a node whose log is on the same disk: the log's fsync has made the record
 * durable, and the state is what the log makes, so a commit is answered when it is seen, not when it is written again.
 * What always holds: the disk has every commit whole or not at all, and none without those before it. After a crash it
 * is at an earlier position of the same log, and the records from there on are applied again.
 */
export function writeBehind<Below extends State>(state: Below, ports: Ports): Below {
  const behind = startFlusher(state, ports);
  let closed = false;
  return {
    // A copy of the disk is one of an earlier moment.
    ...state,
    get(key: Uint8Array) {
      const write = behind.find(rowName(key));
      return write === undefined ? state.get(key) : write.value;
    },
    range: (bounds: Bounds) => rangeOver(state, behind.above(), bounds),
    async commit(writes: readonly Write[]) {
      if (closed) throw new Fault("SHUTTING_DOWN");
      await behind.add(writes);
    },
    async close() {
      closed = true;
      try {
        await behind.finish();
      } finally {
        await state.close();
      }
    },
  };
}

/** Writes what was added, once per interval, each time as one commit. */
function startFlusher(state: State, { clock, onFault }: Ports) {
  /** Not begun to be written, and being written now. What is added together is in one of them as a whole. */
  let waiting = new Unflushed();
  let leaving = new Unflushed();
  let flushing: Promise<void> | undefined;
  let flushedAt = 0;
  const room: { readonly go: () => void; readonly refuse: (error: unknown) => void }[] = [];
  const hurry = new AbortController();

  const flushAll = async (): Promise<void> => {
    while (waiting.rows.size > 0 || leaving.rows.size > 0) {
      // A clock that is set back must not make the disk wait for longer than an interval.
      const waitMs = Math.min(FLUSH_MS, FLUSH_MS - (clock.now() - flushedAt));
      if (waitMs > 0) await clock.sleep(waitMs, hurry.signal);
      flushedAt = clock.now();
      // What failed before goes first, under what came since.
      [leaving, waiting] = [leaving.under(waiting), new Unflushed()];
      try {
        await state.commit([...leaving.rows.values()]);
        leaving = new Unflushed();
      } catch (error) {
        onFault(error);
        // Nothing of theirs was taken. Whoever waited looks again whether it is still wanted: the node may be stopping.
        for (const { refuse } of room.splice(0)) refuse(error);
        if (hurry.signal.aborted) throw error;
        await clock.sleep(RETRY_MS, hurry.signal);
      }
      if (leaving.bytes + waiting.bytes > UNFLUSHED_BYTES_MAX) continue;
      for (const { go } of room.splice(0)) go();
    }
    flushing = undefined;
  };

  return {
    find: (name: string): Write | undefined => waiting.rows.get(name) ?? leaving.rows.get(name),
    above: (): readonly ReadonlyMap<string, Write>[] => [leaving.rows, waiting.rows],
    async add(writes: readonly Write[]): Promise<void> {
      while (leaving.bytes + waiting.bytes > UNFLUSHED_BYTES_MAX)
        await new Promise<void>((go, refuse) => room.push({ go, refuse }));
      waiting.add(writes);
      flushing ??= Promise.resolve().then(flushAll);
    },
    /** Writes the rest without waiting for its time; rejects when the disk does not take it. */
    async finish(): Promise<void> {
      hurry.abort();
      await flushing;
    },
  };
}

/** The last write of each row. */
class Unflushed {
  readonly rows = new Map<string, Write>();
  bytes = 0;

  add(writes: Iterable<Write>): void {
    for (const write of writes) {
      const name = rowName(write.key);
      const before = this.rows.get(name);
      this.bytes += sizeOf(write) - (before === undefined ? 0 : sizeOf(before));
      this.rows.set(name, write);
    }
  }

  /** This with another one's writes over it. */
  under(later: Unflushed): Unflushed {
    if (this.rows.size === 0) return later;
    this.add(later.rows.values());
    return this;
  }
}

const sizeOf = ({ key, value }: Write): number => ROW_BYTES + key.length + (value?.length ?? 0);
