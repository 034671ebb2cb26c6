import type { Hex } from "./bytes.ts";

/** The nodes of a network, the servers that keep its logs, and who does what for which partition, as one node sees it. */
export interface ClusterView {
  /** The node that answered. */
  readonly node: Hex;
  readonly nodes: readonly {
    readonly id: Hex;
    readonly url: string;
    readonly live: boolean;
    readonly heardMsAgo: number;
    /** How many partitions it executes. */
    readonly executes: number;
    /** Records that it has not applied and the answering node has. */
    readonly behind: number;
  }[];
  /** Empty where one node keeps its logs by itself. */
  readonly servers: readonly {
    readonly name: string;
    readonly version: string;
    readonly syncAlways: boolean;
    readonly leads: number;
  }[];
  readonly unsafe: readonly { readonly cause: string; readonly fix: string }[];
  readonly partitions: readonly PartitionView[];
}

export interface PartitionView {
  readonly partition: number;
  readonly stream: string;
  /** The server that leads its log; null on one machine, where a log has no leader. */
  readonly leader: string | null;
  readonly replicas: readonly { readonly server: string; readonly current: boolean; readonly lag: number }[];
  readonly first: number | null;
  readonly tail: number | null;
  /** What its log takes on each server; null on one machine. */
  readonly bytes: number | null;
  readonly applied: number;
  readonly executor: Hex | null;
  /** `ok`, or the code of what keeps the partition read-only. */
  readonly state: string;
}
