import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NodeReport } from "../../../relayer/audit/facts.ts";
import { planRepair } from "../../../relayer/audit/plan.ts";
import { planTrim, type TrimFacts } from "../../../relayer/audit/trim.ts";

const MEMBERS = ["n1", "n2", "n3"];
const node = (name: string, change: Partial<NodeReport> = {}): NodeReport => ({
  node: name,
  applied: 1_000,
  digests: [],
  frozen: false,
  anchored: 0,
  snapshot: 900,
  ...change,
});
const facts = (nodes: readonly NodeReport[], change: Partial<TrimFacts> = {}): TrimFacts => ({
  members: MEMBERS,
  nodes,
  away: new Set(),
  log: { first: 1, tail: 1_000, bytes: 100_000 },
  ...change,
});
const all = (change: Partial<NodeReport> = {}): NodeReport[] => MEMBERS.map((name) => node(name, change));
const window = { keepRecords: 50, bytesMax: 1_000_000 };
const tight = { keepRecords: 50, bytesMax: 50_000 };

describe("a log is trimmed", () => {
  it("up to what two nodes have in a stored snapshot, not up to what one has", () => {
    const nodes = [node("n1", { snapshot: 800 }), node("n2", { snapshot: 500 }), node("n3", { snapshot: 0 })];
    assert.deepEqual(planTrim(facts(nodes), window), { kind: "trim", before: 501 });
  });

  it("never past what a slow node has applied", () => {
    const nodes = [node("n1"), node("n2"), node("n3", { applied: 120 })];
    assert.deepEqual(planTrim(facts(nodes), window), { kind: "trim", before: 121 });
    assert.deepEqual(planTrim(facts(nodes, { log: { first: 121, tail: 1_000, bytes: 100_000 } }), tight), {
      kind: "held",
      why: "n3 has applied no further than 120",
    });
  });

  it("never past the beginning of a transaction that is not final, whoever knows it", () => {
    const nodes = [node("n1"), node("n2", { openFrom: 77 }), node("n3")];
    assert.deepEqual(planTrim(facts(nodes), window), { kind: "trim", before: 77 });
  });

  it("leaves the window, and does not bother for a handful of records", () => {
    const nodes = all({ snapshot: 1_000 });
    assert.deepEqual(planTrim(facts(nodes), window), { kind: "trim", before: 951 });
    const again = facts(nodes, { log: { first: 950, tail: 1_000, bytes: 5_000 } });
    assert.deepEqual(planTrim(again, window), { kind: "nothing" });
  });

  it("past the window when it takes more than it may, and keeps the last record whatever happens", () => {
    const nodes = all({ snapshot: 1_000 });
    assert.deepEqual(planTrim(facts(nodes, { log: { first: 1, tail: 1_000, bytes: 4_000_000 } }), tight), {
      kind: "trim",
      before: 995,
    });
    assert.deepEqual(planTrim(facts(nodes), { keepRecords: 0, bytesMax: 1 }), { kind: "trim", before: 1_000 });
  });

  it("not while a member is silent, until it has been away for long or the log is too large", () => {
    const two = [node("n1"), node("n2")];
    assert.deepEqual(planTrim(facts(two), window), { kind: "nothing" });
    assert.deepEqual(planTrim(facts(two, { away: new Set(["n3"]) }), window), { kind: "trim", before: 901 });
    assert.deepEqual(planTrim(facts(two), tight), { kind: "trim", before: 901 });
  });

  it("not on the word of a minority, a stopped node, or one that the chain contradicts", () => {
    assert.equal(planTrim(facts([node("n1")], { away: new Set(["n2", "n3"]) }), tight).kind, "held");
    assert.equal(planTrim(facts([...all().slice(1), node("n1", { frozen: true })]), tight).kind, "held");
    assert.equal(planTrim(facts([...all().slice(1), node("n1", { conflict: 3 })]), tight).kind, "held");
  });

  it("with one snapshot where there is one node", () => {
    const one = facts([node("n1")], { members: ["n1"] });
    assert.deepEqual(planTrim(one, window), { kind: "trim", before: 901 });
  });
});

describe("a log that comes back from before a trim", () => {
  const digest = (seq: number): { seq: number; digest: string } => ({ seq, digest: `at ${seq}` });
  const members = (keptFrom: number): NodeReport[] =>
    all({ frozen: true, digests: [digest(1_000)], keptFrom }).map((report) => ({ ...report }));
  const plan = (keptFrom: number) =>
    planRepair({
      partition: 0,
      members: MEMBERS,
      nodes: members(keptFrom),
      servers: [],
      log: { exists: true, generation: 1, tail: 300 },
    });

  it("is filled up where the nodes still keep what it lacks", () => {
    assert.deepEqual(plan(301).steps, [{ kind: "reappend", node: "n1", from: 301, to: 1_000 }]);
  });

  it("is replaced where nobody keeps all that it lacks", () => {
    assert.deepEqual(plan(302).steps, [{ kind: "new generation", firstSeq: 1_001, salvageFrom: 1 }]);
  });
});
