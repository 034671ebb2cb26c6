import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concat, toHex } from "../../../protocol/bytes.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import type { Answers, Asking } from "../../../relayer/cluster/asking.ts";
import { startAudits, type AuditsPorts } from "../../../relayer/cluster/audits.ts";
import { keys } from "../../../relayer/midc/keys.ts";
import { encodeApplied } from "../../../relayer/midc/rows.ts";
import type { Clock } from "../../../relayer/ports.ts";
import { random } from "../../support/relayer.ts";

const partition = 1;
const SEQ = 7;
const digest = random(32);
const [own, other, third, stranger] = [random(16), random(16), random(16), random(16)].map(toHex);
const same = [{ seq: SEQ, digest: toHex(digest) }];

/** A node that has applied eight records; `rounds` is what the nodes answer each time they are asked. */
async function sharing(rounds: readonly Readonly<Record<string, unknown>>[], held = true): Promise<boolean> {
  const state = memoryState();
  if (held)
    await state.commit([
      { key: keys.kept(partition, SEQ), value: concat(digest, random(40)) },
      { key: keys.applied(partition), value: encodeApplied({ seq: SEQ + 1, digest: random(32) }) },
    ]);
  let [now, asked] = [0, 0];
  const clock: Clock = {
    now: () => now,
    sleep(ms, signal) {
      now += signal === undefined ? ms : 0;
      return signal === undefined ? Promise.resolve() : new Promise(() => undefined);
    },
  };
  const asking: Pick<Asking, "ask"> = {
    ask(what, body) {
      assert.deepEqual([what, body], ["digest", { partition, seqs: [SEQ] }]);
      const round = rounds[Math.min(asked, rounds.length - 1)] ?? {};
      asked += 1;
      return Promise.resolve(new Map(Object.entries(round)) as Answers);
    },
  };
  const members = (): readonly `0x${string}`[] => [own!, other!, third!];
  const ports = { asking, members, view: state, clock, isSteward: () => false } as unknown as AuditsPorts;
  const audits = startAudits(ports);
  const shared = await audits.isShared(partition, SEQ);
  await audits.stop();
  return shared;
}

describe("what a node wants to have signed", () => {
  it("is shared when a majority holds the same past", async () => {
    assert.equal(await sharing([{ [own!]: same, [other!]: same }]), true);
  });

  it("is not while only this node holds it, or others hold another past there", async () => {
    const forked = [{ seq: SEQ, digest: toHex(random(32)) }];
    assert.equal(await sharing([{ [own!]: same }]), false);
    assert.equal(await sharing([{ [own!]: same, [other!]: forked, [third!]: forked }]), false);
    assert.equal(await sharing([{ [own!]: same, [other!]: [{ seq: SEQ - 1, digest: toHex(digest) }] }]), false);
    assert.equal(await sharing([{ [own!]: same, [other!]: "yes" }]), false);
  });

  it("is not by the word of somebody who is no member", async () => {
    assert.equal(await sharing([{ [own!]: same, [stranger!]: same }]), false);
  });

  it("is not where this node does not hold it itself", async () => {
    assert.equal(await sharing([{ [other!]: same, [third!]: same }], false), false);
  });

  it("is as soon as another node has applied it: it is asked again", async () => {
    const behind = { [own!]: same, [other!]: [], [third!]: [] };
    assert.equal(await sharing([behind, behind, { ...behind, [third!]: same }]), true);
  });
});
