import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ClusterView } from "../../../protocol/cluster.ts";
import type { HttpNode } from "../../../relayer/http/door.ts";
import { startHttp, type TestHttp } from "../../support/relayer/httpNode.ts";

describe("whether a node of a cluster should get traffic", () => {
  let http: TestHttp;
  let view: ClusterView;
  const partition = (index: number, change: Partial<ClusterView["partitions"][number]> = {}) => ({
    partition: index,
    stream: `p${index}`,
    leader: "a",
    replicas: [],
    first: 1,
    tail: 5_000,
    bytes: 1,
    applied: 5_000,
    executor: null,
    state: "ok",
    ...change,
  });
  const see = (change: Partial<ClusterView>, ...changes: Parameters<typeof partition>[1][]): void => {
    const partitions = Array.from({ length: http.node.replica.partitions }, (_, i) => partition(i, changes[i]));
    view = { node: "0x00", nodes: [], servers: [], unsafe: [], partitions, ...change };
  };
  const logNow = async () => {
    const { status, body } = await http.ask("GET", "/ready");
    const { ready, components } = body as { ready: boolean; components: { log: Record<string, unknown> } };
    return { status, ready, log: components.log };
  };

  before(async () => {
    const ledger = { watch: { head: 9, finalized: 3, lastError: undefined } };
    http = await startHttp({}, (node): HttpNode => ({
      ...node,
      ledger: { ...node.ledger, ...ledger },
      cluster: { view: () => view, words: undefined as never },
    }));
  });
  after(() => http.stop());

  it("is said with every partition well", async () => {
    see({});
    const { status, log } = await logNow();
    assert.deepEqual([status, log["frozen"], log["lagging"], log["unsafe"]], [200, [], [], []]);
  });

  it("stays so with one partition stopped and one behind, and names them", async () => {
    see({}, { state: "LOG_DIVERGED" }, { applied: 3_999 });
    const { status, log } = await logNow();
    assert.equal(status, 200);
    assert.deepEqual(log["frozen"], [{ partition: 0, state: "LOG_DIVERGED" }]);
    assert.deepEqual(log["lagging"], [{ partition: 1, behind: 1_001 }]);
  });

  it("ends with most partitions stopped or behind", async () => {
    const { partitions } = http.node.replica;
    see({}, ...Array.from({ length: partitions }, (_, i) => (i % 2 === 0 ? { state: "LOG_LOST" } : { applied: 0 })));
    const { status, ready, log } = await logNow();
    assert.deepEqual([status, ready, log["ready"]], [503, false, false]);
  });

  it("ends with servers whose acknowledgements are worth nothing", async () => {
    see({ unsafe: [{ cause: "sync_interval is two minutes", fix: "set it to always" }] });
    const { status, log } = await logNow();
    assert.deepEqual([status, log["cause"]], [503, "sync_interval is two minutes"]);
  });
});
