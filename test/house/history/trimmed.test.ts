import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, describe, it } from "node:test";
import { toHex } from "../../../protocol/bytes.ts";
import { judgeLines } from "../../../scripts/history/check.ts";
import type { Line, LineOf } from "../../../scripts/history/line.ts";
import { goodHistory } from "../../support/history.ts";

const TRIMMED = 2;

/**
 * The first records of a partition trimmed everywhere, and the digest that two nodes have kept of them. Which partition
 * the history's random ids fill is chance: one that holds enough is taken.
 */
function trim(lines: readonly Line[]): { trimmed: readonly Line[]; kept: readonly LineOf<"kept">[] } {
  const long = lines.find((line) => line.k === "record" && line.seq > TRIMMED) as LineOf<"record">;
  const { partition } = long;
  const isGone = (line: Line): boolean => line.k === "record" && line.partition === partition && line.seq <= TRIMMED;
  const gone = lines.filter(isGone);
  let digest = new Uint8Array(32);
  for (let seq = 1; seq <= TRIMMED; seq += 1) {
    const record = gone.find((line) => line.k === "record" && line.seq === seq) as LineOf<"record">;
    const place = Buffer.alloc(8);
    place.writeBigUInt64BE(BigInt(seq));
    const parts = [Uint8Array.of(1), digest, place, Buffer.from(record.sha256.slice(2), "hex")];
    digest = new Uint8Array(createHash("sha256").update(Buffer.concat(parts)).digest());
  }
  const held = { k: "kept", partition, seq: TRIMMED, digest: toHex(digest) } as const;
  return { trimmed: lines.filter((line) => !isGone(line)), kept: ["n0", "n1"].map((node) => ({ ...held, node })) };
}

const rulesOf = (lines: readonly Line[]): ReadonlySet<string> =>
  new Set(judgeLines(lines).violations.map(({ rule }) => rule));
const OTHER = `0x${"ab".repeat(32)}`;

describe("the history checker on a log whose beginning was trimmed", () => {
  let history: ReturnType<typeof trim>;
  before(async () => {
    history = trim(await goodHistory());
  });

  it("goes on from the digest that the nodes have kept", () => {
    assert.deepEqual(judgeLines([...history.trimmed, ...history.kept]).violations, []);
  });

  it("does not believe a beginning that no node knows", () => {
    assert.deepEqual(rulesOf(history.trimmed), new Set(["C8 start unknown"]));
  });

  it("catches nodes that have kept another one", () => {
    const [first, ...rest] = history.kept;
    assert.ok(rulesOf([...history.trimmed, { ...first!, digest: OTHER }, ...rest]).has("C8 digests differ"));
  });

  it("catches records that do not go on from it to what was applied", () => {
    const wrong = history.kept.map((line) => ({ ...line, digest: OTHER }));
    assert.deepEqual(rulesOf([...history.trimmed, ...wrong]), new Set(["C8 log and state differ"]));
  });
});
