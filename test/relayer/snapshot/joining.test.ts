import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { toHex } from "../../../protocol/bytes.ts";
import { settleStage } from "../../../relayer/adapters/file/folder.ts";
import { openLmdbState } from "../../../relayer/adapters/lmdb/state.ts";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { openAsking } from "../../../relayer/cluster/asking.ts";
import type { Config } from "../../../relayer/config.ts";
import { Fault, type FaultCode } from "../../../relayer/errors.ts";
import { fetchSnapshot, lacking, offerSnapshots } from "../../../relayer/joining.ts";
import { digestAt } from "../../../relayer/log/kept.ts";
import { startReplica } from "../../../relayer/log/replica.ts";
import { keys } from "../../../relayer/midc/keys.ts";
import { decodeApplied } from "../../../relayer/midc/rows.ts";
import { systemClock } from "../../../relayer/ops/clock.ts";
import type { Anchors, State } from "../../../relayer/ports.ts";
import { openSnapshots } from "../../../relayer/snapshots.ts";
import { enrolCommand, idAt } from "../../support/relayer.ts";
import { members } from "../../support/room.ts";

const home = mkdtempSync(join(tmpdir(), "midchain-joining-"));
after(() => {
  rmSync(home, { recursive: true, force: true });
});
let made = 0;
const folder = (): string => {
  const path = join(home, String((made += 1)));
  mkdirSync(path);
  return path;
};

/** A chain that holds no batch. */
const anchors: Anchors = { next: () => Promise.resolve(0n), headerAt: () => Promise.resolve(new Uint8Array(32)) };
const configOf = (dataDir: string): Config =>
  ({
    MIDCHAIN_NETWORK: "test",
    MIDCHAIN_CHAIN_ID: 31_337,
    MIDCHAIN_LEDGER: `0x${"aa".repeat(20)}`,
    MIDCHAIN_PARTITIONS: 1,
    MIDCHAIN_DATA_DIR: dataDir,
  }) as Config;

const faultOf = (code: FaultCode) => (error: unknown) => error instanceof Fault && error.code === code;
const [PARTITION, RECORDS] = [0, 3];
const LOGS = [{ partition: PARTITION, first: RECORDS + 1 }];

/** A node with records and a snapshot on offer, one that has applied fewer and finds them trimmed, and a third to ask. */
async function two() {
  const { identities, words } = members(3);
  const [source] = identities;
  const genesisNodes = new Map(identities.map((each) => [toHex(each.nodeId), each.nodePublicKey]));
  const log = memoryLog(1);
  const stateOf = async (state: State, records: number): Promise<void> => {
    const options = { genesisNodes, onFault: assert.ifError, keepRecords: true };
    const replica = await startReplica(options, { log, state, keyring: source!, clock: systemClock });
    for (let i = replica.applied(PARTITION); i < records; i += 1)
      await replica.submit(PARTITION, enrolCommand(idAt(0, 16), idAt(0, 16)));
    await replica.stop();
  };
  const behind = memoryState();
  await stateOf(behind, 1);
  const [from, to] = [folder(), folder()];
  const whole = openLmdbState(join(from, "state"));
  await stateOf(whole, RECORDS);
  const snapshots = openSnapshots(configOf(from), {
    ...{ state: whole, keyring: source!, isPressed: () => false, onFault: assert.ifError },
  });
  await snapshots.take();
  const askings = words.map((each, i) => openAsking(each, toHex(identities[i]!.nodeId)));
  let asked = 0;
  offerSnapshots(askings[0]!, {
    ...snapshots,
    take: () => ((asked += 1), snapshots.take()),
    read: (...at) => ((asked += 1), snapshots.read(...at)),
  });
  askings[2]!.answer("digest", () => [{ seq: RECORDS, digest: toHex(digestAt(whole, PARTITION, RECORDS)!) }]);
  const stopping = new AbortController();
  const ports = { view: behind, asking: askings[1]!, anchors, signal: stopping.signal };
  const done = async (): Promise<void> => {
    await snapshots.stop();
    await whole.close();
  };
  return { behind, to, ports, stopping, asked: () => asked, done };
}

const appliedIn = (view: Pick<State, "get">): number => decodeApplied(view.get(keys.applied(PARTITION))).seq;

describe("a node that the logs no longer reach", () => {
  it("takes another's snapshot, whole and checked, and leaves it for the next start", async () => {
    const { behind, to, ports, done } = await two();
    assert.deepEqual(lacking(behind, LOGS), LOGS);
    assert.deepEqual(lacking(behind, [{ partition: PARTITION, first: 2 }]), [], "it needs the second record next");
    await fetchSnapshot(configOf(to), LOGS, ports);
    assert.deepEqual([existsSync(join(to, "state.ready")), existsSync(join(to, "state"))], [true, false]);
    settleStage(to);
    const state = openLmdbState(join(to, "state"));
    assert.equal(appliedIn(state), RECORDS);
    await state.close();
    await done();
  });

  it("leaves nothing when it is stopped meanwhile", async () => {
    const { to, ports, stopping, done } = await two();
    const fetching = fetchSnapshot(configOf(to), LOGS, ports);
    stopping.abort();
    await assert.rejects(fetching, { name: "AbortError" });
    assert.equal(existsSync(join(to, "state.ready")), false);
    await done();
  });

  it("fetches nothing where another state waits for the next start already", async () => {
    const { to, ports, asked, done } = await two();
    mkdirSync(join(to, "state.ready"));
    mkdirSync(join(to, "state"));
    await fetchSnapshot(configOf(to), LOGS, ports);
    assert.deepEqual([asked(), existsSync(join(to, "state.ready")), existsSync(join(to, "state"))], [0, true, true]);
    await done();
  });

  it("says so when nobody's snapshot reaches the log", async () => {
    const { to, ports, asked, done } = await two();
    const far = [{ partition: PARTITION, first: RECORDS + 9 }];
    await assert.rejects(fetchSnapshot(configOf(to), far, ports), faultOf("SNAPSHOT_NONE"));
    assert.equal(asked(), 1, "it was asked to take one now");
    assert.equal(existsSync(join(to, "state.ready")), false);
    await done();
  });

  it("takes none of another past than its own", async () => {
    const { to, ports, done } = await two();
    const other = memoryState();
    await other.commit(
      ports.view.range({ from: Uint8Array.of(0), to: Uint8Array.of(255), limit: 1_000 }).map(({ key, value }) => {
        const isApplied = Buffer.compare(key, keys.applied(PARTITION)) === 0;
        return { key, value: isApplied ? value.map((byte, i) => (i === value.length - 1 ? byte ^ 1 : byte)) : value };
      }),
    );
    await assert.rejects(fetchSnapshot(configOf(to), LOGS, { ...ports, view: other }), faultOf("BACKUP_FOREIGN"));
    assert.equal(existsSync(join(to, "state.ready")), false);
    await done();
  });
});
