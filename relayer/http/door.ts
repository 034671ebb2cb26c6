import type { Cluster } from "../cluster/cluster.ts";
import type { EnrolPorts } from "../flow/enrol.ts";
import type { Stages } from "../flow/flow.ts";
import type { Network } from "../flow/guard.ts";
import type { ReadPorts } from "../flow/read.ts";
import type { Happened } from "../midc/apply.ts";
import type { Logger } from "../ops/logger.ts";
import type { Clock, Keyring, StateView } from "../ports.ts";

/** What the http room needs of a node; a `RelayerNode` fits, and so does a node made of memory in a test. */
export interface HttpNode {
  readonly network: Network;
  readonly stages: Stages;
  readonly enrolment: EnrolPorts;
  readonly read: ReadPorts;
  readonly keyring: Pick<Keyring, "nodeId" | "nodePublicKey" | "sign" | "sessionTag" | "ownerTag">;
  readonly replica: {
    readonly partitions: number;
    readonly view: StateView;
    readonly applied: (partition: number) => number;
    readonly fence: (partition: number) => Promise<void>;
    readonly reached: (partition: number, seq: number) => Promise<void>;
    readonly onHappened: (listener: (happened: Happened) => void) => () => void;
  };
  readonly ledger: {
    readonly acceptedByContract: (account: Uint8Array, digest: Uint8Array, signature: Uint8Array) => Promise<boolean>;
    readonly onHead: (listener: () => void) => () => void;
    readonly watch: { readonly head: number; readonly finalized: number; readonly lastError: string | undefined };
  };
  /** Undefined for a node that stands alone. */
  readonly cluster: Pick<Cluster, "view" | "words"> | undefined;
  readonly executor: {
    readonly notaries: readonly {
      readonly backlog: { readonly unbatched: number; readonly openBatches: readonly number[] };
    }[];
  };
}

export interface HttpOptions {
  readonly networkName: string;
  /** Where people reach this node; known only once it listens, when the port was left to the machine. */
  readonly publicUrl: () => string;
  /** Other origins that may call from a browser and sign people in. */
  readonly origins: readonly string[];
  /** The ServiceMarket, told by /v1/network; absent where purchases are not taken. */
  readonly market?: string;
  /** The block from which the contracts' events are to be read. */
  readonly fromBlock?: number;
  /** An RPC endpoint that browsers may use; told by /v1/network and allowed by the content security policy. */
  readonly browserRpcUrl?: string;
  /** What browsers are told of the chain beside the ledger: contracts by name, an explorer. */
  readonly contracts?: Readonly<Record<string, string>>;
  readonly explorerUrl?: string;
  /** Reverse proxies of our own in front. */
  readonly proxies: number;
  /** Requests per minute; 0 switches the limit off. */
  readonly ipPerMinute: number;
  readonly accountPerMinute: number;
  readonly streamsMax: number;
  readonly portalDir?: string;
  /** Told for each request that was taken or refused, for metrics. */
  readonly onSubmitted?: (result: { readonly rule?: string; readonly elapsedMs: number }) => void;
}

export interface HttpPorts {
  readonly clock: Pick<Clock, "now">;
  readonly log: Pick<Logger, "debug" | "info" | "error">;
}
