import { joinCluster, type Cluster } from "./cluster/cluster.ts";
import { createHealth, guardedLog } from "./cluster/health.ts";
import { openWords } from "./cluster/words.ts";
import type { Config } from "./config.ts";
import { checkedLog, createSupplies, readingKept } from "./log/kept.ts";
import { startReplica, type Replica } from "./log/replica.ts";
import { memberKey } from "./midc/apply.ts";
import { nodeIdOf } from "./midc/record.ts";
import { systemClock } from "./ops/clock.ts";
import type { PartitionLog } from "./ports.ts";
import { genesisOf, openStores, type Stores } from "./stores.ts";

/** Lays something over the stores before anybody uses them; the crash tests count and stop at every write. */
export type WrapStores = (stores: Stores) => Stores;

/** What a node stands on: its stores, its replica of the state, and in a cluster its place among the others. */
export interface Ground {
  readonly stores: Stores;
  readonly partitionLog: PartitionLog;
  readonly replica: Replica;
  readonly cluster: Cluster | undefined;
  /** Tells the other nodes where people reach this one. */
  readonly announce: (url: string) => void;
}

/** Opens the stores and replays what the logs hold. */
export async function layGround(
  config: Config,
  options: { readonly wrap: WrapStores; readonly onFault: (error: unknown) => void },
): Promise<Ground> {
  const { onFault } = options;
  const { stores: bare, below } = await openStores(config);
  const stores = options.wrap(bare);
  const { keyring, state } = stores;
  const health = createHealth();
  // A node of a cluster reads its own copy first, and appends only where it may believe the servers.
  const partitionLog =
    below === undefined
      ? stores.partitionLog
      : readingKept(checkedLog(guardedLog(stores.partitionLog, health), state, createSupplies()), state);
  const genesisNodes = genesisOf(config, keyring);
  const replica = await startReplica(
    { genesisNodes, onFault, keepRecords: below !== undefined },
    { log: partitionLog, state, keyring, clock: systemClock },
  );
  let url = config.MIDCHAIN_PUBLIC_URL ?? "";
  const announce = (reached: string): void => {
    url = reached;
  };
  if (below === undefined) return { stores, partitionLog, replica, cluster: undefined, announce };
  const isMember = (publicKey: Uint8Array): boolean =>
    memberKey(state, 0, nodeIdOf(publicKey), genesisNodes) !== undefined;
  const words = openWords(below.gossip, keyring, isMember);
  const cluster = joinCluster(
    { url: () => url, acceptUnsafe: config.MIDCHAIN_ACCEPT_UNSAFE_NATS === "yes" },
    { words, engine: below.engine, replica, health, clock: systemClock, keyring, onFault },
  );
  return { stores, partitionLog, replica, cluster, announce };
}
