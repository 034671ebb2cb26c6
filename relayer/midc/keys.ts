import { uintToBytes } from "../../protocol/bytes.ts";

/**
 * Key layout of the state. Everything large, and everything that is written again, is in log order (partition, sequence,
 * index); rows by chain or by transaction are small. A key starts with one letter that names its table. A transaction
 * and what it left on chains lie together: however many there are, a commit writes one page for them.
 */

export interface Position {
  readonly partition: number;
  readonly seq: number;
  /** Index of the command within the record. */
  readonly index: number;
}

/** Two dozen keys are made per transaction; out of the pool each costs a tenth of a fresh array. */
function table(letter: string, ...parts: readonly Uint8Array[]): Uint8Array {
  let size = 1;
  for (const part of parts) size += part.length;
  const key = Buffer.allocUnsafe(size);
  key[0] = letter.charCodeAt(0);
  let at = 1;
  for (const part of parts) {
    key.set(part, at);
    at += part.length;
  }
  return key;
}

export function encodePosition(position: Position): Uint8Array {
  const bytes = Buffer.allocUnsafe(12);
  bytes.writeUInt16BE(position.partition, 0);
  bytes.writeUInt16BE(0, 2);
  bytes.writeUIntBE(position.seq, 4, 6);
  bytes.writeUInt16BE(position.index, 10);
  return bytes;
}

export function decodePosition(bytes: Uint8Array): Position {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { partition: view.getUint16(0), seq: Number(view.getBigUint64(2)), index: view.getUint16(10) };
}

const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff);
const u64 = (value: number): Uint8Array => uintToBytes(BigInt(value), 8);

/** Every row whose key goes on from `id` with so many bytes. */
const below = (letter: string, id: Uint8Array, rest: number) => ({
  from: table(letter, id),
  to: table(letter, id, new Uint8Array(rest + 1).fill(0xff)),
});

export const keys = {
  /** Applied sequence and running digest of a partition. */
  applied: (partition: number) => table("a", u16(partition)),
  /** Signing key of a member node, per partition so that each log decides by itself. */
  node: (partition: number, nodeId: Uint8Array) => table("k", u16(partition), nodeId),
  nodesOf: (partition: number) => ({ from: table("k", u16(partition)), to: table("k", u16(partition + 1)) }),
  /** A record as it was applied, with the running digest after it; kept by the nodes of a cluster, see log/kept.ts. */
  kept: (partition: number, seq: number) => table("l", u16(partition), u64(seq)),
  keptOf: (partition: number, fromSeq: number) => ({
    from: table("l", u16(partition), u64(fromSeq)),
    to: table("l", u16(partition + 1), u64(0)),
  }),
  /** Head row of a chain. */
  head: (chainId: Uint8Array) => table("h", chainId),
  /** A block, where its record put it. */
  block: (position: Position) => table("b", encodePosition(position)),
  /** A transaction, at its home partition. */
  tx: (txId: Uint8Array) => table("t", txId),
  /** Which blocks a transaction left on a chain; a block of another kind has an id of its own in its place. */
  step: (chainId: Uint8Array, txId: Uint8Array) => table("t", txId, chainId),
  /** Transactions of a partition that are in no batch yet, in the order they began. */
  open: (position: Position) => table("o", encodePosition(position)),
  openOf: (partition: number) => ({ from: table("o", u16(partition)), to: table("o", u16(partition + 1)) }),
  /** Which batch holds the transaction that began there. */
  place: (begun: Position) => table("m", encodePosition(begun)),
  /** A closed batch. */
  batch: (partition: number, batchSeq: number) => table("c", u16(partition), u64(batchSeq)),
  /** Batches of a partition whose members do not all have their outcome, in order. */
  openBatch: (partition: number, batchSeq: number) => table("p", u16(partition), u64(batchSeq)),
  openBatchesOf: (partition: number) => ({ from: table("p", u16(partition)), to: table("p", u16(partition + 1)) }),
  /** What became of a batch. */
  decided: (partition: number, batchSeq: number) => table("q", u16(partition), u64(batchSeq)),
  /** Next batch sequence and last header hash of a partition. */
  batchHead: (partition: number) => table("n", u16(partition)),
  /** Wrapped shred key, wrapped pepper and key slots of a chain's owner. */
  vault: (chainId: Uint8Array) => table("v", chainId),
  /** The chain of an account, found by its keyed tag. */
  directory: (ownerTag: Uint8Array) => table("d", ownerTag),
  /** A reader's grant on a chain. */
  grant: (chainId: Uint8Array, readerTag: Uint8Array) => table("g", chainId, readerTag),
  grantsOf: (chainId: Uint8Array) => below("g", chainId, 16),
  /** An envelope added by a grant: (chain, reader, transaction). */
  envelope: (chainId: Uint8Array, readerTag: Uint8Array, txId: Uint8Array) => table("e", chainId, readerTag, txId),
  envelopesOf: (chainId: Uint8Array, readerTag: Uint8Array) => ({
    from: table("e", chainId, readerTag),
    to: table("e", chainId, readerTag, new Uint8Array(32).fill(0xff), u16(0)),
  }),
  envelopesOn: (chainId: Uint8Array) => below("e", chainId, 48),
  /** An erased chain of which not everything is gone. */
  erasing: (chainId: Uint8Array) => table("x", chainId),
  /** A pending block that keeps its body on an erased chain until its transaction has ended. */
  heldBody: (chainId: Uint8Array, txId: Uint8Array) => table("y", chainId, txId),
  heldBodiesOf: (chainId: Uint8Array) => below("y", chainId, 32),
  /** The vault key that members were told to fetch last; in partition 0. */
  offeredKey: table("u", u16(0)),
  /** The oldest vault key under which a partition takes wrapped bytes. */
  usedKey: (partition: number) => table("w", u16(partition)),
} as const;

/** 4096 hash slots; a slot never splits, and the map slot -> partition is plain arithmetic for now. */
export const SLOTS = 4096;
const slotOf = (id: Uint8Array): number => (((id[0] ?? 0) << 8) | (id[1] ?? 0)) % SLOTS;

/** Home partition of a transaction id, chain id or owner tag. */
export const partitionOf = (id: Uint8Array, partitions: number): number => slotOf(id) % partitions;

const TX_TABLE = "t".charCodeAt(0);
const TX_KEY_BYTES = 1 + 32;

/** Whether a row of table `t` is a transaction; the others are what it left on chains. */
export const isTx = (key: Uint8Array): boolean => key.length === TX_KEY_BYTES;

/** A table of an earlier layout: its rows lie elsewhere now, and nobody would find them. */
export const FORMER_STEPS = { from: table("s"), to: table("t") };

/**
 * Every row of one table, for exports: heads `h`, blocks `b`, transactions and steps `t`, batches `c`, vaults `v`,
 * erasures under way `x`.
 */
export const wholeTable = (letter: "h" | "b" | "t" | "c" | "v" | "x") => ({
  from: table(letter),
  to: Uint8Array.of(letter.charCodeAt(0) + 1),
});

/** Tables whose keys begin with the partition's number; the keys of all others begin with an id, whose slot tells. */
const POSITIONAL = new Set(
  ["a", "k", "b", "o", "m", "c", "p", "q", "n", "l", "u", "w"].map((letter) => letter.charCodeAt(0)),
);

/** The partition that a row belongs to: what is rebuilt when one partition of a node is. */
export function partitionOfRow(key: Uint8Array, partitions: number): number {
  const [table = 0, high = 0, low = 0] = key;
  if (POSITIONAL.has(table)) return (high << 8) | low;
  // What a transaction left on a chain belongs to the chain.
  const isStep = table === TX_TABLE && !isTx(key);
  return partitionOf(key.subarray(isStep ? TX_KEY_BYTES : 1), partitions);
}
