import type { BlockKind } from "../../protocol/block.ts";
import { blockKinds } from "../../protocol/block.ts";
import { NotCanonical, Reader, Writer } from "../../protocol/canonical.ts";
import { BATCH_TXS_MAX, readDecision, writeDecision, type Decision } from "./rows.ts";
import { readVaultCommand, vaultKinds, writeVaultCommand, type VaultCommand } from "./vaultCommands.ts";

/**
 * What a record asks of the state. Commands carry no identity of a person in clear: accounts appear only as keyed tags,
 * and every erasable byte is sealed under its owner's shred key before it comes here.
 */

/** The parts of a block that its author decides; height, link and hash are apply's. */
export interface BlockDraft {
  readonly chainId: Uint8Array;
  readonly kind: BlockKind;
  readonly txId: Uint8Array;
  readonly codedId: Uint8Array;
  readonly category: number;
  readonly jurisdiction: number;
  readonly retentionClass: number;
  readonly day: number;
  readonly bodyCommitment: Uint8Array;
  readonly sealed: Uint8Array;
}

export interface GrantChange {
  readonly readerTag: Uint8Array;
  /** Unix seconds after which it is no longer served; 0 revokes now. */
  readonly notAfter: number;
  readonly envelopes: readonly { readonly txId: Uint8Array; readonly sealed: Uint8Array }[];
}

/** Other slots: the block says that they were changed, and its name makes the change happen once. */
export interface SlotsWritten {
  readonly block: BlockDraft;
  readonly slots: Uint8Array;
  /** SHA-256 of the stored slots that these stand in for. */
  readonly from: Uint8Array;
}

export type Command =
  | {
      readonly kind: "enrol";
      readonly ownerTag: Uint8Array;
      readonly shredKey: Uint8Array;
      readonly pepper: Uint8Array;
      readonly slots: Uint8Array;
      readonly readerKeyId: Uint8Array;
      readonly binding: Uint8Array;
      readonly genesis: BlockDraft;
    }
  | {
      readonly kind: "begin";
      readonly txId: Uint8Array;
      readonly requestKind: number;
      readonly at: number;
      readonly legs: number;
      readonly commitment: Uint8Array;
      readonly blocks: readonly BlockDraft[];
    }
  | { readonly kind: "block"; readonly block: BlockDraft; readonly grant?: GrantChange }
  | {
      readonly kind: "close";
      readonly batchSeq: number;
      readonly prev: Uint8Array;
      readonly root: Uint8Array;
      readonly itemsHash: Uint8Array;
      readonly headerHash: Uint8Array;
      readonly txIds: readonly Uint8Array[];
    }
  | { readonly kind: "decide"; readonly batchSeq: number; readonly decision: Decision }
  | { readonly kind: "end"; readonly batchSeq: number }
  | ({ readonly kind: "slots" } & SlotsWritten)
  | ({
      readonly kind: "rotate";
      readonly pepper: Uint8Array;
      readonly readerKeyId: Uint8Array;
      readonly binding: Uint8Array;
    } & SlotsWritten)
  /** Of two changes to one node the one with the higher serial counts, in whatever order they come. */
  | { readonly kind: "node"; readonly publicKey: Uint8Array; readonly member: boolean; readonly serial: number }
  /** The block is the tombstone of its chain, without a body. */
  | { readonly kind: "erase"; readonly block: BlockDraft }
  | VaultCommand;

const kinds = [
  "enrol",
  "begin",
  "block",
  "close",
  "decide",
  "end",
  "slots",
  "node",
  "rotate",
  "erase",
  ...vaultKinds,
] as const satisfies readonly Command["kind"][];

const SEALED_BYTES_MAX = 4 * 1024 * 1024;
const ENVELOPES_PER_GRANT_MAX = 256;

function writeBlock(w: Writer, block: BlockDraft): void {
  w.array(10).bytes(block.chainId).uint(blockKinds.indexOf(block.kind)).bytes(block.txId).bytes(block.codedId);
  w.uint(block.category).uint(block.jurisdiction).uint(block.retentionClass).uint(block.day);
  w.bytes(block.bodyCommitment).bytes(block.sealed);
}

function readBlock(r: Reader): BlockDraft {
  if (r.array(10) !== 10) throw new NotCanonical("a block has 10 fields");
  const chainId = r.fixed(16);
  const kind = blockKinds[r.uint(255)];
  if (kind === undefined) throw new NotCanonical("unknown block kind");
  return {
    chainId,
    kind,
    txId: r.fixed(32),
    codedId: r.fixed(32),
    category: r.uint(255),
    jurisdiction: r.uint(255),
    retentionClass: r.uint(255),
    day: r.uint(2 ** 32 - 1),
    bodyCommitment: r.fixed(32),
    sealed: r.bytes(SEALED_BYTES_MAX),
  };
}

function writeGrant(w: Writer, grant: GrantChange | undefined): void {
  if (grant === undefined) {
    w.nothing();
    return;
  }
  w.array(3).bytes(grant.readerTag).uint(grant.notAfter).array(grant.envelopes.length);
  for (const envelope of grant.envelopes) w.array(2).bytes(envelope.txId).bytes(envelope.sealed);
}

function readGrant(r: Reader): GrantChange {
  r.array(3);
  return {
    readerTag: r.fixed(16),
    notAfter: r.uint(),
    envelopes: Array.from({ length: r.array(ENVELOPES_PER_GRANT_MAX) }, () => {
      r.array(2);
      return { txId: r.fixed(32), sealed: r.bytes(4096) };
    }),
  };
}

type Close = Command & { readonly kind: "close" };

function writeClose(w: Writer, { batchSeq, prev, root, itemsHash, headerHash, txIds }: Close): void {
  w.array(6).uint(batchSeq).bytes(prev).bytes(root).bytes(itemsHash).bytes(headerHash);
  w.array(txIds.length);
  for (const txId of txIds) w.bytes(txId);
}

function readClose(r: Reader): Close {
  r.array(6);
  return {
    kind: "close",
    batchSeq: r.uint(),
    prev: r.fixed(32),
    root: r.fixed(32),
    itemsHash: r.fixed(32),
    headerHash: r.fixed(32),
    txIds: Array.from({ length: r.array(BATCH_TXS_MAX) }, () => r.fixed(32)),
  };
}

export function encodeCommand(command: Command): Uint8Array {
  const w = new Writer();
  w.array(2).uint(kinds.indexOf(command.kind));
  switch (command.kind) {
    case "enrol":
      w.array(7).bytes(command.ownerTag).bytes(command.shredKey).bytes(command.pepper).bytes(command.slots);
      w.bytes(command.readerKeyId).bytes(command.binding);
      writeBlock(w, command.genesis);
      break;
    case "begin":
      w.array(6)
        .bytes(command.txId)
        .uint(command.requestKind)
        .uint(command.at)
        .uint(command.legs)
        .bytes(command.commitment);
      w.array(command.blocks.length);
      for (const block of command.blocks) writeBlock(w, block);
      break;
    case "block":
      writeBlock(w.array(2), command.block);
      writeGrant(w, command.grant);
      break;
    case "close":
      writeClose(w, command);
      break;
    case "decide":
      writeDecision(w.array(2).uint(command.batchSeq), command.decision);
      break;
    case "end":
      w.uint(command.batchSeq);
      break;
    case "slots":
      writeBlock(w.array(3), command.block);
      w.bytes(command.slots).bytes(command.from);
      break;
    case "rotate":
      writeBlock(w.array(6), command.block);
      w.bytes(command.slots).bytes(command.from);
      w.bytes(command.pepper).bytes(command.readerKeyId).bytes(command.binding);
      break;
    case "node":
      w.array(3)
        .bytes(command.publicKey)
        .uint(command.member ? 1 : 0)
        .uint(command.serial);
      break;
    case "erase":
      writeBlock(w, command.block);
      break;
    case "sweep":
    case "offerKey":
    case "useKey":
    case "rewrap":
      writeVaultCommand(w, command);
      break;
  }
  return w.done();
}

/** Throws NotCanonical. */
export function decodeCommand(bytes: Uint8Array): Command {
  const r = new Reader(bytes);
  r.array(2);
  const kind = kinds[r.uint(255)];
  if (kind === undefined) throw new NotCanonical("unknown command");
  const command = readCommand(kind, r);
  r.end();
  return command;
}

const readSlots = (r: Reader): SlotsWritten => ({
  block: readBlock(r),
  slots: r.bytes(64 * 1024),
  from: r.fixed(32),
});

const readKeys = (r: Reader) => ({ pepper: r.bytes(256), readerKeyId: r.fixed(16), binding: r.bytes(8192) });

function readCommand(kind: (typeof kinds)[number], r: Reader): Command {
  switch (kind) {
    case "enrol":
      r.array(7);
      return {
        kind,
        ownerTag: r.fixed(16),
        shredKey: r.bytes(256),
        pepper: r.bytes(256),
        slots: r.bytes(64 * 1024),
        readerKeyId: r.fixed(16),
        binding: r.bytes(8192),
        genesis: readBlock(r),
      };
    case "begin":
      r.array(6);
      return {
        kind,
        txId: r.fixed(32),
        requestKind: r.uint(255),
        at: r.uint(),
        legs: r.uint(255),
        commitment: r.fixed(32),
        blocks: Array.from({ length: r.array(64) }, () => readBlock(r)),
      };
    case "block": {
      r.array(2);
      const block = readBlock(r);
      return r.isNothing() ? { kind, block } : { kind, block, grant: readGrant(r) };
    }
    case "close":
      return readClose(r);
    case "decide":
      r.array(2);
      return { kind, batchSeq: r.uint(), decision: readDecision(r) };
    case "end":
      return { kind, batchSeq: r.uint() };
    case "slots":
      r.array(3);
      return { kind, ...readSlots(r) };
    case "rotate":
      r.array(6);
      return { kind, ...readSlots(r), ...readKeys(r) };
    case "node":
      r.array(3);
      return { kind, publicKey: r.fixed(32), member: r.uint(1) === 1, serial: r.uint() };
    case "erase":
      return { kind, block: readBlock(r) };
    case "sweep":
    case "offerKey":
    case "useKey":
    case "rewrap":
      return readVaultCommand(kind, r);
  }
}
