import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openLmdbJournal } from "../../../relayer/adapters/lmdb/journal.ts";
import { openLmdbState } from "../../../relayer/adapters/lmdb/state.ts";
import { sealStores, settleDamage } from "../../../relayer/damage.ts";
import { Fault, type FaultCode } from "../../../relayer/errors.ts";
import { keepRecord } from "../../../relayer/log/kept.ts";
import { Overlay } from "../../../relayer/midc/apply.ts";
import { keys } from "../../../relayer/midc/keys.ts";
import { nextDigest } from "../../../relayer/midc/record.ts";
import { encodeApplied } from "../../../relayer/midc/rows.ts";

const home = mkdtempSync(join(tmpdir(), "midchain-damage-"));
after(() => {
  rmSync(home, { recursive: true, force: true });
});
let made = 0;

const RECORDS = 200;
const textOf = (seq: number): Uint8Array => Buffer.from(`record ${seq} ${"-".repeat(500)}`);

/** A data folder with a journal and with a state that keeps its records. */
async function dataDir(): Promise<string> {
  const dir = join(home, String((made += 1)));
  const [state, journal] = [openLmdbState(join(dir, "state")), openLmdbJournal(join(dir, "journal"))];
  let digest: Uint8Array = new Uint8Array(32);
  for (let seq = 1; seq <= RECORDS; seq += 1) {
    digest = nextDigest(digest, seq, textOf(seq));
    const overlay = new Overlay(state);
    overlay.put(keys.applied(0), encodeApplied({ seq, digest }));
    keepRecord(overlay, 0, { seq, bytes: textOf(seq) });
    await state.commit(overlay.writes());
  }
  await journal.put([["signed", "once"]]);
  await Promise.all([state.close(), journal.close()]);
  return dir;
}

const rowsOf = (dir: string, name: string): string => join(dir, name, "data.mdb");

/** Changes one letter of one record, wherever the store has put it. */
function changeRecord(path: string, seq: number): void {
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf(`record ${seq} `); at !== -1; at = bytes.indexOf(`record ${seq} `, at + 1))
    bytes[at + 20] = 0x2b;
  writeFileSync(path, bytes);
}

async function told(dir: string): Promise<readonly FaultCode[]> {
  const codes: FaultCode[] = [];
  await settleDamage(dir, 1, (error) => {
    assert.ok(error instanceof Fault);
    codes.push(error.code);
  });
  return codes;
}

describe("a node's own databases", () => {
  it("are taken as they are after a clean stop and after a crash, and when there are none yet", async () => {
    const dir = await dataDir();
    assert.deepEqual(await told(dir), [], "left without a seal, every row is read");
    await sealStores(dir);
    assert.deepEqual(await told(dir), []);
    assert.deepEqual(await told(join(dir, "nothing")), []);
    assert.deepEqual(readdirSync(dir).sort(), ["journal", "state"]);
  });

  it("loses the seal when somebody opens it, who may write to it", async () => {
    const dir = await dataDir();
    await sealStores(dir);
    const journal = openLmdbJournal(join(dir, "journal"));
    await journal.put([["signed", "twice"]]);
    await journal.close();
    assert.ok(!existsSync(join(dir, "journal", "seal.json")));
    assert.deepEqual(await told(dir), []);
  });

  const harms: readonly (readonly [string, boolean, (path: string) => void])[] = [
    [
      "one bit of a sealed file differs",
      true,
      (path) => {
        changeRecord(path, 7);
      },
    ],
    [
      "a record in a file that a crash left differs",
      false,
      (path) => {
        changeRecord(path, 7);
      },
    ],
    [
      "the file was cut",
      false,
      (path) => {
        truncateSync(path, 8192);
      },
    ],
    [
      "the file is empty",
      false,
      (path) => {
        truncateSync(path, 0);
      },
    ],
    [
      "the file is gone",
      true,
      (path) => {
        rmSync(path);
      },
    ],
  ];
  for (const [about, isSealed, harm] of harms)
    it(`moves the state aside and starts without it when ${about}`, async () => {
      const dir = await dataDir();
      if (isSealed) await sealStores(dir);
      harm(rowsOf(dir, "state"));
      assert.deepEqual(await told(dir), ["STATE_DAMAGED"]);
      assert.deepEqual(readdirSync(dir).sort(), ["journal", "state.damaged-1"]);
      assert.deepEqual(await told(dir), [], "and starts the next time");
    });

  it("refuses to start on a damaged journal, and touches nothing, not even a damaged state", async () => {
    const dir = await dataDir();
    await sealStores(dir);
    for (const name of ["journal", "state"]) truncateSync(rowsOf(dir, name), 8192);
    await assert.rejects(told(dir), (error) => error instanceof Fault && error.code === "STORE_DAMAGED");
    assert.deepEqual(readdirSync(dir).sort(), ["journal", "state"]);
  });

  it("says nothing about rows whose reading somebody stopped, and changes nothing", async () => {
    const dir = await dataDir();
    const stop = (started: unknown): void => {
      const { process: reader } = started as { readonly process: ChildProcess };
      reader.once("spawn", () => reader.kill("SIGTERM"));
    };
    subscribe("child_process", stop);
    try {
      await assert.rejects(told(dir), (error) => error instanceof Fault && error.code === "STORE_UNREAD");
    } finally {
      unsubscribe("child_process", stop);
    }
    assert.deepEqual(readdirSync(dir).sort(), ["journal", "state"]);
    assert.deepEqual(await told(dir), [], "and starts the next time");
  });
});
