import type { Clock } from "../../relayer/ports.ts";

/** Somebody whose life can end or stop for a while: what was to happen to the dead does not happen. */
export interface Owner {
  readonly isDead: () => boolean;
  /** Virtual time until which nothing happens to it; in the past when it is awake. */
  readonly pausedUntil: () => number;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly owner: Owner | undefined;
  readonly happen: () => void;
}

/**
 * Virtual time. Everything that waits in a simulation waits here; one event happens at a time, and all that follows
 * from it without waiting has happened before the next. So a schedule follows from its seed alone.
 */
export class World {
  readonly #events: Event[] = [];
  #order = 0;
  #now = 0;
  happened = 0;

  get now(): number {
    return this.#now;
  }

  after(ms: number, happen: () => void, owner?: Owner): void {
    this.#push({ at: this.#now + Math.max(0, ms), order: (this.#order += 1), owner, happen });
  }

  /** Resolves in virtual time; never, if its owner dies first. */
  sleep(ms: number, owner?: Owner): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve, owner);
    });
  }

  clock(owner?: Owner): Clock {
    // Labels in blocks are days since 1970: a simulation begins on some day.
    return { now: () => EPOCH_MS + this.#now, sleep: (ms) => this.sleep(ms, owner) };
  }

  /** Lets everything happen until `isOver` says so, the time is up or nothing waits any more. */
  async run(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    for (;;) {
      const event = this.#pop();
      if (event === undefined) return;
      if (event.at > untilMs) {
        this.#push(event);
        this.#now = untilMs;
        return;
      }
      this.#now = Math.max(this.#now, event.at);
      if (event.owner?.isDead() === true) continue;
      const awake = event.owner?.pausedUntil() ?? 0;
      if (awake > this.#now) {
        this.#push({ ...event, at: awake });
        continue;
      }
      this.happened += 1;
      event.happen();
      await settled();
      if (isOver()) return;
    }
  }

  #push(event: Event): void {
    const heap = this.#events;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#events;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      const isRight = right !== undefined && left !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }
}

const EPOCH_MS = 1_800_000_000_000;
const isBefore = (one: Event, other: Event): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

/** After every promise that can go on has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
