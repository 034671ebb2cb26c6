import { join } from "node:path";
import { ascii, fromHex, toHex } from "../protocol/bytes.ts";
import type { NatsAccess } from "./adapters/jetstream/connect.ts";
import { openEngine } from "./adapters/jetstream/engine.ts";
import { natsGossip } from "./adapters/jetstream/gossip.ts";
import { openKeeper } from "./adapters/jetstream/keeper.ts";
import { openReplicatedLog } from "./adapters/jetstream/open.ts";
import { openFileKeyring } from "./adapters/file/keyring.ts";
import { openLmdbJournal } from "./adapters/lmdb/journal.ts";
import { openLmdbLog } from "./adapters/lmdb/log.ts";
import { openLmdbState } from "./adapters/lmdb/state.ts";
import type { Config } from "./config.ts";
import { requireLayout } from "./layout.ts";
import { keys } from "./midc/keys.ts";
import { nodeIdOf } from "./midc/record.ts";
import { decodeApplied } from "./midc/rows.ts";
import type { GenesisNodes } from "./midc/apply.ts";
import type { CopyableState, Gossip, Journal, Keyring, LogEngine, LogKeeper, PartitionLog, State } from "./ports.ts";

export interface Stores {
  readonly keyring: Keyring;
  readonly partitionLog: PartitionLog;
  readonly state: CopyableState;
  readonly journal: Journal;
}

/** What only a node of a cluster stands on. */
export interface Below {
  readonly engine: LogEngine;
  readonly keeper: LogKeeper;
  readonly gossip: Gossip;
}

/** A node of its own keeps its log in LMDB; a node of a cluster keeps it on the cluster's servers. */
export async function openStores(
  config: Config,
  onFault: (error: unknown) => void,
): Promise<{ readonly stores: Stores; readonly below: Below | undefined }> {
  const at = (name: string): string => join(config.MIDCHAIN_DATA_DIR, name);
  const keyring = openFileKeyring(at("keys.json"));
  const state = await openState(at("state"));
  const journal = openLmdbJournal(at("journal"));
  if (config.MIDCHAIN_NATS_URLS === undefined) {
    const partitionLog = openLmdbLog({ path: at("log"), partitions: config.MIDCHAIN_PARTITIONS });
    return { stores: { keyring, partitionLog, state, journal }, below: undefined };
  }
  try {
    const options = replicatedOptions(config, config.MIDCHAIN_NATS_URLS, { keyring, state });
    const opened = await openReplicatedLog(options);
    const engine = await openEngine(opened);
    const keeper = await openKeeper(opened, options);
    const gossip = natsGossip(opened.nc, config.MIDCHAIN_NETWORK, onFault);
    return { stores: { keyring, partitionLog: opened.log, state, journal }, below: { engine, keeper, gossip } };
  } catch (error) {
    await Promise.all([state.close(), journal.close()]);
    throw error;
  }
}

async function openState(path: string): Promise<CopyableState> {
  const state = openLmdbState(path);
  try {
    requireLayout(state);
    return state;
  } catch (error) {
    await state.close();
    throw error;
  }
}

/** How a node, or a verb in its place, reaches the NATS servers. */
export function accessOf(config: Config, servers: readonly string[], who: string): NatsAccess {
  const [caFile, certFile, keyFile] = [
    config.MIDCHAIN_NATS_CA_FILE,
    config.MIDCHAIN_NATS_CERT_FILE,
    config.MIDCHAIN_NATS_KEY_FILE,
  ];
  const isTls = caFile !== undefined && certFile !== undefined && keyFile !== undefined;
  const tls = isTls ? { caFile, certFile, keyFile } : undefined;
  return { servers, name: `midchain ${who}`, seed: config.MIDCHAIN_NATS_SEED, tls };
}

function replicatedOptions(
  config: Config,
  servers: readonly string[],
  { keyring, state }: { readonly keyring: Keyring; readonly state: State },
) {
  return {
    access: accessOf(config, servers, toHex(keyring.nodeId).slice(2, 10)),
    sysSeed: config.MIDCHAIN_NATS_SYS_SEED,
    keeperSeed: config.MIDCHAIN_NATS_KEEPER_SEED,
    acceptUnsafe: config.MIDCHAIN_ACCEPT_UNSAFE_NATS === "yes",
    network: config.MIDCHAIN_NETWORK,
    partitions: config.MIDCHAIN_PARTITIONS,
    replicas: config.MIDCHAIN_NATS_REPLICAS,
    bytesMax: config.MIDCHAIN_NATS_LOG_BYTES,
    nextOf: (partition: number): number => decodeApplied(state.get(keys.applied(partition))).seq + 1,
  };
}

/** The nodes a network begins with, this one among them; later ones are made members by records. */
export function genesisOf(config: Config, keyring: Pick<Keyring, "nodeId" | "nodePublicKey">): GenesisNodes {
  if (config.MIDCHAIN_NODES === undefined) return new Map([[toHex(keyring.nodeId), keyring.nodePublicKey]]);
  const publicKeys = config.MIDCHAIN_NODES.map((hex) => fromHex(hex) ?? ascii(""));
  return new Map(publicKeys.map((publicKey) => [toHex(nodeIdOf(publicKey)), publicKey]));
}
