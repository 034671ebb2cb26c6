/**
 * What is known of one partition when it is audited: what every member node has applied, what every server of the log
 * holds, and what the log says of itself. Gathered by adapters; judged here without I/O, clock or chance.
 */

/** The running digest (relayer/midc/record.ts) after the record of this sequence. */
export interface DigestAt {
  readonly seq: number;
  /** Lower-case hex. */
  readonly digest: string;
}

export interface NodeReport {
  readonly node: string;
  readonly applied: number;
  /** At its own `applied`, and at the `applied` of every node that is behind it. Checkpoints may be added. */
  readonly digests: readonly DigestAt[];
  /** Whether the node has stopped appending to this partition and applying it, until it is told to go on. */
  readonly frozen: boolean;
  /** Batches of this node's state that the chain holds as they are, and the first one that it holds otherwise. */
  readonly anchored: number;
  readonly conflict?: number;
  /** Records that a rebuild has set aside here and that have not been appended again. */
  readonly aside?: number;
  /** The oldest record that is kept beside the state; absent where none is. */
  readonly keptFrom?: number;
  /** Where the oldest transaction began that is not final; its record is still needed. */
  readonly openFrom?: number;
  /** Up to where the partition is in the node's newest stored snapshot; absent where it has none. */
  readonly snapshot?: number;
}

/** One server's copy of the log, read record by record. */
export interface ServerReport {
  readonly server: string;
  /** 0 and 0 where the copy is empty. */
  readonly first: number;
  readonly last: number;
  /** Sequences between first and last that are not there. */
  readonly missing: readonly number[];
  /** Folded from its records, at the sequences the nodes report; none beyond the first that is missing. */
  readonly digests: readonly DigestAt[];
}

export interface LogReport {
  /** False where the partition has no stream at all. */
  readonly exists: boolean;
  readonly generation: number;
  /** The server that answers for the log. */
  readonly leader?: string;
  readonly tail: number;
}

export interface PartitionFacts {
  readonly partition: number;
  /** Every member node, whether it has reported or not. */
  readonly members: readonly string[];
  readonly nodes: readonly NodeReport[];
  /** Absent where nobody could ask the log. */
  readonly log?: LogReport;
  /** Empty where no replica was read: then only what the log says of itself is judged. */
  readonly servers: readonly ServerReport[];
  /** A person's word for it that this node's past is the right one. */
  readonly trusted?: string;
}
