import { fromHex, toHex, type Hex } from "../protocol/bytes.ts";
import { settleStage } from "./adapters/file/folder.ts";
import { openAnchors } from "./adapters/viem/anchors.ts";
import { openAside, settleAside } from "./aside.ts";
import type { Manifest } from "./audit/snapshot.ts";
import { openAsking, type Asking } from "./cluster/asking.ts";
import { joinCluster, type Cluster } from "./cluster/cluster.ts";
import { frozenName } from "./cluster/reports.ts";
import { untilShared } from "./cluster/differing.ts";
import { createHealth, guardedLog } from "./cluster/health.ts";
import type { ClusterView } from "./cluster/view.ts";
import { openWords, type Words } from "./cluster/words.ts";
import type { Config } from "./config.ts";
import { settleDamage } from "./damage.ts";
import { Fault } from "./errors.ts";
import { fetchSnapshot, lacking, offerSnapshots } from "./joining.ts";
import { ALONE_PACE_MS } from "./log/appender.ts";
import { freezable, type FreezableLog } from "./log/freezable.ts";
import { checkedLog, createSupplies, readingKept, type Supplies } from "./log/kept.ts";
import { startReplica, type Replica } from "./log/replica.ts";
import { untilWhole } from "./log/whole.ts";
import { writeBehind } from "./log/writeBehind.ts";
import { keys } from "./midc/keys.ts";
import { nodeIdOf } from "./midc/record.ts";
import { systemClock } from "./ops/clock.ts";
import { memberKey, type GenesisNodes } from "./midc/apply.ts";
import type { Aside, Journal, LogEngine, LogKeeper, PartitionLog, StateView } from "./ports.ts";
import { checkWraps } from "./privacy/wraps.ts";
import { openSnapshots, type Snapshots } from "./snapshots.ts";
import { genesisOf, openStores, type Below, type Stores } from "./stores.ts";

/** Lays something over the stores before anybody uses them; the crash tests count and stop at every write. */
export type WrapStores = (stores: Stores) => Stores;

/** What a node stands on: its stores, its replica of the state, and in a cluster its place among the others. */
export interface Ground {
  readonly stores: Stores;
  readonly partitionLog: PartitionLog;
  readonly replica: Replica;
  readonly cluster: Cluster | undefined;
  /** What an audit of a cluster stands on. */
  readonly audited: Audited | undefined;
  readonly members: Members;
  /** Tells the other nodes where people reach this one. */
  readonly announce: (url: string) => void;
}

/** Whose word counts, and how they are asked; a node that stands alone asks itself. */
export interface Members {
  readonly asking: Asking;
  readonly list: () => readonly Hex[];
  readonly has: (publicKey: Uint8Array) => boolean;
  /** Whether it is this node that does what one does for all. */
  readonly isSteward: () => boolean;
}

export interface Audited {
  readonly engine: LogEngine;
  readonly keeper: LogKeeper;
  readonly frozen: FreezableLog;
  readonly supplies: Supplies;
  readonly asking: Asking;
  /** Ids of the nodes whose records count. */
  readonly members: () => readonly Hex[];
  readonly snapshots: Snapshots;
  readonly aside: Aside;
  readonly whole: (signal: AbortSignal) => Promise<void>;
}

/** Opens the stores and replays what the logs hold. */
export async function layGround(
  config: Config,
  options: { readonly wrap: WrapStores; readonly onFault: (error: unknown) => void },
): Promise<Ground> {
  const { onFault } = options;
  const { stores: bare, below } = await openWithin(config, onFault);
  const wrapped = options.wrap(bare);
  // A node of its own has its log on its own disk; in a cluster the state's disk is a witness beside the servers'.
  const stores =
    below === undefined ? { ...wrapped, state: writeBehind(wrapped.state, { clock: systemClock, onFault }) } : wrapped;
  const { keyring, state } = stores;
  const health = createHealth();
  const supplies = createSupplies();
  // Whatever else is appended to a log that has lost records makes its repair harder: nothing is, from the first sign on.
  const onLost = ({ code, message }: Fault, partition: number): void => {
    health.freeze(partition, code, message);
  };
  // A node of a cluster reads its own copy first, and appends only where it may believe the servers.
  const partitionLog =
    below === undefined
      ? stores.partitionLog
      : readingKept(checkedLog(guardedLog(stores.partitionLog, health, systemClock), state, supplies, onLost), state);
  const frozen = freezable(partitionLog, frozenAtStart(stores.journal, partitionLog.partitions));
  const genesisNodes = genesisOf(config, keyring);
  const replica = await startReplica(
    {
      ...{ genesisNodes, onFault, keepRecords: below !== undefined },
      paceMs: below === undefined ? ALONE_PACE_MS : undefined,
    },
    { log: frozen, state, keyring, clock: systemClock },
  );
  let url = config.MIDCHAIN_PUBLIC_URL ?? "";
  const announce = (reached: string): void => {
    url = reached;
  };
  const self = toHex(keyring.nodeId);
  const has = (publicKey: Uint8Array): boolean => isMember(publicKey, state, genesisNodes);
  if (below === undefined) {
    requireKeys(state, keyring, partitionLog.partitions);
    const members = { asking: openAsking(NOBODY_ELSE, self), list: () => [self], has, isSteward: () => true };
    return { stores, partitionLog, replica, cluster: undefined, audited: undefined, members, announce };
  }
  const words = wordsOf(stores, below, genesisNodes);
  const list = (): readonly Hex[] => membersOf(state, genesisNodes);
  const cluster = joinCluster(
    { url: () => url, acceptUnsafe: config.MIDCHAIN_ACCEPT_UNSAFE_NATS === "yes" },
    { words, engine: below.engine, replica, members: list, health, clock: systemClock, keyring, onFault },
  );
  const asking = openAsking(words, self);
  const isPressed = (newest: Manifest | undefined): boolean => isLogLarge(config, cluster.view(), newest);
  const snapshots = openSnapshots(config, { state, keyring, isPressed, onFault });
  offerSnapshots(asking, snapshots);
  const aside = openAside(config.MIDCHAIN_DATA_DIR, state, { partitions: replica.partitions, genesisNodes });
  const whole = wholeOf({ asking, members: list, replica, aside, keyring, onFault });
  const audited = { ...below, frozen, supplies, asking, members: list, snapshots, aside, whole };
  const members = { asking, list, has, isSteward: cluster.isSteward };
  return { stores, partitionLog, replica, cluster, audited, members, announce };
}

/** Resolves once this node has what it may be asked for, and nothing that the others contradict. */
const wholeOf = (ports: {
  readonly asking: Asking;
  readonly members: () => readonly Hex[];
  readonly keyring: Stores["keyring"];
  readonly replica: Replica;
  readonly aside: Aside;
  readonly onFault: (error: unknown) => void;
}): Audited["whole"] => {
  const { view, partitions } = ports.replica;
  return async (signal) => {
    await Promise.all([
      untilWhole({ ...ports, clock: systemClock }, signal),
      untilShared({ ...ports, view, partitions, clock: systemClock }, signal),
    ]);
  };
};

/** A state that was brought back without its keys, or beside newer ones, serves nobody: better said now than to each. */
function requireKeys(view: StateView, keyring: Stores["keyring"], partitions: number): void {
  const { older, newer, wrong } = checkWraps(view, keyring, partitions);
  if (older.size > 0) throw new Fault("BACKUP_KEY_GONE", `${older.size} partitions`);
  if (newer !== undefined || wrong) throw new Fault("VAULT_KEY_MISSING");
}

/** Words of a node that stands alone. */
const NOBODY_ELSE: Words = { tell: () => undefined, hear: () => () => undefined };

const isMember = (publicKey: Uint8Array, view: StateView, genesis: GenesisNodes): boolean =>
  memberKey(view, 0, nodeIdOf(publicKey), genesis) !== undefined;

/** Opens the stores; a node that the log no longer reaches takes another node's state first. */
async function openWithin(config: Config, onFault: (error: unknown) => void): ReturnType<typeof openStores> {
  settleAside(config.MIDCHAIN_DATA_DIR, onFault);
  settleStage(config.MIDCHAIN_DATA_DIR);
  await settleDamage(config.MIDCHAIN_DATA_DIR, config.MIDCHAIN_PARTITIONS, onFault);
  const opened = await openStores(config, onFault);
  const { stores, below } = opened;
  if (below === undefined) return opened;
  const logs = lacking(stores.state, (await below.engine.look()).partitions);
  if (logs.length === 0) return opened;
  try {
    onFault(new Fault("LOG_TRIMMED", `${logs.length} partitions; another node's snapshot is fetched`));
    const words = wordsOf(stores, below, genesisOf(config, stores.keyring));
    const asking = openAsking(words, toHex(stores.keyring.nodeId));
    const anchors = openAnchors(config.MIDCHAIN_RPC_URLS, fromHex(config.MIDCHAIN_LEDGER) ?? new Uint8Array(20));
    const { signal } = new AbortController();
    await fetchSnapshot(config, logs, { view: stores.state, asking, anchors, signal });
  } finally {
    await Promise.all([stores.partitionLog.close(), stores.state.close(), stores.journal.close()]);
  }
  // What was fetched takes its place now. Were the log trimmed beyond it meanwhile, it is all done again.
  return openWithin(config, onFault);
}

const wordsOf = ({ state, keyring }: Stores, below: Below, genesisNodes: GenesisNodes): Words =>
  openWords(below.gossip, keyring, (publicKey) => isMember(publicKey, state, genesisNodes));

/** The log is half as large as it may be, and less than half of it is behind a snapshot. */
function isLogLarge(config: Config, view: ClusterView, newest: Manifest | undefined): boolean {
  return view.partitions.some(({ partition, bytes, first, applied }) => {
    const covered = newest?.partitions[partition]?.seq ?? 0;
    return (bytes ?? 0) * 2 > config.MIDCHAIN_LOG_KEEP_BYTES && covered * 2 < (first ?? 1) + applied;
  });
}

/** A node that was killed in the middle of a repair comes back with the same partitions stopped. */
const frozenAtStart = (journal: Journal, partitions: number): readonly number[] =>
  Array.from({ length: partitions }, (_, partition) => partition).filter(
    (partition) => journal.get(frozenName(partition)) !== undefined,
  );

/** The genesis nodes and those that records have made members, without those that records have taken out. */
function membersOf(view: StateView, genesis: GenesisNodes): readonly Hex[] {
  const named = view.range({ ...keys.nodesOf(0), limit: NODES_MAX }).map(({ key }) => key.slice(-NODE_ID_BYTES));
  const all = [...[...genesis.values()].map(nodeIdOf), ...named];
  const members = all.filter((nodeId) => memberKey(view, 0, nodeId, genesis) !== undefined).map(toHex);
  return [...new Set(members)].sort();
}

const NODES_MAX = 1_000;
const NODE_ID_BYTES = 16;
