import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../../protocol/bytes.ts";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { startReplica } from "../../../relayer/log/replica.ts";
import { writeBehind } from "../../../relayer/log/writeBehind.ts";
import { keys } from "../../../relayer/midc/keys.ts";
import { decodeApplied } from "../../../relayer/midc/rows.ts";
import { systemClock } from "../../../relayer/ops/clock.ts";
import type { State, Write } from "../../../relayer/ports.ts";
import { manualClock, settled } from "../../support/manualClock.ts";
import { enrolCommand, idAt, testIdentity } from "../../support/relayer.ts";

const row = (key: number, value: number | undefined, size = 1): Write => ({
  key: Uint8Array.of(key),
  value: value === undefined ? undefined : new Uint8Array(size).fill(value),
});
const at = (state: Pick<State, "get">, key: number): number | undefined => state.get(Uint8Array.of(key))?.[0];

function behind() {
  const clock = manualClock();
  const disk = memoryState();
  const commits: (readonly Write[])[] = [];
  const faults: unknown[] = [];
  let held: Promise<undefined> | undefined;
  const counted: State = {
    ...disk,
    commit: async (writes) => {
      commits.push(writes);
      await held;
      await disk.commit(writes);
    },
  };
  /** From now on the disk takes for ever, until it is let go. */
  const hold = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    held = promise;
    return () => {
      resolve(undefined);
    };
  };
  const state = writeBehind(counted, { clock, onFault: (error) => faults.push(error) });
  return { clock, disk, commits, faults, state, hold };
}

describe("a state whose disk follows behind", () => {
  it("shows a commit at once, and writes what came in one interval as one commit of each row's last value", async () => {
    const { clock, disk, commits, state } = behind();
    await state.commit([row(1, 1)]);
    await settled();
    assert.deepEqual([at(state, 1), at(disk, 1)], [1, 1], "after a pause the disk is written at once");
    await state.commit([row(1, 2), row(2, 2)]);
    await state.commit([row(1, 3)]);
    await state.commit([row(2, undefined)]);
    await settled();
    assert.deepEqual([at(state, 1), at(disk, 1), commits.length], [3, 1, 1]);
    await clock.advance(100);
    assert.deepEqual([at(disk, 1), at(disk, 2), commits.length], [3, undefined, 2]);
    assert.deepEqual([at(state, 1), at(state, 2)], [3, undefined]);
  });

  it("ranges over what is on disk and what is not yet, and over neither's removed rows", async () => {
    const { clock, state } = behind();
    await state.commit([row(1, 1), row(3, 3), row(5, 5)]);
    await clock.advance(1);
    await state.commit([row(2, 2), row(3, undefined), row(5, 6)]);
    const read = (reverse: boolean, limit: number) =>
      state.range({ from: Uint8Array.of(1), to: Uint8Array.of(9), limit, reverse }).map(({ value }) => value[0]);
    assert.deepEqual([read(false, 9), read(true, 9)], [[1, 2, 6], [6, 2, 1]]); // prettier-ignore
    assert.deepEqual([read(false, 2), read(true, 2)], [[1, 2], [6, 2]]); // prettier-ignore
  });

  it("keeps what a failing disk did not take, under what came since, and tells of every failure", async () => {
    const { clock, disk, faults, state } = behind();
    disk.failing = 2;
    await state.commit([row(1, 1), row(2, 1)]);
    await clock.advance(1);
    await state.commit([row(1, 2)]);
    assert.deepEqual([at(state, 1), at(state, 2), at(disk, 1)], [2, 1, undefined]);
    for (let i = 0; i < 6; i += 1) await clock.advance(200);
    assert.deepEqual([at(disk, 1), at(disk, 2), faults.length], [2, 1, 2]);
  });

  it("lets a commit wait when the disk is too far behind", async () => {
    const { clock, disk, state, hold } = behind();
    const release = hold();
    await state.commit([row(1, 1, 40 * 1024 * 1024)]);
    let done = false;
    const next = state.commit([row(2, 2)]).then(() => (done = true));
    for (let i = 0; i < 4; i += 1) await clock.advance(200);
    assert.equal(done, false);
    release();
    await next;
    await clock.advance(200);
    assert.deepEqual([at(disk, 1), at(disk, 2)], [1, 2]);
  });

  it("refuses a commit that waits for a disk that fails, so that a node can still stop, and keeps what it had taken", async () => {
    const { clock, disk, state, hold } = behind();
    const release = hold();
    await state.commit([row(1, 1, 40 * 1024 * 1024)]);
    const next = assert.rejects(state.commit([row(2, 2)]), { code: "STATE_UNAVAILABLE" });
    disk.failing = 1;
    release();
    await next;
    assert.deepEqual([at(state, 1), at(state, 2)], [1, undefined]);
    await clock.advance(200);
    await clock.advance(200);
    assert.equal(at(disk, 1), 1);
    await state.commit([row(2, 2)]);
    assert.equal(at(state, 2), 2);
  });

  it("writes everything before it closes, takes nothing more, and says when the disk did not take it", async () => {
    const good = behind();
    await good.state.commit([row(1, 1)]);
    await good.clock.advance(1);
    await good.state.commit([row(1, 2)]);
    await good.state.close();
    assert.equal(at(good.disk, 1), 2);
    await assert.rejects(good.state.commit([row(1, 3)]), { code: "SHUTTING_DOWN" });
    const bad = behind();
    bad.disk.failing = 99;
    await bad.state.commit([row(1, 1)]);
    await assert.rejects(bad.state.close(), { code: "STATE_UNAVAILABLE" });
  });

  it("is made whole again from the log after a crash, whatever the disk has", async () => {
    const identity = testIdentity();
    const log = memoryLog(1);
    const disk = memoryState();
    const fail = (error: unknown): void => {
      assert.ifError(error);
    };
    const options = { genesisNodes: new Map([[toHex(identity.nodeId), identity.nodePublicKey]]), onFault: fail };
    const ports = { log, keyring: identity, clock: systemClock };
    const ahead = writeBehind(disk, { clock: manualClock(), onFault: fail });
    const before = await startReplica(options, { ...ports, state: ahead });
    const chains = Array.from({ length: 8 }, () => idAt(0, 16));
    for (const chainId of chains) await before.submit(0, enrolCommand(chainId, chainId));
    assert.equal(decodeApplied(disk.get(keys.applied(0))).seq, 1, "the clock stands still, and the disk with it");
    // The process is gone here, and what it had in memory with it.
    const after = await startReplica(options, { ...ports, state: disk });
    assert.ok(chains.every((chainId) => after.view.get(keys.head(chainId)) !== undefined));
    assert.deepEqual(decodeApplied(disk.get(keys.applied(0))), decodeApplied(ahead.get(keys.applied(0))));
  });
});
