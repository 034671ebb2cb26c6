import { JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import type { LogEntry } from "../../ports.ts";

/** Questions under way at once, and records fetched in one call. */
const AT_ONCE = 16;
const RECORDS_MAX = 256;
const NO_MESSAGE = 10_037;

/** A sequence that must be there is not. */
export class RecordMissing extends Error {
  override readonly name = "RecordMissing";
  readonly seq: number;
  constructor(seq: number) {
    super(`record ${seq} is missing`);
    this.seq = seq;
  }
}

/** Records by sequence from the stream's leader; a run without gaps or nothing. */
export async function fetchRecords(
  jsm: JetStreamManager,
  stream: string,
  range: { readonly fromSeq: number; readonly toSeq: number },
): Promise<readonly LogEntry[]> {
  const toSeq = Math.min(range.toSeq, range.fromSeq + RECORDS_MAX - 1);
  const entries: LogEntry[] = [];
  for (let first = range.fromSeq; first <= toSeq; first += AT_ONCE) {
    const seqs = Array.from({ length: Math.min(AT_ONCE, toSeq - first + 1) }, (_, i) => first + i);
    entries.push(...(await Promise.all(seqs.map((seq) => fetchRecord(jsm, stream, seq)))));
  }
  return entries;
}

async function fetchRecord(jsm: JetStreamManager, stream: string, seq: number): Promise<LogEntry> {
  try {
    const message = await jsm.streams.getMessage(stream, { seq });
    if (message === null) throw new RecordMissing(seq);
    return { seq, bytes: message.data };
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) throw new RecordMissing(seq);
    throw error;
  }
}
