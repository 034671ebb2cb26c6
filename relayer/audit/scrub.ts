import { toHex } from "../../protocol/bytes.ts";
import { nextDigest } from "../midc/record.ts";
import type { LogEntry } from "../ports.ts";
import type { DigestAt, ServerReport } from "./facts.ts";

/** Where a log begins: after a trim or in a later generation, that is not at its first record. */
export interface LogStart {
  /** The sequence before the first record that is read. */
  readonly seq: number;
  readonly digest: Uint8Array;
}

export interface ScrubbedCopy {
  readonly server: string;
  readonly start: LogStart;
  /** What the copy says of itself: it can report a tail whose records it does not have. */
  readonly expectedLast: number;
}

/** One copy under scrub: its records come one by one, so that a copy of any size can be read. */
export interface Scrubbing {
  /** In the order of the log. */
  readonly take: (entry: LogEntry) => void;
  readonly report: () => ServerReport;
}

/** Folds the records of one copy into what the audit wants to know of it. */
export function beginScrub(copy: ScrubbedCopy, wanted: ReadonlySet<number>): Scrubbing {
  const missing: number[] = [];
  const digests: DigestAt[] = [];
  let { seq: at, digest } = copy.start;
  let first = 0;
  return {
    take({ seq, bytes }) {
      for (at += 1; at < seq; at += 1) missing.push(at);
      if (first === 0) first = seq;
      digest = nextDigest(digest, seq, bytes);
      // Beyond a hole the digest is of another log.
      if (missing.length === 0 && wanted.has(seq)) digests.push({ seq, digest: toHex(digest) });
    },
    report() {
      const claimed = Array.from({ length: Math.max(0, copy.expectedLast - at) }, (_, i) => at + 1 + i);
      const last = Math.max(at, copy.expectedLast);
      return { server: copy.server, first, last, missing: [...missing, ...claimed], digests };
    },
  };
}

/** The same for records that are all at hand. */
export function scrub(copy: ScrubbedCopy, entries: Iterable<LogEntry>, wanted: ReadonlySet<number>): ServerReport {
  const scrubbing = beginScrub(copy, wanted);
  for (const entry of entries) scrubbing.take(entry);
  return scrubbing.report();
}
