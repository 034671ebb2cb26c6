import { decodeHeader, headerHash, type BlockHeader } from "../../protocol/block.ts";
import { fromHex, toHex } from "../../protocol/bytes.ts";
import type { Line, LineOf } from "./line.ts";

/** A rule that the history breaks, and where. */
export interface Violation {
  /** Stable; see check.ts for what each means. */
  readonly rule: string;
  readonly about: string;
}

export interface HeldBlock {
  readonly height: number;
  readonly hash: string;
  readonly prev: string;
  readonly kind: BlockHeader["kind"];
  readonly tx: string;
  /** Bytes of its body. */
  readonly sealed: number;
  readonly place: readonly [partition: number, seq: number, index: number];
}

/** What one node holds. */
export interface Held {
  readonly chains: Map<string, HeldBlock[]>;
  readonly heads: Map<string, LineOf<"head">>;
  readonly txs: Map<string, LineOf<"tx">>;
  readonly partitions: Map<number, LineOf<"partition">>;
  /** `partition@seq` -> running digest. */
  readonly kept: Map<string, string>;
  readonly batches: Map<string, string>;
}

/** One server's copy of a partition's log. */
export interface Copy {
  /** seq -> SHA-256 of the record. */
  readonly records: Map<number, string>;
  claim?: LineOf<"copy">;
}

/** A history, sorted by who said it. */
export interface Facts {
  readonly ops: LineOf<"op">[];
  readonly nodes: Map<string, Held>;
  /** server -> partition -> its copy. */
  readonly servers: Map<string, Map<number, Copy>>;
  readonly balances: LineOf<"balance">[];
  readonly anchors: LineOf<"anchor">[];
  readonly expected: { nodes: string[]; servers: string[] };
  readonly violations: Violation[];
}

export const emptyFacts = (): Facts => ({
  ops: [],
  nodes: new Map(),
  servers: new Map(),
  balances: [],
  anchors: [],
  expected: { nodes: [], servers: [] },
  violations: [],
});

/** The value of a key, made on first use. */
export function at<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

const nodeOf = (facts: Facts, name: string): Held =>
  at(facts.nodes, name, () => ({
    chains: new Map(),
    heads: new Map(),
    txs: new Map(),
    partitions: new Map(),
    kept: new Map(),
    batches: new Map(),
  }));

export function gather(line: Line, facts: Facts): void {
  switch (line.k) {
    case "op":
      facts.ops.push(line);
      break;
    case "block":
      gatherBlock(line, facts);
      break;
    case "head":
      nodeOf(facts, line.node).heads.set(line.chain, line);
      break;
    case "tx":
      nodeOf(facts, line.node).txs.set(line.tx, line);
      break;
    case "partition":
      nodeOf(facts, line.node).partitions.set(line.partition, line);
      break;
    case "kept":
      nodeOf(facts, line.node).kept.set(`${line.partition}@${line.seq}`, line.digest);
      break;
    case "batch":
      nodeOf(facts, line.node).batches.set(`${line.partition}:${line.seq}`, line.headerHash);
      break;
    case "record":
      gatherRecord(line, facts);
      break;
    case "copy":
      copyOf(facts, line).claim = line;
      break;
    case "balance":
      facts.balances.push(line);
      break;
    case "anchor":
      facts.anchors.push(line);
      break;
    case "expect":
      facts.expected.nodes.push(...line.nodes);
      facts.expected.servers.push(...line.servers);
      break;
    case "end":
      break;
  }
}

function gatherBlock({ node, header, partition, seq, index, sealed }: LineOf<"block">, facts: Facts): void {
  const bytes = fromHex(header) ?? new Uint8Array(0);
  let decoded: BlockHeader;
  try {
    decoded = decodeHeader(bytes);
  } catch {
    facts.violations.push({ rule: "C3 no block", about: `${node} ${partition}/${seq}/${index}` });
    return;
  }
  at(nodeOf(facts, node).chains, toHex(decoded.chainId), () => []).push({
    height: decoded.height,
    hash: toHex(headerHash(bytes)),
    prev: toHex(decoded.prev),
    kind: decoded.kind,
    tx: toHex(decoded.txId),
    sealed,
    place: [partition, seq, index],
  });
}

const copyOf = (facts: Facts, { server, partition }: LineOf<"record" | "copy">): Copy =>
  at(
    at(facts.servers, server, () => new Map<number, Copy>()),
    partition,
    () => ({ records: new Map() }),
  );

function gatherRecord(line: LineOf<"record">, facts: Facts): void {
  const { records } = copyOf(facts, line);
  const { server, partition, seq, sha256 } = line;
  if (records.has(seq)) facts.violations.push({ rule: "C8 record twice", about: `${server} ${partition}/${seq}` });
  records.set(seq, sha256);
}
