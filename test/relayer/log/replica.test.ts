import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fault } from "../../../relayer/errors.ts";
import { keys } from "../../../relayer/midc/keys.ts";
import { decodeHead } from "../../../relayer/midc/rows.ts";
import { settled } from "../../support/manualClock.ts";
import { draft, enrolCommand, idAt, random, testReplica } from "../../support/relayer.ts";

const partition = 1;

describe("the replica", () => {
  it("answers when a command is applied, with what apply made of it", async () => {
    const { replica } = await testReplica();
    const command = enrolCommand(idAt(partition, 16), idAt(partition, 16));
    assert.deepEqual(await replica.submit(partition, command), { kind: "done" });
    assert.deepEqual(await replica.submit(partition, command), { kind: "known" });
    assert.equal(replica.applied(partition), 2);
  });

  it("answers nobody before the state has said that its commit is done", async () => {
    const { replica, state } = await testReplica();
    const commit = state.commit.bind(state);
    const held = Promise.withResolvers<undefined>();
    state.commit = async (writes) => {
      await held.promise;
      await commit(writes);
    };
    const chainId = idAt(partition, 16);
    let answered = false;
    const submitted = replica.submit(partition, enrolCommand(chainId, idAt(partition, 16))).then(() => {
      answered = true;
    });
    await settled();
    assert.deepEqual(
      [answered, replica.applied(partition), replica.view.get(keys.head(chainId))],
      [false, 0, undefined],
    );
    held.resolve(undefined);
    await submitted;
    assert.equal(replica.applied(partition), 1);
  });

  it("groups what waits into few records, and answers each command by itself", async () => {
    const { replica, log } = await testReplica();
    const chainId = idAt(partition, 16);
    await replica.submit(partition, enrolCommand(chainId, idAt(partition, 16)));
    const results = await Promise.all(
      Array.from({ length: 600 }, () => replica.submit(partition, { kind: "block", block: draft(chainId) })),
    );
    assert.ok(results.every(({ kind }) => kind === "done"));
    assert.equal(decodeHead(replica.view.get(keys.head(chainId))!).height, 600);
    assert.ok((await log.tail(partition)) <= 4, "600 commands in at most three records");
  });

  it("tells everybody what happened and answers, whatever one of those who listen throws", async () => {
    const { replica, faults } = await testReplica();
    const heard: string[] = [];
    replica.onHappened(() => {
      throw new Error("a listener's own");
    });
    replica.onHappened(({ kind }) => heard.push(kind));
    const chainId = idAt(partition, 16);
    await replica.submit(partition, enrolCommand(chainId, idAt(partition, 16)));
    await replica.submit(partition, { kind: "block", block: draft(chainId) });
    assert.deepEqual(
      [heard, faults.map(String)],
      [
        ["block", "block"],
        ["Error: a listener's own", "Error: a listener's own"],
      ],
    );
  });

  for (const mishap of ["lost before", "lost ack", "doubled"] as const) {
    it(`does a command exactly once when an append is ${mishap}`, async () => {
      const { replica, log } = await testReplica();
      const chainId = idAt(partition, 16);
      await replica.submit(partition, enrolCommand(chainId, idAt(partition, 16)));
      log.mishaps.push(mishap, mishap);
      await replica.submit(partition, { kind: "block", block: draft(chainId) });
      await replica.submit(partition, { kind: "block", block: draft(chainId) });
      await replica.barrier(partition);
      assert.equal(decodeHead(replica.view.get(keys.head(chainId))!).height, 2);
    });
  }

  it("gives up with a fault when the log stays away, and works again when it is back", async () => {
    const { replica, log } = await testReplica();
    const command = enrolCommand(idAt(partition, 16), idAt(partition, 16));
    log.mishaps.push(...Array.from({ length: 5 }, () => "lost before" as const));
    await assert.rejects(
      replica.submit(partition, command),
      (error: unknown) => error instanceof Fault && error.code === "LOG_UNAVAILABLE",
    );
    assert.deepEqual(await replica.submit(partition, command), { kind: "done" });
  });

  it("applies nothing twice when a commit fails, and tells the operator", async () => {
    const { replica, state, faults } = await testReplica();
    const chainId = idAt(partition, 16);
    state.failing = 2;
    await replica.submit(partition, enrolCommand(chainId, idAt(partition, 16)));
    assert.equal(faults.length, 2);
    await replica.submit(partition, { kind: "block", block: draft(chainId, { txId: random(32) }) });
    assert.equal(decodeHead(replica.view.get(keys.head(chainId))!).height, 1);
  });

  it("refuses new work while stopping", async () => {
    const { replica } = await testReplica();
    await replica.stop();
    await assert.rejects(replica.submit(partition, { kind: "end", batchSeq: 0 }), { code: "SHUTTING_DOWN" });
  });
});
