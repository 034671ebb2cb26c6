import type { LogEntry } from "../../ports.ts";

const ENTRIES_MAX = 64;
const BYTES_MAX = 1024 * 1024;

/** The end of a partition's log, which is read once more right after it was written: without asking the disk. */
export function newestEntries() {
  let entries: LogEntry[] = [];
  let bytes = 0;
  return {
    /** The next one in sequence. */
    add(entry: LogEntry): void {
      entries.push(entry);
      bytes += entry.bytes.length;
      while (entries.length > ENTRIES_MAX || bytes > BYTES_MAX) bytes -= entries.shift()?.bytes.length ?? bytes;
    },
    clear(): void {
      [entries, bytes] = [[], 0];
    },
    /** Undefined when the sequence lies further back than what is kept. */
    from(seq: number, max: number): readonly LogEntry[] | undefined {
      const [first] = entries;
      return first === undefined || seq < first.seq ? undefined : entries.slice(seq - first.seq, seq - first.seq + max);
    },
  };
}
