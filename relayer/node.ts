import { Hash, Secp256k1 } from "ox/wasm";
import { hashTypedData } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { bindingTypedData, type SignedBinding } from "../protocol/binding.ts";
import { ascii, equalBytes, fromHex, toHex, type Hex } from "../protocol/bytes.ts";
import { domainSeparator, type Keccak } from "../protocol/typedData.ts";
import { bullmqJobs } from "./adapters/bullmq/jobs.ts";
import { inProcessJobs } from "./adapters/inprocess/jobs.ts";
import { reasonName } from "./adapters/viem/items.ts";
import { openViemLedger, type ViemLedger } from "./adapters/viem/ledger.ts";
import { openMarket } from "./adapters/viem/market.ts";
import { openAudits } from "./audits.ts";
import type { Audits } from "./cluster/audits.ts";
import type { Cluster } from "./cluster/cluster.ts";
import type { Config } from "./config.ts";
import { sealStores } from "./damage.ts";
import { createCommittee } from "./dv/committee.ts";
import { signDigestWith, type Curve } from "./dv/keySigner.ts";
import { remoteDvSigner } from "./dv/remoteSigner.ts";
import { createDvSigner } from "./dv/signer.ts";
import type { EnrolPorts } from "./flow/enrol.ts";
import { startExecutor, type Executor } from "./flow/executor.ts";
import type { Stages } from "./flow/flow.ts";
import { createGuard, type Network } from "./flow/guard.ts";
import { createPending } from "./flow/pending.ts";
import { startSweeper } from "./flow/sweep.ts";
import type { ReadPorts } from "./flow/read.ts";
import { layGround, type Ground, type WrapStores } from "./ground.ts";
import { startSignatures, type Signatures } from "./guard/signatures.ts";
import type { BatchPolicy, NotaryPorts } from "./notary/notary.ts";
import type { Replica } from "./log/replica.ts";
import { systemClock } from "./ops/clock.ts";
import type { Logger } from "./ops/logger.ts";
import type { Committee, Journal, Jobs, Keyring, OfferOf } from "./ports.ts";
import { startRotation, type Rotation } from "./privacy/rotation.ts";
import { openVault, type Vault } from "./privacy/vault.ts";
import { openMembership, type Membership } from "./membership.ts";
import type { Snapshots } from "./snapshots.ts";

/** A relayer without its doors: everything that http, tests and benchmarks speak to. */
export interface RelayerNode {
  readonly network: Network;
  readonly stages: Stages;
  readonly enrolment: EnrolPorts;
  readonly read: ReadPorts;
  readonly replica: Replica;
  readonly vault: Vault;
  readonly keyring: Keyring;
  readonly ledger: ViemLedger;
  readonly executor: Executor;
  readonly signatures: Pick<Signatures, "cpuSeconds">;
  /** Both undefined for a node that stands alone. */
  readonly cluster: Cluster | undefined;
  readonly audits: Audits | undefined;
  readonly snapshots: Snapshots | undefined;
  readonly membership: Membership | undefined;
  readonly rotation: Rotation;
  /** Tells the other nodes of a cluster where people reach this one. */
  readonly announce: (url: string) => void;
  /** Resolves when the node is to be stopped and started again: it has found that its state must be another one. */
  readonly over: Promise<undefined>;
  /** Resolves when people may be served: a state that was made anew has reached the ends of its logs. */
  readonly whole: (signal: AbortSignal) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const bytesOf = (hex: Hex): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

/** Opens the stores, replays what the logs hold, and starts the executor. Resolves when the node can take requests. */
export async function startNode(
  config: Config,
  log: Logger,
  wrap: WrapStores = (stores) => stores,
): Promise<RelayerNode> {
  const onFault = tellFaults(log);
  const [{ keccak256 }, curve] = await Promise.all([Hash.engine(), Secp256k1.engine()]);
  const keccak: Keccak = (bytes) => keccak256(bytes);
  const network = networkOf(config);
  const ground = await layGround(config, { wrap, onFault });
  const { stores, partitionLog, replica, cluster, announce } = ground;
  const { keyring, state, journal } = stores;
  const vault = openVault(state, keyring);
  const signatures = startSignatures(Math.max(1, config.MIDCHAIN_SIGNATURE_THREADS), clock);
  const ledger = openLedger(config, network, journal);
  const jobs = openJobs(config, keyring, onFault);
  const common = { vault, clock, keccak };
  const committee = openCommittee(config, network, { journal, keccak, curve, signatures });
  const audits = openAudits(config, ground, { ledger, onFault });
  const executor = startExecutor(
    { ...notaryOptions(config), owns: (partition) => cluster?.owns(partition) ?? true },
    {
      ...common,
      ...separatorsOf(network),
      ...sharing(audits),
      replica,
      log: partitionLog,
      ledger,
      jobs,
      committee,
      onFault,
    },
  );
  lookOnChange(executor, cluster);
  const erasures = tendErasures(config, ground, { vault, onFault });
  const reading = { view: state, keyring, ...common };
  return {
    network,
    replica,
    vault,
    keyring,
    ledger,
    executor,
    signatures,
    stages: {
      guard: createGuard(network, { ...reading, signatures, ...ofContracts(config, ledger) }),
      pending: createPending(network, { replica, log: partitionLog, ...common }),
    },
    enrolment: { replica, keyring, ...common, approvalDomain: network, ...signedBy(signatures, ledger) },
    read: { ...reading, notaryOf: executor.notaryOf, nameError: (reason) => reasonName(toHex(reason)) },
    cluster,
    audits,
    snapshots: ground.audited?.snapshots,
    membership: ground.audited === undefined ? undefined : openMembership(replica, ground.audited.members),
    rotation: erasures.rotation,
    announce,
    ...lifeOf(ground, audits),
    stop: () => stopAll({ executor, jobs, ledger, signatures, cluster, audits, erasures, ground, config }),
  };
}

const NEVER = new Promise<undefined>(() => undefined);

/** A node that stands alone has nobody whose past could be another. */
const lifeOf = ({ audited }: Ground, audits: ReturnType<typeof openAudits>): Pick<RelayerNode, "over" | "whole"> => ({
  over: audits?.over ?? NEVER,
  whole: audited?.whole ?? (() => Promise.resolve()),
});

interface Erasures {
  readonly rotation: Rotation;
  readonly stop: () => Promise<void>;
}

/** What an erasure leaves to be done: keys forgotten here, bodies swept, and the key over all of them changed. */
function tendErasures(
  config: Config,
  { cluster, members, replica, stores }: Ground,
  { vault, onFault }: { readonly vault: Vault; readonly onFault: (error: unknown) => void },
): Erasures {
  const forgetting = replica.onHappened((happened) => {
    if (happened.kind === "erased") vault.forget(happened.chainId);
  });
  const sweeper = startSweeper(
    { owns: (partition) => cluster?.owns(partition) ?? true, onFault },
    { replica, clock: systemClock },
  );
  const rotation = startRotation({
    replica,
    view: stores.state,
    keyring: stores.keyring,
    asking: members.asking,
    isMember: members.has,
    members: members.list,
    isSteward: members.isSteward,
    clock: systemClock,
    intervalMs: config.MIDCHAIN_VAULT_ROTATE_MINUTES * 60_000,
    onFault,
  });
  return {
    rotation,
    async stop() {
      forgetting();
      await Promise.all([sweeper.stop(), rotation.stop()]);
    },
  };
}

const tellFaults =
  (log: Logger) =>
  (error: unknown): void => {
    const told = error instanceof Error ? error.message : String(error);
    log.error({ error: told }, "a step failed and will be tried again");
  };

/** When nodes come or go, this one may have become the executor of any partition. */
function lookOnChange(executor: Executor, cluster: Cluster | undefined): void {
  cluster?.onChange(() => {
    for (const partition of executor.notaries.keys()) executor.look(partition);
  });
}

/** From the doors inwards: nothing new is started, what runs is finished, then the stores are closed. */
async function stopAll(parts: {
  readonly executor: Executor;
  readonly jobs: Jobs;
  readonly ledger: ViemLedger;
  readonly signatures: Signatures;
  readonly cluster: Cluster | undefined;
  readonly audits: Audits | undefined;
  readonly erasures: Erasures;
  readonly ground: Ground;
  readonly config: Config;
}): Promise<void> {
  const { replica, stores, audited } = parts.ground;
  parts.executor.stop();
  await parts.audits?.stop();
  await parts.erasures.stop();
  await audited?.snapshots.stop();
  await parts.cluster?.stop();
  await parts.jobs.close();
  await parts.ledger.stop();
  await replica.stop();
  await parts.signatures.stop();
  await audited?.aside.close();
  // Nobody asks any more once the connection is closed.
  await stores.partitionLog.close();
  await Promise.all([stores.state.close(), stores.journal.close()]);
  await sealStores(parts.config.MIDCHAIN_DATA_DIR);
}

const clock = systemClock;

const networkOf = (config: Config): Network => ({
  chain: config.MIDCHAIN_CHAIN_ID,
  ledger: bytesOf(config.MIDCHAIN_LEDGER),
  engine: bytesOf(config.MIDCHAIN_ENGINE),
  tokens: new Set(config.MIDCHAIN_TOKENS),
});

/** What the guard asks of the chain: whether an account's contract accepts a signature, what is on offer. */
const ofContracts = (config: Config, ledger: ViemLedger) => ({
  acceptedByContract: ledger.acceptedByContract,
  offerOf: marketOf(config, ledger),
});

const marketOf = ({ MIDCHAIN_MARKET: market }: Config, { client }: ViemLedger): OfferOf | undefined =>
  market === undefined ? undefined : openMarket(client, bytesOf(market), clock);

const separatorsOf = ({ chain, engine, ledger }: Network) => ({
  dealSeparator: domainSeparator({ name: "SettlementEngine", chain, contract: engine }),
  ledgerSeparator: domainSeparator({ name: "NotaryLedger", chain, contract: ledger }),
});

/** In a cluster nothing is signed that only this node may know of. */
const sharing = (audits: Audits | undefined): Pick<NotaryPorts, "isShared"> =>
  audits === undefined ? {} : { isShared: audits.isShared };

const notaryOptions = (config: Config): { readonly networkTag: Uint8Array; readonly policy: BatchPolicy } => ({
  networkTag: ascii(config.MIDCHAIN_NETWORK),
  policy: {
    inputsMax: config.MIDCHAIN_BATCH_INPUTS,
    legsMax: config.MIDCHAIN_BATCH_LEGS,
    closeAfterMs: config.MIDCHAIN_CLOSE_AFTER_MS,
  },
});

function openLedger(config: Config, network: Network, journal: Journal): ViemLedger {
  const depth = /^depth:(\d+)$/.exec(config.MIDCHAIN_FINALITY)?.[1];
  return openViemLedger(
    {
      rpcUrls: config.MIDCHAIN_RPC_URLS,
      chain: network.chain,
      ledger: network.ledger,
      engine: network.engine,
      senderKey: config.MIDCHAIN_SENDER_KEY,
      finality: depth === undefined ? { kind: "tag" } : { kind: "depth", blocks: Number(depth) },
      fromBlock: BigInt(config.MIDCHAIN_FROM_BLOCK),
      pollMs: config.MIDCHAIN_POLL_MS,
      policy: {
        resendAfterMs: config.MIDCHAIN_RESEND_AFTER_MS,
        bumpAfterMs: config.MIDCHAIN_BUMP_AFTER_MS,
        feeCapWei: BigInt(Math.round(config.MIDCHAIN_GAS_PRICE_CAP_GWEI * 1e9)),
        balanceMinWei: config.MIDCHAIN_BALANCE_MIN_WEI,
      },
    },
    { journal, clock: systemClock },
  );
}

function openJobs(config: Config, keyring: Keyring, onFault: (error: unknown) => void): Jobs {
  if (config.REDIS_URL === undefined) return inProcessJobs(onFault);
  // Each node answers its own bells, so its name is part of the queue's.
  return bullmqJobs({
    redisUrl: config.REDIS_URL,
    prefix: `{${config.MIDCHAIN_NETWORK}:${toHex(keyring.nodeId).slice(2, 10)}}`,
    onFault,
  });
}

function openCommittee(
  config: Config,
  { chain, ledger }: Network,
  ports: {
    readonly journal: Journal;
    readonly keccak: Keccak;
    readonly curve: Curve;
    readonly signatures: Pick<Signatures, "recover">;
  },
): Committee {
  const here = config.MIDCHAIN_DV_KEYS.map((key) => {
    const account = bytesOf(privateKeyToAccount(key).address);
    return createDvSigner({ account, signDigest: signDigestWith(bytesOf(key), ports.curve), chain, ledger }, ports);
  });
  const secret = config.MIDCHAIN_DV_SECRET ?? "";
  const { recover } = ports.signatures;
  const elsewhere = config.MIDCHAIN_DV_URLS.map(({ url, account }) =>
    remoteDvSigner({ url, account: bytesOf(account), secret, chain, ledger }, { ...ports, clock, recover }),
  );
  return createCommittee([...here, ...elsewhere], config.MIDCHAIN_DV_QUORUM);
}

/** A key's own signature first; only then the costly question to the account's contract. */
function signedBy(signatures: Signatures, ledger: ViemLedger): Pick<EnrolPorts, "isSignedBy" | "isBindingSigned"> {
  const isSignedBy: EnrolPorts["isSignedBy"] = async (account, digest, signature) => {
    const signer = await signatures.recover(digest, signature);
    if (signer !== undefined && equalBytes(signer, account)) return true;
    return ledger.acceptedByContract(account, digest, signature);
  };
  const isBindingSigned = (binding: SignedBinding): Promise<boolean> =>
    isSignedBy(binding.account, bytesOf(hashTypedData(bindingTypedData(binding))), binding.signature);
  return { isSignedBy, isBindingSigned };
}
