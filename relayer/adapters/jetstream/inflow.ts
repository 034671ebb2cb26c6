import type { LogEntry } from "../../ports.ts";

/** How much of one partition may wait here to be applied. */
const ENTRIES_MAX = 1_024;
const BYTES_MAX = 8 * 1024 * 1024;

/**
 * The records of one partition that have arrived and not been read yet. They come from acknowledgements of our own
 * appends and from the engine's delivery, in any order and more than once; they leave in order, without gaps.
 */
export class Inflow {
  readonly #entries = new Map<number, Uint8Array>();
  readonly #waiting: (() => void)[] = [];
  #bytes = 0;
  /** The next sequence the reader will ask for. */
  #next: number;
  /** The highest sequence known to exist. */
  #tail: number;

  constructor(next: number, tail: number) {
    this.#next = next;
    this.#tail = tail;
  }

  get tail(): number {
    return this.#tail;
  }

  get next(): number {
    return this.#next;
  }

  noteTail(seq: number): void {
    this.#tail = Math.max(this.#tail, seq);
  }

  offer(seq: number, bytes: Uint8Array): void {
    this.noteTail(seq);
    if (seq < this.#next || this.#entries.has(seq) || this.isFull) return;
    this.#entries.set(seq, bytes);
    this.#bytes += bytes.length;
  }

  /** The log goes on in another generation: what the one before still had to say is not of this log. */
  renew(): void {
    this.#tail = this.#next - 1;
    this.release();
  }

  get isFull(): boolean {
    return this.#entries.size >= ENTRIES_MAX || this.#bytes >= BYTES_MAX;
  }

  /** What lies here from `fromSeq` on without a gap. What comes before it is let go: its reader is past it. */
  take(fromSeq: number, max: number): readonly LogEntry[] {
    if (fromSeq > this.#next) {
      this.#next = fromSeq;
      for (const [seq, bytes] of this.#entries) if (seq < fromSeq) this.#drop(seq, bytes);
      this.#drained();
    }
    const run: LogEntry[] = [];
    for (let seq = fromSeq; run.length < max; seq += 1) {
      const bytes = this.#entries.get(seq);
      if (bytes === undefined) break;
      run.push({ seq, bytes });
    }
    return run;
  }

  #drop(seq: number, bytes: Uint8Array): void {
    this.#entries.delete(seq);
    this.#bytes -= bytes.length;
  }

  #drained(): void {
    if (this.isFull) return;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when there is room again. */
  async room(): Promise<void> {
    while (this.isFull) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Forgets what lies here, and lets whoever waits for room go on. */
  release(): void {
    this.#entries.clear();
    this.#bytes = 0;
    this.#drained();
  }
}
