import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { ascii, toHex } from "../../../protocol/bytes.ts";
import { hashRows, settleStage, stage } from "../../../relayer/adapters/file/folder.ts";
import { openLmdbState } from "../../../relayer/adapters/lmdb/state.ts";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { isSigned, manifestIn, placesOf, signManifest, type Manifest } from "../../../relayer/audit/snapshot.ts";
import { checkBytes, checkManifest, checkRows } from "../../../relayer/copies.ts";
import type { Config } from "../../../relayer/config.ts";
import { Fault, type FaultCode } from "../../../relayer/errors.ts";
import { startReplica } from "../../../relayer/log/replica.ts";
import { FORMER_STEPS, keys } from "../../../relayer/midc/keys.ts";
import { ledgerPartition } from "../../../relayer/notary/notary.ts";
import { systemClock } from "../../../relayer/ops/clock.ts";
import type { Anchors, State } from "../../../relayer/ports.ts";
import { openSnapshots } from "../../../relayer/snapshots.ts";
import { enrolCommand, idAt, random, testIdentity } from "../../support/relayer.ts";

const home = mkdtempSync(join(tmpdir(), "midchain-copies-"));
after(() => {
  rmSync(home, { recursive: true, force: true });
});
let made = 0;
const folder = (): string => join(home, String((made += 1)));

const CONFIG = {
  MIDCHAIN_NETWORK: "test",
  MIDCHAIN_CHAIN_ID: 31_337,
  MIDCHAIN_LEDGER: `0x${"aa".repeat(20)}`,
  MIDCHAIN_PARTITIONS: 2,
} as const;

const faultOf = (code: FaultCode) => (error: unknown) => error instanceof Fault && error.code === code;

/** A chain that holds these headers of partition 0 and nothing else. */
const chainWith = (...headers: readonly Uint8Array[]): Anchors => {
  const isFirst = (partition: Uint8Array): boolean => toHex(partition) === toHex(ledgerPartition(ascii("test"), 0));
  return {
    next: (partition) => Promise.resolve(isFirst(partition) ? BigInt(headers.length) : 0n),
    headerAt: (partition, seq) => Promise.resolve((isFirst(partition) && headers[Number(seq)]) || new Uint8Array(32)),
  };
};

const identity = testIdentity();
const HEADERS = [random(32), random(32)];

/** A state with an enrolled chain and two batches, in a folder of its own. */
async function stateIn(path: string): Promise<void> {
  const state = openLmdbState(path);
  const genesisNodes = new Map([[toHex(identity.nodeId), identity.nodePublicKey]]);
  const replica = await startReplica(
    { genesisNodes, onFault: assert.ifError },
    { log: memoryLog(2), state, keyring: identity, clock: systemClock },
  );
  await replica.submit(0, enrolCommand(idAt(0, 16), idAt(0, 16)));
  let prev: Uint8Array = new Uint8Array(32);
  for (const [batchSeq, headerHash] of HEADERS.entries()) {
    const txId = idAt(0, 32);
    const begin = { kind: "begin", txId, requestKind: 0, at: 1, legs: 0, commitment: random(32), blocks: [] } as const;
    await replica.submit(0, begin);
    const batch = { batchSeq, prev, root: random(32), itemsHash: random(32), headerHash, txIds: [txId] };
    assert.equal((await replica.submit(0, { kind: "close", ...batch })).kind, "done");
    prev = headerHash;
  }
  await replica.stop();
  await state.close();
}

async function copied(change: (state: State) => Promise<void> = () => Promise.resolve()) {
  const [from, to] = [folder(), folder()];
  await stateIn(from);
  const state = openLmdbState(from);
  await state.copyTo(to);
  await state.close();
  const copy = openLmdbState(to);
  const partitions = [...placesOf(copy, 2)];
  await change(copy);
  await copy.close();
  const { bytes, sha256 } = await hashRows(to);
  const unsigned = {
    version: 1 as const,
    network: "test",
    chain: 31_337,
    ledger: CONFIG.MIDCHAIN_LEDGER,
    takenAt: new Date(0).toISOString(),
    node: toHex(identity.nodePublicKey),
    bytes,
    sha256: toHex(sha256),
    partitions,
  };
  return { to, manifest: signManifest(unsigned, (message) => identity.sign(message)) };
}

async function rowsOf({ to, manifest }: { to: string; manifest: Manifest }, anchors: Anchors) {
  const copy = openLmdbState(to);
  try {
    return await checkRows(copy, manifest, { anchors, config: CONFIG });
  } finally {
    await copy.close();
  }
}

describe("a copy of the state", () => {
  it("passes whole, and with a chain that is not as far yet", async () => {
    const one = await copied();
    assert.deepEqual(manifestIn(JSON.stringify(one.manifest)), one.manifest);
    checkManifest(one.manifest, CONFIG);
    await checkBytes(one.to, one.manifest);
    assert.deepEqual(await rowsOf(one, chainWith(...HEADERS)), []);
    assert.deepEqual(await rowsOf(one, chainWith()), []);
  });

  it("tells where the chain holds more than it does", async () => {
    const one = await copied();
    assert.deepEqual(await rowsOf(one, chainWith(...HEADERS, random(32))), [0]);
  });

  it("is refused when the chain holds another batch", async () => {
    const one = await copied();
    await assert.rejects(rowsOf(one, chainWith(HEADERS[0]!, random(32))), faultOf("BACKUP_FOREIGN"));
  });

  it("is refused when one bit of it has changed, or its end is missing", async () => {
    const { to, manifest } = await copied();
    const path = join(to, "data.mdb");
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    await assert.rejects(checkBytes(to, manifest), faultOf("BACKUP_DAMAGED"));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    await assert.rejects(checkBytes(to, manifest), faultOf("BACKUP_DAMAGED"));
    rmSync(path);
    await assert.rejects(checkBytes(to, manifest), faultOf("BACKUP_DAMAGED"));
  });

  it("is refused when its manifest says something else than what was signed, or is of another network", async () => {
    const { manifest } = await copied();
    assert.equal(isSigned(manifest), true);
    const moved = { ...manifest, partitions: manifest.partitions.map((place) => ({ ...place, seq: place.seq + 1 })) };
    assert.throws(() => {
      checkManifest(moved, CONFIG);
    }, faultOf("BACKUP_DAMAGED"));
    for (const change of [{ MIDCHAIN_NETWORK: "other" }, { MIDCHAIN_CHAIN_ID: 1 }, { MIDCHAIN_PARTITIONS: 4 }])
      assert.throws(() => {
        checkManifest(manifest, { ...CONFIG, ...change });
      }, faultOf("BACKUP_FOREIGN"));
  });

  it("is refused when its rows contradict its manifest or one another, whoever signed it", async () => {
    const broken: readonly ((state: State) => Promise<void>)[] = [
      (state) => state.commit([{ key: keys.applied(0), value: undefined }]),
      (state) => state.commit([{ key: keys.batch(0, 0), value: undefined }]),
      (state) => state.commit([{ key: keys.block({ partition: 0, seq: 1, index: 0 }), value: undefined }]),
    ];
    for (const change of broken)
      await assert.rejects(rowsOf(await copied(change), chainWith()), faultOf("BACKUP_DAMAGED"));
  });

  it("is refused when an earlier version has laid its rows", async () => {
    const former = await copied((state) => state.commit([{ key: FORMER_STEPS.from, value: Uint8Array.of(1) }]));
    await assert.rejects(rowsOf(former, chainWith()), faultOf("STATE_LAYOUT"));
  });
});

describe("another state takes a node's place", () => {
  const files = (dir: string, name: string, text: string): string => {
    const at = join(dir, name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, "data.mdb"), text);
    return at;
  };
  const textIn = (dir: string, name: string): string | undefined => {
    const path = join(dir, name, "data.mdb");
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };

  it("only once it is whole; until then nothing has changed", () => {
    const dir = folder();
    files(dir, "state", "old");
    files(dir, "state.part", "half");
    settleStage(dir);
    assert.deepEqual([textIn(dir, "state"), textIn(dir, "state.part")], ["old", undefined]);
  });

  it("at the next start, and the one before is moved aside", () => {
    const dir = folder();
    files(dir, "state", "old");
    files(dir, "state.part", "newer");
    stage(dir);
    files(dir, "state.part", "new");
    stage(dir);
    assert.equal(textIn(dir, "state"), "old", "staged twice, and nothing has changed yet");
    settleStage(dir);
    settleStage(dir);
    assert.deepEqual(
      ["state", "state.before", "state.ready"].map((name) => textIn(dir, name)),
      ["new", "old", undefined],
    );
  });

  it("whichever of its steps was the last one before a crash", () => {
    const dir = folder();
    files(dir, "state", "old");
    files(dir, "state.ready", "new");
    // The crash came after the old one was moved, before the new one was.
    renameSync(join(dir, "state"), join(dir, "state.before"));
    settleStage(dir);
    assert.deepEqual([textIn(dir, "state"), textIn(dir, "state.before")], ["new", "old"]);
  });
});

describe("a snapshot", () => {
  const config = { ...CONFIG, MIDCHAIN_SNAPSHOT_MINUTES: 0 };
  async function snapshotting(copyTo?: (folder: string) => Promise<void>) {
    const dir = folder();
    await stateIn(join(dir, "state"));
    const state = openLmdbState(join(dir, "state"));
    const ports = { keyring: identity, isPressed: () => false, onFault: assert.ifError };
    const open = () =>
      openSnapshots({ ...config, MIDCHAIN_DATA_DIR: dir } as Config, {
        ...ports,
        state: copyTo === undefined ? state : { ...state, copyTo },
      });
    return { open, names: () => readdirSync(join(dir, "snapshots")), close: () => state.close() };
  }

  it("is taken once for all who ask at once, kept over a restart, and signed", async () => {
    const { open, names, close } = await snapshotting();
    const [one, two] = await (async (snapshots) => Promise.all([snapshots.take(), snapshots.take()]))(open());
    assert.equal(one, two);
    assert.deepEqual([names(), isSigned(one.manifest)], [[one.name], true]);
    assert.deepEqual(open().newest(), one);
    await close();
  });

  it("leaves nothing behind when it cannot be finished, now or at the next start", async () => {
    const full = await snapshotting((path) => {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, "data.mdb"), "half of it");
      return Promise.reject(new Error("no space left"));
    });
    await assert.rejects(full.open().take(), /no space left/);
    assert.deepEqual(full.names(), []);
    await full.close();
    const { open, names, close } = await snapshotting();
    const taken = await open().take();
    mkdirSync(`${taken.folder}.part`);
    assert.deepEqual([open().newest(), names()], [taken, [taken.name]]);
    await close();
  });
});
