import { z } from "zod";

/**
 * One line of a history: what clients saw, what each node holds, what each server of the log holds, and what the chain
 * says. JSON lines, in any order and any number of files; each file ends with an `end` line, so that a cut one is seen.
 */
const hex = (bytes: number) => z.string().regex(new RegExp(`^0x[0-9a-f]{${bytes * 2}}$`));
const count = z.int().min(0);
const chain = hex(16);
const hash = hex(32);
const account = hex(20);
const money = z.string().regex(/^-?\d+$/);

/** A call of one client. `ok` is a promise that was given; `fail` says that it did not happen; `unknown` says nothing. */
const op = z.object({
  k: z.literal("op"),
  proc: z.string(),
  /** When it was asked and answered, on one clock for all clients. */
  t0: z.number(),
  t1: z.number(),
  f: z.enum(["enrol", "tx", "read", "erase"]),
  result: z.enum(["ok", "fail", "unknown"]),
  node: z.string().optional(),
  chain: chain.optional(),
  tx: hash.optional(),
  /** Chains of all parties of a transaction. */
  chains: z.array(chain).optional(),
  /** What moves on chain if it completes. */
  legs: z.array(z.object({ from: account, to: account, amount: money })).optional(),
  /** Blocks that a read showed, oldest first, up to the head it was given, and whether each came with its body. */
  seen: z.array(z.object({ height: count, hash, body: z.boolean().optional() })).optional(),
  /** Whether the read promised to see everything acknowledged before. */
  strong: z.boolean().optional(),
});

const block = z.object({
  k: z.literal("block"),
  node: z.string(),
  partition: count,
  seq: count,
  index: count,
  header: hex(192),
  /** Bytes of its sealed body; none once erased. */
  sealed: count,
});

/** A chain's head row: what a node would build on; and whether it is erased, and its owner's wrapped keys still there. */
const head = z.object({
  k: z.literal("head"),
  node: z.string(),
  chain,
  height: count,
  hash,
  erased: z.boolean().optional(),
  keyed: z.boolean().optional(),
});

const tx = z.object({
  k: z.literal("tx"),
  node: z.string(),
  tx: hash,
  state: z.enum(["pending", "completed", "failed"]),
  ended: z.boolean(),
  parties: z.array(chain),
  batch: z.object({ partition: count, seq: count }).optional(),
});

const partition = z.object({
  k: z.literal("partition"),
  node: z.string(),
  partition: count,
  applied: count,
  digest: hash,
});
/** The running digest after a record that a node has kept: what a log that was trimmed begins from. */
const kept = z.object({ k: z.literal("kept"), node: z.string(), partition: count, seq: count, digest: hash });
const batch = z.object({ k: z.literal("batch"), node: z.string(), partition: count, seq: count, headerHash: hash });

/** A record as one server of the replicated log holds it. */
const record = z.object({ k: z.literal("record"), server: z.string(), partition: count, seq: count, sha256: hash });

/** What a server says of its copy: an empty one, after a repair or a trim, begins one above where it ends. */
const copy = z.object({ k: z.literal("copy"), server: z.string(), partition: count, first: count, last: count });

/** An account's tokens before the first and after the last operation. */
const balance = z.object({ k: z.literal("balance"), account, before: money, after: money });

/** A batch header as the chain holds it. */
const anchor = z.object({ k: z.literal("anchor"), partition: count, seq: count, headerHash: hash });

/** Who must have been asked: a node that says nothing must not pass. */
const expect = z.object({ k: z.literal("expect"), nodes: z.array(z.string()), servers: z.array(z.string()) });

const end = z.object({ k: z.literal("end"), lines: count });

const line = z.discriminatedUnion("k", [
  op,
  block,
  head,
  tx,
  partition,
  kept,
  batch,
  record,
  copy,
  balance,
  anchor,
  expect,
  end,
]);

export type Line = z.infer<typeof line>;
export type LineOf<Kind extends Line["k"]> = Extract<Line, { k: Kind }>;

/** Undefined for text that is no line of a history. */
export function parseLine(text: string): Line | undefined {
  try {
    const parsed = line.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
