import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { decodeHeader, encodeHeader, type BlockHeader } from "../../../protocol/block.ts";
import { fromHex, toHex } from "../../../protocol/bytes.ts";
import { judgeFiles, judgeLines } from "../../../scripts/history/check.ts";
import { parseLine, type Line, type LineOf } from "../../../scripts/history/line.ts";
import { goodHistory } from "../../support/history.ts";
import { random } from "../../support/relayer.ts";

type Mutation = (lines: readonly Line[]) => readonly Line[];

const is =
  <Kind extends Line["k"]>(k: Kind, also: (line: LineOf<Kind>) => boolean = () => true) =>
  (line: Line): line is LineOf<Kind> =>
    line.k === k && also(line as LineOf<Kind>);
const headerOf = (line: LineOf<"block">): BlockHeader => decodeHeader(fromHex(line.header)!);
const kindIs = (kind: BlockHeader["kind"], node?: string) =>
  is("block", (line) => headerOf(line).kind === kind && (node === undefined || line.node === node));

/** Drops the first line that fits, or changes it, or says it again. */
const drop =
  (fits: (line: Line) => boolean): Mutation =>
  (lines) =>
    lines.toSpliced(lines.findIndex(fits), 1);
const change =
  <Of extends Line>(fits: (line: Line) => line is Of, to: (line: Of) => Line): Mutation =>
  (lines) => {
    const at = lines.findIndex(fits);
    return lines.with(at, to(lines[at] as Of));
  };
const again =
  <Of extends Line>(fits: (line: Line) => line is Of, to: (line: Of) => Line = (line) => line): Mutation =>
  (lines) => [...lines, to(lines.find(fits)!)];
const everywhere =
  (fits: (line: Line) => boolean): Mutation =>
  (lines) =>
    lines.filter((line) => !fits(line));
const reheader = (line: LineOf<"block">, to: Partial<BlockHeader>): Line => ({
  ...line,
  header: toHex(encodeHeader({ ...headerOf(line), ...to })),
});
const acked = is("op", ({ f, result }) => f === "tx" && result === "ok");
const firstTx = (lines: readonly Line[]): string => (lines.find(acked) as LineOf<"op">).tx!;
const hash = (): string => toHex(random(32));

/** Swaps two neighbouring blocks of a chain on one node, as if they had been applied the other way round. */
const swapped: Mutation = (lines) => {
  const blocks = lines.filter(kindIs("pending", "n1"));
  const first = blocks[0]!;
  const chain = toHex(headerOf(first).chainId);
  const second = lines.find(
    is(
      "block",
      (line) =>
        line.node === "n1" &&
        toHex(headerOf(line).chainId) === chain &&
        headerOf(line).height === headerOf(first).height + 1,
    ),
  )!;
  const [one, two] = [headerOf(first), headerOf(second)];
  return lines.map((line) =>
    line === first
      ? reheader(first, { ...two, height: one.height, prev: one.prev })
      : line === second
        ? reheader(second, { ...one, height: two.height, prev: two.prev })
        : line,
  );
};

const mutations: Readonly<Record<string, readonly [Mutation, rule: RegExp]>> = {
  "a block dropped on one node": [drop(kindIs("pending", "n1")), /^C[136]/],
  "the newest block dropped on one node": [
    (lines) => lines.toSpliced(lines.findLastIndex(kindIs("completed", "n2")), 1),
    /^C[36]/,
  ],
  "an acknowledged enrolment dropped everywhere": [
    (lines) => {
      const { chain } = lines.findLast(is("op", ({ f }) => f === "enrol"))!;
      return everywhere((line) => line.k === "block" && toHex(headerOf(line).chainId) === chain)(lines);
    },
    /^C1 lost/,
  ],
  "an acknowledged transaction dropped everywhere": [
    (lines) => {
      const tx = firstTx(lines);
      return lines.filter(
        (line) => !((line.k === "block" && toHex(headerOf(line).txId) === tx) || (line.k === "tx" && line.tx === tx)),
      );
    },
    /^C1 lost/,
  ],
  "a transaction's record dropped on one node": [drop(is("tx", ({ node }) => node === "n0")), /^C[16]/],
  "two blocks swapped on one node": [swapped, /^C2 fork/],
  "a block duplicated on one node": [again(kindIs("pending", "n0")), /^C2 height twice/],
  "a block laid twice under two heights": [
    (lines) => {
      const head = lines.find(is("head", ({ node }) => node === "n0"))!;
      const pending = lines.find(
        is(
          "block",
          (line) =>
            line.node === "n0" && headerOf(line).kind === "pending" && toHex(headerOf(line).chainId) === head.chain,
        ),
      )!;
      return [...lines, reheader(pending, { height: head.height + 1, prev: fromHex(head.hash)! })];
    },
    /^C[13]/,
  ],
  "one block forked on one node": [
    change(kindIs("pending", "n2"), (line) => reheader(line, { bodyCommitment: random(32) })),
    /^C2 fork/,
  ],
  "a whole chain forked on one node": [
    (lines) => {
      const genesis = lines.find(kindIs("genesis", "n2"))!;
      const chain = toHex(headerOf(genesis).chainId);
      return lines.map((line) =>
        line.k === "block" && line.node === "n2" && toHex(headerOf(line).chainId) === chain
          ? reheader(line, { day: headerOf(line).day + 1 })
          : line,
      );
    },
    /^C[23]/,
  ],
  "a link broken on all nodes alike": [
    (lines) => {
      const prev = random(32);
      const tx = firstTx(lines);
      return lines.map((line) =>
        line.k === "block" && toHex(headerOf(line).txId) === tx && headerOf(line).kind === "failed"
          ? reheader(line, { prev })
          : line.k === "block" && headerOf(line).height === 1
            ? reheader(line, { prev })
            : line,
      );
    },
    /^C3 link/,
  ],
  "an outcome on one of two chains only": [
    (lines) => {
      const tx = firstTx(lines);
      const { chains } = lines.find(acked)!;
      return everywhere(
        (line) =>
          line.k === "block" &&
          toHex(headerOf(line).txId) === tx &&
          headerOf(line).kind === "completed" &&
          toHex(headerOf(line).chainId) === chains![0],
      )(lines);
    },
    /^C6 no outcome/,
  ],
  "both outcomes for one transaction": [
    (lines) => lines.map((line) => (kindIs("failed")(line) ? reheader(line, { kind: "completed" }) : line)),
    /^C6 other outcome/,
  ],
  "two outcome blocks on one chain": [
    change(kindIs("pending", "n0"), (line) => reheader(line, { kind: "completed" })),
    /^C6/,
  ],
  "a transaction that never ended": [
    (lines) => lines.map((line) => (line.k === "tx" ? { ...line, ended: false } : line)),
    /^C12/,
  ],
  "a transaction that is still pending": [
    change(
      is("tx", ({ node }) => node === "n1"),
      (line) => ({ ...line, state: "pending" }),
    ),
    /^C12/,
  ],
  "an outcome that only one node knows": [
    change(
      is("tx", ({ node, state }) => node === "n1" && state === "completed"),
      (line) => ({ ...line, state: "failed" }),
    ),
    /^C6/,
  ],
  "a batch place that one node sees elsewhere": [
    change(
      is("tx", ({ node }) => node === "n2"),
      (line) => ({ ...line, batch: { partition: 0, seq: 99 } }),
    ),
    /^C6 nodes disagree/,
  ],
  "a transaction without its home record": [
    (lines) => {
      const tx = firstTx(lines);
      return lines.filter((line) => !(line.k === "tx" && line.tx === tx));
    },
    /^C[16]/,
  ],
  "a failed operation that happened": [change(acked, (line) => ({ ...line, result: "fail" })), /^C5/],
  "operations in another order than in real time": [
    (lines) => {
      const [first, , third] = lines.filter(acked);
      return lines.map((line) =>
        line === first
          ? { ...first, t0: third!.t0, t1: third!.t1 }
          : line === third
            ? { ...third, t0: first!.t0, t1: first!.t1 }
            : line,
      );
    },
    /^C4 order/,
  ],
  "a strong read that misses what was acknowledged": [
    (lines) => {
      const tx = lines.findLast(acked)!;
      return [
        ...lines,
        {
          k: "op",
          proc: "late",
          t0: tx.t1 + 1_002,
          t1: tx.t1 + 1_003,
          f: "read",
          result: "ok",
          chain: tx.chains![0]!,
          strong: true,
          seen: [{ height: 0, hash: genesisHash(lines, tx.chains![0]!) }],
        } satisfies Line,
      ];
    },
    /^C4 stale read/,
  ],
  "a block that a reader saw and nobody has": [
    change(
      is("op", ({ f }) => f === "read"),
      (line) => ({ ...line, seen: [{ height: line.seen![0]!.height, hash: hash() }] }),
    ),
    /^C1 seen and gone/,
  ],
  "a reader who goes back in time": [
    (lines) => {
      const read = lines.find(is("op", ({ f }) => f === "read"))!;
      const seen = [{ height: 0, hash: genesisHash(lines, read.chain!) }];
      return [...lines, { ...read, t0: read.t1 + 1, t1: read.t1 + 2, strong: false, seen }];
    },
    /^C11/,
  ],
  "another digest at the same sequence": [
    change(
      is("partition", ({ node }) => node === "n1"),
      (line) => ({ ...line, digest: hash() }),
    ),
    /^C8 digests differ/,
  ],
  "a node that stayed behind": [
    change(
      is("partition", ({ node }) => node === "n1"),
      (line) => ({ ...line, applied: line.applied - 1 }),
    ),
    /^C8 behind/,
  ],
  "a partition that one node does not have": [
    drop(is("partition", ({ node }) => node === "n1")),
    /^C8 partition missing/,
  ],
  "a hole on one server": [drop(is("record", ({ server, seq }) => server === "s2" && seq === 2)), /^C8 hole/],
  "a suffix lost on one server": [
    (lines) => lines.toSpliced(lines.findLastIndex(is("record", ({ server }) => server === "s3")), 1),
    /^C8 suffix lost/,
  ],
  "a record that one server holds in another form": [
    change(
      is("record", ({ server }) => server === "s1"),
      (line) => ({ ...line, sha256: hash() }),
    ),
    /^C8 records differ/,
  ],
  "records that are alike everywhere but are not what was applied": [
    (lines) =>
      lines.map((line) => (line.k === "record" && line.seq === 1 ? { ...line, sha256: `0x${"ab".repeat(32)}` } : line)),
    /^C8 log and state differ/,
  ],
  "a record that nobody applied": [
    // Of any partition: where the chains of a history lie is chance.
    again(is("record"), (line) => ({ ...line, seq: 10_000 })),
    /^C8/,
  ],
  "a record said twice": [again(is("record")), /^C8 record twice/],
  "a server that was not asked": [everywhere(is("record", ({ server }) => server === "s1")), /^C0 nobody asked/],
  "a node that was not asked": [
    everywhere((line) => "node" in line && line.k !== "op" && line.node === "n2"),
    /^C0 nobody asked/,
  ],
  "no node at all": [everywhere((line) => "node" in line && line.k !== "op"), /^C0 nobody asked/],
  "money that did not move": [change(is("balance"), (line) => ({ ...line, after: line.before })), /^C6 money/],
  "money that moved twice": [
    change(is("balance"), (line) => ({ ...line, after: String(2n * BigInt(line.after) - BigInt(line.before)) })),
    /^C6 money/,
  ],
  "money that moved for a failed transaction": [
    (lines) =>
      lines.map((line) =>
        line.k === "balance" ? { ...line, after: String(2n * BigInt(line.after) - BigInt(line.before)) } : line,
      ),
    /^C6 money/,
  ],
  "an account whose money nobody counted": [drop(is("balance")), /^C0 nobody asked/],
  "a batch that the chain holds otherwise": [
    change(is("anchor"), (line) => ({ ...line, headerHash: hash() })),
    /^C9 anchor/,
  ],
  "a batch that only the chain holds": [again(is("anchor"), (line) => ({ ...line, seq: 99 })), /^C9 anchor/],
  "an outcome without a batch on the chain": [drop(is("anchor")), /^C9 decided without the chain/],
  "a head row that is not the newest block": [
    change(
      is("head", ({ node }) => node === "n0"),
      (line) => ({ ...line, height: line.height - 1 }),
    ),
    /^C3 head/,
  ],
  "a header that is none": [change(is("block"), (line) => ({ ...line, header: `0x${"00".repeat(192)}` })), /^C3/],
};

function genesisHash(lines: readonly Line[], chain: string): string {
  const second = lines.find(
    is("block", (each) => headerOf(each).height === 1 && toHex(headerOf(each).chainId) === chain),
  )!;
  return toHex(headerOf(second).prev);
}

describe("the history checker", () => {
  let good: Line[];
  before(async () => {
    good = await goodHistory();
  });

  it("finds nothing wrong with a good history", () => {
    const verdict = judgeLines(good);
    assert.deepEqual(verdict.violations, []);
    assert.deepEqual([verdict.ok, verdict.nodes, verdict.servers, verdict.transactions], [true, 3, 3, 4]);
  });

  it("asks nothing of two reads at once: either may see less", () => {
    const read = good.find(is("op", ({ f }) => f === "read"))!;
    const seen = [{ height: 0, hash: genesisHash(good, read.chain!) }];
    const beside = { ...read, t0: read.t0 + 0.1, t1: read.t0 + 0.2, strong: false, seen };
    assert.deepEqual(judgeLines([...good, beside]).violations, []);
  });

  for (const [what, [mutate, rule]] of Object.entries(mutations)) {
    it(`catches ${what}`, () => {
      const { ok, violations } = judgeLines(mutate(good));
      assert.equal(ok, false);
      assert.ok(
        violations.some((violation) => rule.test(violation.rule)),
        `${rule.source} is not among ${violations.map((violation) => violation.rule).join(", ")}`,
      );
    });
  }

  it("catches every single fact about blocks, records, digests and transactions that one place leaves out", () => {
    const counted = good.filter(({ k }) =>
      ["block", "head", "tx", "partition", "record", "batch", "anchor"].includes(k),
    );
    const missed = counted.filter((line) => judgeLines(good.filter((other) => other !== line)).ok);
    assert.deepEqual(missed, []);
  });

  it("reads files, and does not believe one that is cut or torn", async () => {
    const folder = mkdtempSync(join(tmpdir(), "midchain-history-"));
    const path = join(folder, "all.jsonl");
    const text = [...good, { k: "end", lines: good.length }].map((line) => JSON.stringify(line)).join("\n");
    writeFileSync(path, `${text}\n`);
    assert.equal((await judgeFiles([path])).ok, true);
    for (const broken of [
      text.slice(0, text.lastIndexOf("\n")),
      text.slice(0, -30),
      text.replace('"k":"block"', '"k":"blok"'),
    ]) {
      writeFileSync(path, broken);
      const { ok, violations } = await judgeFiles([path]);
      assert.equal(ok, false);
      assert.match(violations[0]!.rule, /^C0/);
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it("takes nothing for a line that is none", () => {
    for (const text of ["", "{", "[]", '{"k":"op"}', '{"k":"tx","node":"n","tx":"0x00"}'])
      assert.equal(parseLine(text), undefined);
  });
});
