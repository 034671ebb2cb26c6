import type { Hex } from "../protocol/bytes.ts";
import type { DealTerms } from "../protocol/request.ts";
import type { BatchHeader } from "../protocol/typedData.ts";
import type { Fault } from "./errors.ts";

/** Every seam of the relayer, with its promise. One behaviour suite per port runs on every adapter. */

export interface LogEntry {
  /** 1 is the first record of a partition; there are no gaps. */
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/**
 * One totally ordered, durable log per partition. Several nodes may append to the same one.
 * `append` is at-least-once: it resolves after the bytes survive a power cut of a minority; when it rejects, the record
 * may or may not be there, and appending it again is always right, because apply drops what it has seen.
 */
export interface PartitionLog {
  readonly partitions: number;
  /**
   * Durable when it resolves. An adapter that tries again asks `refusal` before each try: what has become a reason to
   * write nothing while it waited is one for this record too.
   */
  append(partition: number, record: Uint8Array, refusal?: () => Fault | undefined): Promise<number>;
  /** Why nothing may be promised now of what the partition holds; a log that has none can always be believed. */
  readonly refusal?: (partition: number) => Fault | undefined;
  /** Records from `fromSeq` on, in order, at most `max`; empty at the end. */
  read(partition: number, fromSeq: number, max: number): Promise<readonly LogEntry[]>;
  /** Sequence of the last record, 0 for an empty log. */
  tail(partition: number): Promise<number>;
  /** A doorbell: called when there may be something new. It can ring for nothing and it can be missed. */
  follow(onNews: (partition: number) => void): () => void;
  close(): Promise<void>;
}

/** A log whose beginning can be taken away. Reading from below `first` rejects with LOG_TRIMMED: it is no loss. */
export interface TrimmableLog extends PartitionLog {
  /** Sequence of the first record that is still there; above the tail of a log that holds none. */
  first(partition: number): Promise<number>;
  /** Removes every record below `beforeSeq`; the last record always stays. */
  trim(partition: number, beforeSeq: number): Promise<void>;
}

/**
 * Words between the nodes of a cluster. Best effort: they are lost, doubled and late, and anybody with the log's rights
 * can say them; nothing that must be true may follow from one.
 */
export interface Gossip {
  tell(topic: string, word: Uint8Array): void;
  hear(topic: string, listener: (word: Uint8Array) => void): () => void;
}

/** The servers below a replicated log, as far as an operator must see and steer them. */
export interface LogEngine {
  look(): Promise<EngineLook>;
  partition(partition: number): Promise<EnginePartition>;
  /** Sequence of a partition's last record if its leader says so at once; undefined otherwise. */
  glance(partition: number): Promise<number | undefined>;
  /** Asks the engine to let `server` lead the partition's group; it may not. */
  lead(partition: number, server: string): Promise<void>;
  /** Called when the connection to the servers is lost, and when there is one again. */
  onConnection(listener: (isConnected: boolean) => void): () => void;
}

/** By server, by partition: what the server says of its own copy of the log. */
export type CopyEnds = ReadonlyMap<string, ReadonlyMap<number, { readonly first: number; readonly last: number }>>;

/** The copies below a replicated log, one by one, and how they are mended. Whoever mends has stopped the partition. */
export interface LogKeeper {
  /** Whether this node has the rights to mend; reading needs none. */
  readonly canMend: boolean;
  /** Which generation of a partition's log is in use; 0 where there is none. */
  generation(partition: number): number;
  copy(partition: number, server: string, fromSeq: number): AsyncIterable<LogEntry>;
  ends(): Promise<CopyEnds>;
  /** Looks which logs there are now. */
  refresh(): Promise<void>;
  /** Appends a record although the partition is stopped. */
  append(partition: number, record: Uint8Array): Promise<number>;
  /** Appends a record that the log has lost, at its old sequence or not at all. */
  putBack(partition: number, entry: LogEntry): Promise<void>;
  /** Throws a server's copy away and lets it be filled again. */
  rebuild(partition: number, server: string): Promise<void>;
  /** Goes on in a new log that begins at `firstSeq`; the old one is sealed. */
  renew(partition: number, firstSeq: number): Promise<void>;
  /** What can still be read of the generation before. */
  before(partition: number, fromSeq: number): AsyncIterable<LogEntry>;
  /** Removes every record below `beforeSeq`, on every server. */
  trim(partition: number, beforeSeq: number): Promise<void>;
}

/** What this node had applied before it was found to hold another past than the rest. */
export interface Aside {
  /** How many records its log may lack, at most; at least one until it is forgotten. */
  count(partition: number): number;
  /** Those of them that would change something, in their order. */
  left(partition: number): readonly Uint8Array[];
  /** Nothing of the partition is needed any more; after the last one nothing is kept. */
  forget(partition: number): Promise<void>;
  close(): Promise<void>;
}

export interface EngineLook {
  readonly servers: readonly { readonly name: string; readonly version: string; readonly syncAlways: boolean }[];
  /** With the name of the server where it is one server's fault. */
  readonly unsafe: readonly { readonly server?: string; readonly cause: string; readonly fix: string }[];
  readonly partitions: readonly EnginePartition[];
}

export interface EnginePartition {
  readonly partition: number;
  /** Name of the group; empty when the partition has none. */
  readonly stream: string;
  /** Undefined while there is none. */
  readonly leader: string | undefined;
  readonly replicas: readonly { readonly server: string; readonly current: boolean; readonly lag: number }[];
  /** First and last sequence, as the leader says; undefined when nobody answers. */
  readonly first: number | undefined;
  readonly tail: number | undefined;
  /** What the log takes on each server. */
  readonly bytes: number | undefined;
}

/** Where a log begins. */
export type LogStart = Pick<EnginePartition, "partition" | "first">;

/** Reads of one moment; apply sees nothing else. */
export interface StateView {
  get(key: Uint8Array): Uint8Array | undefined;
  /** Rows with from <= key < to, ascending (descending with `reverse`), at most `limit`. */
  range(bounds: {
    readonly from: Uint8Array;
    readonly to: Uint8Array;
    readonly limit: number;
    readonly reverse?: boolean;
  }): readonly Row[];
}

export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** `value` undefined removes the row. */
export interface Write {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** What apply has made of the logs. A commit is all or nothing, and durable when it resolves. */
export interface State extends StateView {
  commit(writes: readonly Write[]): Promise<void>;
  close(): Promise<void>;
}

/** A state that can be copied while it is written to. */
export interface CopyableState extends State {
  /** Writes all rows of one moment, and nothing else, into a new folder. */
  copyTo(folder: string): Promise<void>;
}

/** What the ledger holds of a partition now, read from the chain itself. */
export interface Anchors {
  /** How many batches. */
  next(partition: Uint8Array): Promise<bigint>;
  /** Hash of a batch's header; zeros where there is none. */
  headerAt(partition: Uint8Array, seq: bigint): Promise<Uint8Array>;
}

/** Names of background work; a job carries an id and nothing else, so losing it loses nothing. */
export type JobName = "execute" | "retain";

/** A doorbell for background work. Rings may be lost, doubled or reordered: handlers look at the log, not at the job. */
export interface Jobs {
  ring(name: JobName, id: string): Promise<void>;
  /** Runs `handler` for each ring, one at a time per (name, id). A throwing handler is rung again later. */
  work(name: JobName, handler: (id: string) => Promise<void>): void;
  close(): Promise<void>;
}

export interface Clock {
  /** Milliseconds since 1970. Never trusted for safety: it labels, it paces, it expires. */
  now(): number;
  /** Resolves after about `ms`, or at once when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The node's secrets. Keys never leave it; callers get signatures, tags and wrapped bytes. */
export interface Keyring {
  /** First 16 bytes of the SHA-256 of the node's Ed25519 public key. */
  readonly nodeId: Uint8Array;
  readonly nodePublicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
  /**
   * Wraps 32 secret bytes (a shred key, a pepper) under the vault key of an epoch, which the wrapped bytes begin with;
   * `bound` must be given again to unwrap. Throws VAULT_KEY_MISSING where this node does not hold that key.
   */
  wrap(secret: Uint8Array, bound: Uint8Array, epoch: number): Uint8Array;
  /** Undefined when the bytes were not wrapped here, for this `bound`, or the vault key is gone. */
  unwrap(wrapped: Uint8Array, bound: Uint8Array): Uint8Array | undefined;
  /** Keyed tag under which an account is found without being stored; 16 bytes. */
  ownerTag(account: Uint8Array): Uint8Array;
  /** Keyed tag of a session token, 32 bytes; the same on every node that shares the directory key. */
  sessionTag(token: Uint8Array): Uint8Array;
  readonly vaultKeys: VaultKeys;
}

/** Nothing but its name is known of a vault key outside the keyring. */
export interface VaultKeyName {
  readonly epoch: number;
  /** Tells two keys of one epoch apart, and nothing else about them. */
  readonly print: Uint8Array;
}

/** A key's way from one node to another: sealed to a key that was made for this one question. */
export interface KeyQuestion {
  readonly publicKey: Uint8Array;
  /** Takes the answer; whether it was the named key. It is on disk when it says yes. */
  take(sealed: Uint8Array, name: VaultKeyName, since: number): Promise<boolean>;
}

/** The keys under which users' keys are wrapped, by epoch. What always holds: what is not on disk is not used. */
export interface VaultKeys {
  /** Oldest first. `since` is when it was made, in milliseconds. */
  list(): readonly (VaultKeyName & { readonly since: number })[];
  /** Makes the key of an epoch; one of that epoch that is there is given up. */
  make(epoch: number, since: number): VaultKeyName;
  question(): KeyQuestion;
  /** A key sealed to another node's question; undefined where this node does not hold it. */
  sealFor(publicKey: Uint8Array, name: VaultKeyName): Promise<Uint8Array | undefined>;
  /** Destroys every older key: the file is written anew without them, and what it held before is overwritten. */
  destroyBelow(epoch: number): void;
}

/** A small durable map that belongs to this node alone: what must be on disk before something irreversible is done. */
export interface Journal {
  get(key: string): string | undefined;
  entries(): readonly (readonly [string, string])[];
  /** All or nothing, and durable when it resolves; undefined removes. */
  put(changes: readonly (readonly [string, string | undefined])[]): Promise<void>;
  close(): Promise<void>;
}

/** Asks the DV committee for signatures. Each member signs at most one header per (partition, seq), persisted first. */
export interface Committee {
  /** 65-byte signatures, ascending by signer, that reach the quorum; rejects with COMMITTEE_SILENT otherwise. */
  sign(batch: BatchHeader, items: Uint8Array): Promise<Uint8Array>;
}

export interface SignedDeal {
  /** The request whose id the terms commit to. */
  readonly requestId: Uint8Array;
  readonly id: Uint8Array;
  readonly terms: DealTerms;
  readonly signatures: readonly Uint8Array[];
}

export interface ItemOutcome {
  readonly dealId: Uint8Array;
  /** SettlementEngine status; 1 is settled. */
  readonly status: number;
  /** At most 256 bytes of revert data, and the name of the error they encode ("" when there is none). */
  readonly reason: Uint8Array;
  readonly reasonName: string;
}

/** A batch as the chain holds it now; a reorg can take it away until it is final. */
export interface Notarized {
  readonly headerHash: Uint8Array;
  readonly outcomeRoot: Uint8Array;
  readonly txHash: Uint8Array;
  readonly blockHash: Uint8Array;
  readonly blockNumber: number;
  readonly confirmations: number;
  readonly final: boolean;
}

export interface SubmitCall {
  readonly batch: BatchHeader;
  readonly items: Uint8Array;
  readonly signatures: Uint8Array;
  readonly deals: number;
}

/** The chain, as the notary needs it. Every call may reject with a retryable fault. */
export interface Ledger {
  /** ABI bytes of the engine's `Signed[]`. */
  encodeItems(deals: readonly SignedDeal[]): Uint8Array;
  /** Undefined while the chain, at its current head, does not hold the batch. */
  find(partition: Uint8Array, seq: bigint): Promise<Notarized | undefined>;
  /** What became of the deals of a batch, in the order of its items, and what the whole transaction cost. */
  outcomes(txHash: Uint8Array): Promise<{ readonly outcomes: readonly ItemOutcome[]; readonly gasUsed: number }>;
  /** Sends, or goes on sending, the call named by `key`. The signed bytes are durable before they are broadcast. */
  submit(key: string, call: SubmitCall): Promise<void>;
  /** How the sending of `key` stands, for explanations. */
  sending(key: string): Sending | undefined;
  /** Called when the head has moved. */
  onHead(listener: () => void): () => void;
}

export interface Sending {
  readonly state: "broadcast" | "mined" | "held";
  readonly nonce: number;
  readonly hashes: readonly Hex[];
  readonly lastError?: string;
}

/** What a service of the market costs now: the movements a purchase must make, whoever buys. */
export type Offer =
  | { readonly kind: "offered"; readonly legs: readonly OfferLeg[] }
  | { readonly kind: "closed" }
  /** There is an offer, but under another version than the one asked for. */
  | { readonly kind: "changed" };

export interface OfferLeg {
  readonly token: Uint8Array;
  readonly to: Uint8Array;
  readonly amount: bigint;
}

/** Asks the market for a service at one version of its listing. Rejects when the chain does not answer. */
export type OfferOf = (serviceId: Uint8Array, version: number) => Promise<Offer>;
