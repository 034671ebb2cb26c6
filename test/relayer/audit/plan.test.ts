import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareAnchors } from "../../../relayer/audit/anchors.ts";
import type { NodeReport, PartitionFacts, ServerReport } from "../../../relayer/audit/facts.ts";
import { planRepair, type Plan } from "../../../relayer/audit/plan.ts";
import { scrub } from "../../../relayer/audit/scrub.ts";
import type { LogEntry } from "../../../relayer/ports.ts";
import { nextDigest } from "../../../relayer/midc/record.ts";
import { toHex } from "../../../protocol/bytes.ts";
import { random } from "../../support/relayer.ts";

const members = ["a", "b", "c"];
/** A past is a word; its digest at a sequence is the word up to there. So pasts part where their letters differ. */
const PAST = "abcdefghijkl";
const digestsOf = (past: string) =>
  Array.from({ length: past.length }, (_, i) => ({ seq: i + 1, digest: past.slice(0, i + 1) }));
const node = (name: string, past = PAST, more: Partial<NodeReport> = {}): NodeReport => ({
  node: name,
  applied: past.length,
  digests: digestsOf(past),
  frozen: false,
  anchored: 0,
  ...more,
});
const frozen = (name: string, past = PAST, more: Partial<NodeReport> = {}) =>
  node(name, past, { frozen: true, ...more });
const server = (name: string, past = PAST, missing: readonly number[] = []): ServerReport => ({
  server: name,
  first: 1,
  last: past.length,
  missing,
  digests: digestsOf(past).filter(({ seq }) => seq < (missing[0] ?? Infinity)),
});
const whole = [server("s1"), server("s2"), server("s3")];
const plan = (more: Partial<PartitionFacts>): Plan =>
  planRepair({
    partition: 3,
    members,
    nodes: [node("a"), node("b"), node("c")],
    log: { exists: true, generation: 1, leader: "s1", tail: PAST.length },
    servers: whole,
    ...more,
  });
const kinds = ({ steps }: Plan): string[] => steps.map(({ kind }) => kind);
const log = (more: Partial<NonNullable<PartitionFacts["log"]>>): Pick<PartitionFacts, "log"> => ({
  log: { exists: true, generation: 1, leader: "s1", tail: PAST.length, ...more },
});
const allFrozen = [frozen("a"), frozen("b"), frozen("c")];

describe("the plan of repair", () => {
  it("is empty when nothing is wrong, also for nodes and servers that are only behind", () => {
    const nothing = { readOnly: false, alarms: [], steps: [] };
    assert.deepEqual(plan({}), nothing);
    assert.deepEqual(plan({ nodes: [node("a"), node("b", PAST.slice(0, 5)), node("c", "")] }), nothing);
    assert.deepEqual(plan({ servers: [server("s1"), server("s2", PAST.slice(0, 9)), server("s3")] }), nothing);
    assert.deepEqual(plan({ servers: [] }), nothing);
    assert.deepEqual(plan({ nodes: [node("a"), node("b")] }), nothing, "a silent node is no reason to stop");
  });

  it("appends a lost suffix again from a node that has it, once everybody has stopped", () => {
    const lost = { ...log({ tail: 9 }), servers: ["s1", "s2", "s3"].map((name) => server(name, PAST.slice(0, 9))) };
    const waiting = plan(lost);
    assert.deepEqual([waiting.readOnly, waiting.steps], [true, []]);
    assert.equal(waiting.alarms.length, 2);
    const ready = plan({ ...lost, nodes: [frozen("a", PAST.slice(0, 7)), frozen("b"), frozen("c")] });
    assert.deepEqual(ready.steps, [{ kind: "reappend", node: "b", from: 10, to: 12 }]);
    assert.equal(ready.readOnly, true);
    assert.deepEqual(plan({ ...lost, servers: [], nodes: allFrozen }).steps, [
      { kind: "reappend", node: "a", from: 10, to: 12 },
    ]);
  });

  it("changes no content while a member has not been heard", () => {
    const lost = { ...log({ tail: 9 }), servers: [] };
    const { readOnly, steps, alarms } = plan({ ...lost, nodes: [frozen("a"), frozen("b")] });
    assert.deepEqual([readOnly, steps], [true, []]);
    assert.match(alarms.join(), /c must be heard/);
  });

  it("begins a new generation where the log is gone, after the last record anybody applied", () => {
    const gone = { ...log({ exists: false, tail: 0 }), servers: [] };
    const { steps } = plan({ ...gone, nodes: [frozen("a"), frozen("b", PAST.slice(0, 8)), frozen("c")] });
    assert.deepEqual(steps, [
      { kind: "rebuild state", node: "b", source: "a" },
      { kind: "new generation", firstSeq: 13, salvageFrom: 13 },
    ]);
  });

  it("begins a new generation where other records took the places of applied ones", () => {
    const other = `${PAST.slice(0, 9)}XYZW`;
    const forked = { ...log({ tail: 13 }), servers: ["s1", "s2", "s3"].map((name) => server(name, other)) };
    assert.deepEqual(plan({ ...forked, nodes: allFrozen }).steps, [
      { kind: "new generation", firstSeq: 13, salvageFrom: 10 },
    ]);
  });

  it("begins a new generation where every copy lacks the same record", () => {
    const holes = { servers: ["s1", "s2", "s3"].map((name) => server(name, PAST, [5])) };
    assert.deepEqual(kinds(plan({ ...holes, nodes: allFrozen })), ["new generation"]);
  });

  it("rebuilds a copy with a hole, a cut end or other records, and lets a whole one lead first", () => {
    const hole = plan({ servers: [server("s1", PAST, [4, 5]), server("s2"), server("s3")] });
    assert.equal(hole.readOnly, false);
    assert.deepEqual(hole.steps, [
      { kind: "move leader", to: "s2" },
      { kind: "rebuild replica", server: "s1" },
    ]);
    assert.deepEqual(kinds(plan({ servers: [server("s1"), server("s2"), server("s3", `${PAST.slice(0, 11)}X`)] })), [
      "rebuild replica",
    ]);
    const behindAndLeads = [server("s1", PAST.slice(0, 6)), server("s2"), server("s3")];
    assert.deepEqual(kinds(plan({ ...log({ tail: 6 }), servers: behindAndLeads })), ["move leader", "rebuild replica"]);
  });

  it("rebuilds an outvoted node, and appends again what only it had", () => {
    const nodes = [frozen("a", `${PAST.slice(0, 10)}Q`), frozen("b"), frozen("c")];
    const { readOnly, steps, alarms } = plan({ nodes });
    assert.equal(readOnly, true);
    assert.match(alarms[0]!, /^a hold another past/);
    assert.deepEqual(steps, [{ kind: "rebuild state", node: "a", source: "b", asideFrom: 11 }]);
    const later = [node("a", PAST, { aside: 1 }), node("b"), node("c")];
    const held = plan({ nodes: later });
    assert.deepEqual([held.readOnly, held.steps], [false, [{ kind: "salvage", node: "a" }]]);
    assert.match(held.alarms.join(), /^a has set 1 records aside/);
  });

  it("rebuilds a node with one spoiled digest, though those above it are right; nothing of it is lost", () => {
    const spoiled = digestsOf(PAST).map((at, i) => (i === 3 ? { ...at, digest: "spoiled" } : at));
    const nodes = [frozen("a", PAST, { digests: spoiled }), frozen("b"), frozen("c")];
    const { alarms, steps } = plan({ nodes });
    assert.match(alarms[0]!, /^a hold another past/);
    assert.deepEqual(steps, [{ kind: "rebuild state", node: "a", source: "b", asideFrom: PAST.length + 1 }]);
  });

  it("follows a person's word where the nodes are divided", () => {
    const even = [frozen("a", `${PAST.slice(0, 10)}Q`), frozen("b"), frozen("c", PAST.slice(0, 10))];
    const [first] = plan({ nodes: even, trusted: "b" }).steps;
    assert.deepEqual(first, { kind: "rebuild state", node: "a", source: "b", asideFrom: 11 });
    assert.equal(plan({ nodes: even, trusted: "c" }).steps.length, 0, "who is behind where they part knows nothing");
  });

  it("believes the chain more than the larger number", () => {
    const nodes = [
      frozen("a", `${PAST.slice(0, 10)}Q`, { anchored: 3 }),
      frozen("b", PAST, { conflict: 2, anchored: 2 }),
      frozen("c", PAST, { conflict: 2, anchored: 2 }),
    ];
    const other = `${PAST.slice(0, 10)}Q`;
    const servers = ["s1", "s2", "s3"].map((name) => server(name, other));
    const rebuilt = plan({ nodes, servers, ...log({ tail: 11 }) }).steps.filter(({ kind }) => kind === "rebuild state");
    assert.deepEqual(
      rebuilt.map((step) => (step.kind === "rebuild state" ? [step.node, step.source] : [])),
      [
        ["b", "a"],
        ["c", "a"],
      ],
    );
    const further = [
      frozen("a", other, { anchored: 3 }),
      frozen("b", PAST, { anchored: 2 }),
      frozen("c", PAST.slice(0, 8)),
    ];
    assert.equal(plan({ nodes: further, servers, ...log({ tail: 11 }) }).steps[0]?.kind, "rebuild state");
  });

  it("leaves it to a person where the nodes are divided evenly, or where the chain contradicts all", () => {
    const even = [frozen("a", `${PAST.slice(0, 10)}Q`), frozen("b"), frozen("c", PAST.slice(0, 10))];
    const divided = plan({ nodes: even });
    assert.deepEqual([divided.readOnly, divided.steps, divided.alarms.length], [true, [], 1]);
    const contradicted = plan({ nodes: members.map((name) => frozen(name, PAST, { conflict: 1 })) });
    assert.deepEqual([contradicted.readOnly, contradicted.steps], [true, []]);
    assert.equal(plan({ nodes: [] }).readOnly, true);
  });

  it("gives a node that is behind where two pasts part no voice, and catches it up", () => {
    const nodes = [frozen("a", `${PAST.slice(0, 10)}Q`), frozen("b"), frozen("c"), frozen("d", PAST.slice(0, 4))];
    const gone = { ...log({ exists: false, tail: 0 }), servers: [], members: [...members, "d"] };
    assert.deepEqual(plan({ nodes, ...gone }).steps, [
      { kind: "rebuild state", node: "d", source: "b" },
      { kind: "new generation", firstSeq: 13, salvageFrom: 13 },
      { kind: "rebuild state", node: "a", source: "b", asideFrom: 11 },
    ]);
  });

  it("asks for nothing more once its steps are done", () => {
    const lost = ["s1", "s2", "s3"].map((name) => server(name, PAST.slice(0, 9)));
    assert.equal(plan({ nodes: allFrozen, servers: lost, ...log({ tail: 9 }) }).steps.length, 1);
    assert.deepEqual(plan({ nodes: allFrozen }), { readOnly: false, alarms: [], steps: [] });
  });
});

describe("the scrub of one copy", () => {
  const entries = Array.from({ length: 6 }, (_, i) => ({ seq: i + 1, bytes: random(20) }));
  const start = { seq: 0, digest: random(32).fill(0) };
  const all = new Set([1, 2, 3, 4, 5, 6]);
  const fold = (part: readonly LogEntry[]): Uint8Array =>
    part.reduce((before, { seq, bytes }) => nextDigest(before, seq, bytes), start.digest);
  const digest = toHex(fold(entries));

  it("folds the digest that the nodes have", () => {
    const report = scrub({ server: "s1", start, expectedLast: 6 }, entries, new Set([6]));
    assert.deepEqual(report, { server: "s1", first: 1, last: 6, missing: [], digests: [{ seq: 6, digest }] });
  });

  it("finds holes, and tails that are only claimed", () => {
    const holed = scrub({ server: "s1", start, expectedLast: 6 }, entries.toSpliced(2, 2), all);
    assert.deepEqual(
      [holed.missing, holed.digests.map(({ seq }) => seq)],
      [
        [3, 4],
        [1, 2],
      ],
    );
    const cut = scrub({ server: "s1", start, expectedLast: 6 }, entries.slice(0, 3), all);
    assert.deepEqual([cut.last, cut.missing], [6, [4, 5, 6]]);
    const empty = scrub({ server: "s1", start, expectedLast: 0 }, [], all);
    assert.deepEqual([empty.first, empty.last, empty.missing], [0, 0, []]);
  });

  it("goes on from where a later generation or a trimmed log begins", () => {
    const before = fold(entries.slice(0, 4));
    const report = scrub({ server: "s1", start: { seq: 4, digest: before }, expectedLast: 6 }, entries.slice(4), all);
    assert.deepEqual([report.first, report.digests.at(-1)?.digest], [5, digest]);
  });
});

describe("what is anchored", () => {
  const held = new Map([
    [0, "x"],
    [1, "y"],
    [2, "z"],
  ]);
  it("is counted, and the first contradiction is named", () => {
    assert.deepEqual(compareAnchors(held, new Map([[0, "x"]])), { anchored: 1 });
    assert.deepEqual(compareAnchors(held, new Map([...held, [3, "q"]])), { anchored: 3 });
    assert.deepEqual(compareAnchors(held, new Map([...held, [1, "q"]])), { anchored: 2, conflict: 1 });
  });
});
