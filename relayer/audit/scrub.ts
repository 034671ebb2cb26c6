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

/**
 * Folds the records of one copy, in order, into what the audit wants to know of it. `expectedLast` is what the copy
 * says of itself: a copy can report a tail whose records it does not have.
 */
export function scrub(
  copy: { readonly server: string; readonly start: LogStart; readonly expectedLast: number },
  entries: Iterable<LogEntry>,
  wanted: ReadonlySet<number>,
): ServerReport {
  const missing: number[] = [];
  const digests: DigestAt[] = [];
  let { seq: at, digest } = copy.start;
  let first = 0;
  for (const { seq, bytes } of entries) {
    for (at += 1; at < seq; at += 1) missing.push(at);
    if (first === 0) first = seq;
    digest = nextDigest(digest, seq, bytes);
    // Beyond a hole the digest is of another log.
    if (missing.length === 0 && wanted.has(seq)) digests.push({ seq, digest: toHex(digest) });
  }
  for (let seq = at + 1; seq <= copy.expectedLast; seq += 1) missing.push(seq);
  return { server: copy.server, first, last: Math.max(at, copy.expectedLast), missing, digests };
}
