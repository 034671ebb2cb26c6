import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { decodeHeader } from "../../../protocol/block.ts";
import { fromHex, toHex } from "../../../protocol/bytes.ts";
import { judgeLines } from "../../../scripts/history/check.ts";
import type { Line, LineOf } from "../../../scripts/history/line.ts";
import { goodHistory } from "../../support/history.ts";

const headerOf = ({ header }: LineOf<"block">) => decodeHeader(fromHex(header)!);

/** The history with the first line that fits changed, or left out where it becomes nothing. */
function changed(lines: readonly Line[], to: (line: Line) => Line | "gone" | undefined): readonly Line[] {
  const at = lines.findIndex((line) => to(line) !== undefined);
  const line = to(lines[at]!);
  return line === undefined || line === "gone" ? lines.toSpliced(at, 1) : lines.with(at, line);
}

describe("the history checker on a history in which somebody was erased", () => {
  let good: readonly Line[];
  let erased: string;
  before(async () => {
    good = await goodHistory();
    const erase = good.find((line) => line.k === "op" && line.f === "erase") as LineOf<"op">;
    erased = erase.chain!;
  });

  const catches = (rule: RegExp, to: (line: Line) => Line | "gone" | undefined): void => {
    const { ok, violations } = judgeLines(changed(good, to));
    assert.equal(ok, false);
    assert.ok(
      violations.some((violation) => rule.test(violation.rule)),
      violations.map((violation) => violation.rule).join(", "),
    );
  };

  it("finds nothing wrong: its headers are there, its one transaction has its outcome, money matches", () => {
    assert.deepEqual(judgeLines(good).violations, []);
    const kinds = good
      .filter((line) => line.k === "block" && line.node === "n0" && toHex(headerOf(line).chainId) === erased)
      .map((line) => headerOf(line as LineOf<"block">).kind);
    assert.deepEqual(kinds.toSorted(), ["completed", "genesis", "pending", "tombstone"]);
  });

  it("catches an erased body that is served", () => {
    catches(/^C10 body served/, (line) =>
      line.k === "op" && line.f === "read" && line.chain === erased
        ? { ...line, seen: line.seen!.map((block) => ({ ...block, body: true })) }
        : undefined,
    );
  });

  it("asks nothing of a body that was shown before it was erased", () => {
    const read = good.find((line) => line.k === "op" && line.f === "read" && line.chain === erased) as LineOf<"op">;
    const early = { ...read, t0: 0.1, t1: 0.2, strong: false, seen: read.seen!.map((one) => ({ ...one, body: true })) };
    const rules = judgeLines([...good, early]).violations.map(({ rule }) => rule);
    assert.ok(!rules.includes("C10 body served"));
  });

  it("catches a body that is still on one node", () => {
    catches(/^C10 body left/, (line) =>
      line.k === "block" && line.node === "n1" && toHex(headerOf(line).chainId) === erased
        ? { ...line, sealed: 40 }
        : undefined,
    );
  });

  it("catches keys that are still on one node", () => {
    catches(/^C10 keys left/, (line) =>
      line.k === "head" && line.node === "n2" && line.chain === erased ? { ...line, keyed: true } : undefined,
    );
  });

  it("catches an erasure that one node has not made, and one that nobody asked for", () => {
    catches(/^C10 not erased/, (line) =>
      line.k === "head" && line.node === "n0" && line.chain === erased ? { ...line, erased: false } : undefined,
    );
    catches(/^C10 erased unasked/, (line) => (line.k === "op" && line.f === "erase" ? "gone" : undefined));
  });

  it("catches a header that is missing, and a tombstone on a chain that lives", () => {
    const isTombstone = (line: Line): boolean =>
      line.k === "block" && line.node === "n0" && headerOf(line).kind === "tombstone";
    catches(/^C(3|10)/, (line) => (isTombstone(line) ? "gone" : undefined));
    catches(/^C10 tombstone on a live chain/, (line) =>
      line.k === "head" && line.node === "n1" && line.chain === erased
        ? { ...line, erased: false, keyed: true }
        : undefined,
    );
  });
});
