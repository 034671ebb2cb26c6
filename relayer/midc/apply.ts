import { encodeHeader, headerHash, ZERO32 } from "../../protocol/block.ts";
import { bytesToUint, concat, equalBytes, toHex, uintToBytes } from "../../protocol/bytes.ts";
import { NotCanonical } from "../../protocol/canonical.ts";
import { sha256 } from "../../protocol/sha256.ts";
import type { LogEntry, Row, StateView, Write } from "../ports.ts";
import { decodeCommand, type BlockDraft, type Command, type GrantChange } from "./command.ts";
import { isOld, offerKey, OLD_KEY, rewrap, useKey } from "./epochs.ts";
import { beginErasing, bodyOnErased, isErased, mayFollow, NOBODY, sweep } from "./erasing.ts";
import { changeGrant } from "./grants.ts";
import { keys, partitionOf, type Position } from "./keys.ts";
import { rangeOver, rowName } from "./rangeOver.ts";
import { nextDigest, nodeIdOf, openRecord } from "./record.ts";
import { DONE, KNOWN, refused, type CommandResult } from "./result.ts";
import {
  decodeApplied,
  decodeBatch,
  decodeBatchHead,
  decodeDecided,
  decodeHead,
  decodeStep,
  decodeVault,
  encodeApplied,
  encodeBatch,
  encodeBatchHead,
  encodeBlock,
  encodeDecided,
  encodeHead,
  encodePlace,
  encodeStep,
  encodeTx,
  encodeVault,
  type Decision,
  type StepRow,
} from "./rows.ts";
import { waitingAt } from "./tx.ts";

/**
 * The state machine: (state, record) -> writes. Pure and deterministic: no clock, no randomness, no I/O but reads of
 * the view. Every node runs it over the same records in the same order and holds the same bytes.
 *
 * What always holds: a command that was applied before changes nothing (`known`); a command that makes an illegal move
 * changes nothing (`refused`). So a record may be appended any number of times, by any node.
 */

/** What happened, for doorbells and live views; derived from the writes, so losing one loses nothing. */
export type Happened =
  | {
      readonly kind: "block";
      readonly chainId: Uint8Array;
      readonly height: number;
      readonly block: BlockDraft["kind"];
      readonly txId: Uint8Array;
    }
  | { readonly kind: "begun"; readonly txId: Uint8Array; readonly at: number; readonly legs: number }
  | { readonly kind: "closed"; readonly batchSeq: number; readonly txIds: readonly Uint8Array[] }
  /** Every chain of every member has its outcome. */
  | {
      readonly kind: "ended";
      readonly batchSeq: number;
      readonly txIds: readonly Uint8Array[];
      readonly decision: Decision;
    }
  /** Whoever has read its owner's keys forgets them. */
  | { readonly kind: "erased"; readonly chainId: Uint8Array }
  | { readonly kind: "void"; readonly why: string };

export interface Applied {
  readonly results: readonly CommandResult[];
  readonly happened: readonly Happened[];
}

/** The initial member nodes, from the cluster's configuration; part of apply's input on every node alike. */
export type GenesisNodes = ReadonlyMap<string, Uint8Array>;

/** A view with the writes of the records before laid over it. */
export class Overlay implements StateView {
  readonly #below: StateView;
  readonly #rows = new Map<string, Write>();

  constructor(below: StateView) {
    this.#below = below;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const written = this.#rows.get(rowName(key));
    return written === undefined ? this.#below.get(key) : written.value;
  }

  put(key: Uint8Array, value: Uint8Array | undefined): void {
    this.#rows.set(rowName(key), { key, value });
  }

  /** Small ranges only (an owner's grants): rows below, then what was written since. */
  range(bounds: Parameters<StateView["range"]>[0]): readonly Row[] {
    return rangeOver(this.#below, [this.#rows], bounds);
  }

  writes(): readonly Write[] {
    return [...this.#rows.values()];
  }
}

interface Site {
  readonly state: Overlay;
  readonly position: Position;
  readonly partitions: number;
  readonly happened: Happened[];
}

export interface Cluster {
  readonly partitions: number;
  readonly genesisNodes: GenesisNodes;
  /** Whether this process has signed exactly these bytes; saves checking the signature, changes nothing else. */
  readonly isMine?: (record: Uint8Array) => boolean;
}

/** Applies the next record of a partition onto the overlay. The caller commits the overlay's writes as one. */
export function applyRecord(
  state: Overlay,
  entry: LogEntry & { readonly partition: number },
  cluster: Cluster,
): Applied {
  const { partition, seq, bytes } = entry;
  const before = decodeApplied(state.get(keys.applied(partition)));
  if (seq !== before.seq + 1)
    throw new RangeError(`partition ${partition}: record ${seq} does not follow ${before.seq}`);
  state.put(keys.applied(partition), encodeApplied({ seq, digest: nextDigest(before.digest, seq, bytes) }));
  const happened: Happened[] = [];
  const keyOf = (nodeId: Uint8Array): Uint8Array | undefined =>
    memberKey(state, partition, nodeId, cluster.genesisNodes);
  const record = openRecord(bytes, partition, keyOf, cluster.isMine);
  if (record.kind === "void") {
    happened.push({ kind: "void", why: record.why });
    return { results: [], happened };
  }
  const results = record.commands.map((command, index) =>
    applyCommand(command, { state, position: { partition, seq, index }, partitions: cluster.partitions, happened }),
  );
  return { results, happened };
}

/** A node's row: serial of its last change (8), then its public key, or nothing once it is no member. */
const SERIAL_BYTES = 8;

/** The key a member node signs with; undefined for whoever is no member. */
export function memberKey(
  state: StateView,
  partition: number,
  nodeId: Uint8Array,
  genesis: GenesisNodes,
): Uint8Array | undefined {
  const row = state.get(keys.node(partition, nodeId));
  if (row === undefined) return genesis.get(toHex(nodeId));
  return row.length === SERIAL_BYTES ? undefined : row.slice(SERIAL_BYTES);
}

function applyCommand(bytes: Uint8Array, site: Site): CommandResult {
  let command: Command;
  try {
    command = decodeCommand(bytes);
  } catch (error) {
    if (error instanceof NotCanonical) return refused("malformed command");
    throw error;
  }
  switch (command.kind) {
    case "enrol":
      return enrol(command, site);
    case "begin":
      return begin(command, site);
    case "block":
      return block(command.block, command.grant, site);
    case "close":
      return close(command, site);
    case "decide":
      return decide(command, site);
    case "end":
      return end(command, site);
    case "slots":
    case "rotate":
      return slots(command, site);
    case "node":
      return node(command, site);
    case "erase":
      return erase(command.block, site);
    case "sweep":
      return isHere(command.chainId, site) ? sweep(command, site.state) : ELSEWHERE;
    case "offerKey":
      return offerKey(command, placeOf(site));
    case "useKey":
      return useKey(command, placeOf(site));
    case "rewrap":
      return rewrap(command, placeOf(site));
  }
}

const ELSEWHERE = refused("not this partition's chain");
const placeOf = ({ state, position: { partition }, partitions }: Site) => ({ state, partition, partitions });

const isHere = (id: Uint8Array, site: Site): boolean => partitionOf(id, site.partitions) === site.position.partition;

function enrol(command: Command & { kind: "enrol" }, site: Site): CommandResult {
  const { chainId } = command.genesis;
  if (!isHere(chainId, site) || !isHere(command.ownerTag, site)) return ELSEWHERE;
  const known = site.state.get(keys.directory(command.ownerTag));
  if (known !== undefined) return equalBytes(known, chainId) ? KNOWN : refused("the account has a chain");
  if (site.state.get(keys.head(chainId)) !== undefined) return refused("the chain exists");
  if (isOldHere(command.shredKey, site) || isOldHere(command.pepper, site)) return OLD_KEY;
  site.state.put(keys.directory(command.ownerTag), chainId);
  site.state.put(keys.vault(chainId), encodeVault(command));
  const draft: BlockDraft = { ...command.genesis, kind: "genesis" };
  lay(draft, { height: 0, hash: ZERO32, last: undefined, ownerTag: command.ownerTag }, site);
  return DONE;
}

const isOldHere = (wrapped: Uint8Array, { state, position: { partition } }: Site): boolean =>
  isOld(wrapped, partition, state);

/** Puts a block on top of its chain: the one place where heights and links are made. */
function lay(
  draft: BlockDraft,
  under: {
    readonly height: number;
    readonly hash: Uint8Array;
    readonly last: Position | undefined;
    readonly ownerTag: Uint8Array;
  },
  site: Site,
): void {
  const header = encodeHeader({ ...draft, height: under.height, prev: under.hash });
  const last = site.position;
  site.state.put(keys.block(last), encodeBlock({ prev: under.last, header, sealed: draft.sealed }));
  site.state.put(
    keys.head(draft.chainId),
    encodeHead({ height: under.height, hash: headerHash(header), last, ownerTag: under.ownerTag }),
  );
  site.happened.push({
    kind: "block",
    chainId: draft.chainId,
    height: under.height,
    block: draft.kind,
    txId: draft.txId,
  });
}

function block(draft: BlockDraft, grant: GrantChange | undefined, site: Site): CommandResult {
  if (!isHere(draft.chainId, site)) return ELSEWHERE;
  const headBytes = site.state.get(keys.head(draft.chainId));
  if (headBytes === undefined) return refused("no such chain");
  const stepKey = keys.step(draft.chainId, draft.txId);
  const stepBytes = site.state.get(stepKey);
  const verdict = stepAfter(stepBytes === undefined ? {} : decodeStep(stepBytes), draft.kind, site.position);
  if ("kind" in verdict) return verdict;
  const head = decodeHead(headBytes);
  const erased = isErased(head);
  if (erased && !mayFollow(draft)) return refused("the chain is erased");
  const sealed = erased ? bodyOnErased(draft, site.state) : draft.sealed;
  lay({ ...draft, sealed }, { ...head, height: head.height + 1 }, site);
  site.state.put(stepKey, encodeStep(verdict));
  if (grant !== undefined) changeGrant(draft.chainId, grant, site.state);
  return DONE;
}

/** A transaction leaves one pending block on a chain, then one outcome; any other block stands alone. */
function stepAfter(step: StepRow, kind: BlockDraft["kind"], position: Position): StepRow | CommandResult {
  switch (kind) {
    case "genesis":
      return refused("a genesis block comes with an enrolment");
    case "tombstone":
      return refused("a tombstone comes with an erasure");
    case "completed":
    case "failed":
      if (step.outcome !== undefined) return KNOWN;
      return step.pending === undefined
        ? refused("an outcome without its pending block")
        : { ...step, outcome: position };
    case "pending":
    case "personal":
    case "grant":
    case "revocation":
    case "keys":
      return step.pending === undefined ? { pending: position } : KNOWN;
  }
}

function begin(command: Command & { kind: "begin" }, site: Site): CommandResult {
  if (!isHere(command.txId, site)) return refused("not this partition's transaction");
  const key = keys.tx(command.txId);
  if (site.state.get(key) !== undefined) return KNOWN;
  const row = {
    kind: command.requestKind,
    begun: site.position,
    at: command.at,
    parties: command.blocks.map((draft) => ({ chainId: draft.chainId, codedId: draft.codedId })),
    commitment: command.commitment,
    legs: command.legs,
  };
  site.state.put(key, encodeTx(row));
  site.state.put(keys.open(site.position), command.txId);
  site.happened.push({ kind: "begun", txId: command.txId, at: command.at, legs: command.legs });
  return DONE;
}

/** Being there is all that an open row says. */
const OPEN = Uint8Array.of(1);

function close(command: Command & { kind: "close" }, site: Site): CommandResult {
  const headKey = keys.batchHead(site.position.partition);
  const head = decodeBatchHead(site.state.get(headKey));
  if (command.batchSeq !== head.next) return refused("not the next batch");
  if (!equalBytes(command.prev, head.headerHash)) return refused("the batch does not follow the one before");
  const begun = command.txIds.map((txId) => waitingAt(txId, site.state));
  if (begun.length === 0 || begun.includes(undefined)) return refused("a transaction of the batch is not waiting");
  if (new Set(command.txIds.map(toHex)).size !== command.txIds.length)
    return refused("a transaction twice in one batch");
  for (const [index, position] of begun.entries()) {
    if (position === undefined) continue;
    site.state.put(keys.place(position), encodePlace({ seq: command.batchSeq, index }));
    site.state.put(keys.open(position), undefined);
  }
  site.state.put(
    keys.batch(site.position.partition, command.batchSeq),
    encodeBatch({ ...command, seq: command.batchSeq }),
  );
  site.state.put(keys.openBatch(site.position.partition, command.batchSeq), OPEN);
  site.state.put(headKey, encodeBatchHead({ next: command.batchSeq + 1, headerHash: command.headerHash }));
  site.happened.push({ kind: "closed", batchSeq: command.batchSeq, txIds: command.txIds });
  return DONE;
}

function decide(command: Command & { kind: "decide" }, site: Site): CommandResult {
  const { partition } = site.position;
  if (site.state.get(keys.batch(partition, command.batchSeq)) === undefined) return refused("no such batch");
  const key = keys.decided(partition, command.batchSeq);
  // The first decision wins, whoever made it.
  if (site.state.get(key) !== undefined) return KNOWN;
  site.state.put(key, encodeDecided({ decision: command.decision, ended: false }));
  return DONE;
}

function end(command: Command & { kind: "end" }, site: Site): CommandResult {
  const { partition } = site.position;
  const batch = site.state.get(keys.batch(partition, command.batchSeq));
  const bytes = site.state.get(keys.decided(partition, command.batchSeq));
  if (batch === undefined || bytes === undefined) return refused("not decided");
  const { decision, ended } = decodeDecided(bytes);
  if (ended) return KNOWN;
  site.state.put(keys.decided(partition, command.batchSeq), encodeDecided({ decision, ended: true }));
  site.state.put(keys.openBatch(partition, command.batchSeq), undefined);
  site.happened.push({ kind: "ended", batchSeq: command.batchSeq, txIds: decodeBatch(batch).txIds, decision });
  return DONE;
}

function slots(command: Command & { kind: "slots" | "rotate" }, site: Site): CommandResult {
  const { chainId, kind, txId } = command.block;
  const key = keys.vault(chainId);
  const bytes = site.state.get(key);
  if (kind !== "keys" || bytes === undefined) return refused("no such chain, or no block of keys");
  if (site.state.get(keys.step(chainId, txId)) !== undefined) return KNOWN;
  const row = decodeVault(bytes);
  // Two devices that change the slots at once: the second has not seen what the first has made.
  if (!equalBytes(sha256(row.slots), command.from)) return refused("the slots were changed meanwhile");
  if (command.kind === "rotate" && isOldHere(command.pepper, site)) return OLD_KEY;
  const laid = block(command.block, undefined, site);
  if (laid.kind !== "done") return laid;
  const { slots: changed } = command;
  const { pepper, readerKeyId, binding } = command.kind === "rotate" ? command : row;
  site.state.put(key, encodeVault({ ...row, slots: changed, pepper, readerKeyId, binding }));
  return DONE;
}

function node({ publicKey, member, serial }: Command & { kind: "node" }, site: Site): CommandResult {
  const key = keys.node(site.position.partition, nodeIdOf(publicKey));
  const row = site.state.get(key);
  // A record that comes again, or late, must not bring back a node that was taken out meanwhile.
  if (row !== undefined && bytesToUint(row.subarray(0, SERIAL_BYTES)) >= BigInt(serial)) return KNOWN;
  site.state.put(key, concat(uintToBytes(BigInt(serial), SERIAL_BYTES), member ? publicKey : new Uint8Array(0)));
  return DONE;
}

/** At once nobody is served from the chain any more; what is left is swept (erasing.ts). */
function erase(draft: BlockDraft, site: Site): CommandResult {
  const { chainId, kind, txId } = draft;
  if (!isHere(chainId, site)) return ELSEWHERE;
  const bytes = site.state.get(keys.head(chainId));
  if (bytes === undefined || kind !== "tombstone") return refused("no such chain, or no tombstone");
  const head = decodeHead(bytes);
  if (isErased(head)) return KNOWN;
  beginErasing(chainId, head, site.state);
  lay({ ...draft, sealed: NO_BODY }, { ...head, height: head.height + 1, ownerTag: NOBODY }, site);
  site.state.put(keys.step(chainId, txId), encodeStep({ pending: site.position }));
  site.happened.push({ kind: "erased", chainId });
  return DONE;
}

const NO_BODY = new Uint8Array(0);
