import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../../protocol/bytes.ts";
import { sha256 } from "../../../protocol/sha256.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import type { Answers, Asking } from "../../../relayer/cluster/asking.ts";
import { auditPartition, type AuditPorts } from "../../../relayer/cluster/auditor.ts";
import { systemClock } from "../../../relayer/ops/clock.ts";
import { random } from "../../support/relayer.ts";

const partition = 3;
const NODES = [random(16), random(16), random(16)].map(toHex);
const digestAt = (seq: number): string => toHex(sha256(Uint8Array.of(seq)));

/**
 * A partition whose log and nodes go on by some records before each question. At the nth look at the log it lacks
 * `lost[n]` of them, and later as many as at the last one named.
 */
function under(load: number, ...lost: readonly number[]): AuditPorts {
  let [count, looks] = [1, 0];
  const goOn = (): number => (count += load);
  const asking: Pick<Asking, "ask"> = {
    ask(what, body) {
      assert.equal(what, "report", "looking changes nothing");
      const { seqs } = body as { readonly seqs: readonly number[] };
      const applied = goOn();
      const digests = [...new Set([...seqs, applied])].map((seq) => ({ seq, digest: digestAt(seq) }));
      const report = { applied, digests, frozen: false, anchored: 0 };
      return Promise.resolve(new Map(NODES.map((node) => [node, report])) as Answers);
    },
  };
  const engine = {
    partition() {
      const tail = goOn() - (lost[Math.min(looks, lost.length - 1)] ?? 0);
      looks += 1;
      return Promise.resolve({ partition, stream: "s", leader: "n1", replicas: [], first: 1, tail, bytes: 0 });
    },
  };
  const keeper = { canMend: true, generation: () => 1 };
  const members = () => NODES;
  const ports = { asking, engine, keeper, members, view: memoryState(), clock: systemClock, onFault: assert.ifError };
  return ports as unknown as AuditPorts;
}

describe("a look at a partition", () => {
  const look = { scrub: false, repair: false };

  it("finds nothing wrong with a log that goes on meanwhile", async () => {
    const { alarms, readOnly, steps } = await auditPartition(partition, look, under(40));
    assert.deepEqual({ alarms, readOnly, steps }, { alarms: [], readOnly: false, steps: [] });
  });

  it("says whom it has not heard", async () => {
    const ports = under(0);
    assert.deepEqual((await auditPartition(partition, look, ports)).silent, []);
    const away = toHex(random(16));
    const { silent, alarms } = await auditPartition(partition, look, { ...ports, members: () => [...NODES, away] });
    assert.deepEqual({ silent, alarms }, { silent: [away], alarms: [] });
  });

  it("finds nothing wrong where one look only found a record missing", async () => {
    const { alarms, readOnly } = await auditPartition(partition, look, under(0, 1, 0));
    assert.deepEqual({ alarms, readOnly }, { alarms: [], readOnly: false });
  });

  it("finds a log that has lost what was applied", async () => {
    const { alarms, readOnly } = await auditPartition(partition, look, under(0, 1));
    assert.equal(readOnly, true);
    assert.match(alarms[0] ?? "", /ends at 0, but 1 was applied/);
  });
});
