import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { toHex } from "../../../protocol/bytes.ts";
import { openLmdbState } from "../../../relayer/adapters/lmdb/state.ts";
import { noteAside, openAside, settleAside } from "../../../relayer/aside.ts";
import { Fault } from "../../../relayer/errors.ts";
import { dropKept, keepRecord } from "../../../relayer/log/kept.ts";
import { applyRecord, Overlay } from "../../../relayer/midc/apply.ts";
import { encodeCommand, type Command } from "../../../relayer/midc/command.ts";
import { keys } from "../../../relayer/midc/keys.ts";
import { encodeRecord } from "../../../relayer/midc/record.ts";
import { decodeApplied } from "../../../relayer/midc/rows.ts";
import type { CopyableState } from "../../../relayer/ports.ts";
import { draft, enrolCommand, idAt, testIdentity } from "../../support/relayer.ts";

const home = mkdtempSync(join(tmpdir(), "midchain-aside-"));
after(() => {
  rmSync(home, { recursive: true, force: true });
});
let made = 0;

const PARTITIONS = 2;

const us = testIdentity();
const cluster = { partitions: PARTITIONS, genesisNodes: new Map([[toHex(us.nodeId), us.nodePublicKey]]) };

const chainId = idAt(0, 16);
/** Somebody enrols, and agrees to something. */
const special = new Map<string, Command>([
  ["E", enrolCommand(chainId, idAt(0, 16))],
  ["F", { kind: "block", block: draft(chainId, { kind: "pending" }) }],
]);

/** A record that says something of its own: once it was applied it is known. */
function recordOf(letter: string, partition: number): Uint8Array {
  const publicKey = new Uint8Array(32).fill(letter.charCodeAt(0));
  const command = special.get(letter) ?? { kind: "node", publicKey, member: true, serial: 1 };
  return encodeRecord({ nodeId: us.nodeId, partition, commands: [encodeCommand(command)] }, us.sign);
}

/** Goes on from where the state is, by one record for each letter. */
async function apply(state: CopyableState, partition: number, letters: string): Promise<void> {
  for (const letter of letters) {
    const seq = decodeApplied(state.get(keys.applied(partition))).seq + 1;
    const [overlay, bytes] = [new Overlay(state), recordOf(letter, partition)];
    applyRecord(overlay, { partition, seq, bytes }, cluster);
    keepRecord(overlay, partition, { seq, bytes });
    await state.commit(overlay.writes());
  }
}

/** A data folder whose state holds these records of both partitions, and a snapshot of it. */
async function dataDir(...pasts: readonly string[]): Promise<string> {
  const dir = join(home, String((made += 1)));
  mkdirSync(join(dir, "snapshots", "one"), { recursive: true });
  await goOn(dir, ...pasts);
  return dir;
}

async function goOn(dir: string, ...pasts: readonly string[]): Promise<void> {
  const state = openLmdbState(join(dir, "state"));
  for (const [partition, letters] of pasts.entries()) await apply(state, partition, letters);
  await state.close();
}

function settle(dir: string): readonly string[] {
  const codes: string[] = [];
  settleAside(dir, (error) => {
    assert.ok(error instanceof Fault);
    codes.push(error.code);
  });
  return codes;
}

/** A node that was outvoted with one past, and has another since. */
async function outvoted(was: readonly string[], is: readonly string[]) {
  const dir = await dataDir(...was);
  noteAside(dir, PARTITIONS);
  settle(dir);
  await goOn(dir, ...is);
  const state = openLmdbState(join(dir, "state"));
  const aside = openAside(dir, state, cluster);
  const left = (partition: number): string => lettersOf(aside.left(partition));
  const close = (): Promise<unknown> => Promise.all([aside.close(), state.close()]);
  return { dir, state, aside, left, close };
}

const lettersOf = (records: readonly Uint8Array[]): string =>
  records.map((record) => "abcdefqxyzEFXYZ".split("").find((letter) => isOf(letter, record))).join("");
const isOf = (letter: string, record: Uint8Array): boolean =>
  [0, 1].some((partition) => Buffer.compare(recordOf(letter, partition), record) === 0);
const foldersIn = (dir: string): readonly string[] => readdirSync(dir).filter((name) => name.startsWith("state."));

describe("a state that is to be another one", () => {
  it("is moved aside at the next start, with what was copied of it, and only then", async () => {
    const dir = await dataDir("abc", "x");
    assert.deepEqual(settle(dir), [], "nobody has said so");
    assert.deepEqual(settle(join(home, "none")), [], "a node that starts for the first time has no folder");
    noteAside(dir, PARTITIONS);
    noteAside(dir, PARTITIONS);
    assert.ok(existsSync(join(dir, "state")));
    assert.deepEqual(settle(dir), ["STATE_OUTVOTED"]);
    assert.equal(foldersIn(dir).length, 1);
    for (const name of ["state", "snapshots"]) assert.equal(existsSync(join(dir, name)), false, name);
  });

  it("is moved once, however often the start is repeated, wherever it broke off", async () => {
    const dir = await dataDir("abc");
    noteAside(dir, PARTITIONS);
    rmSync(join(dir, "snapshots"), { recursive: true });
    assert.deepEqual(settle(dir), ["STATE_OUTVOTED"], "after the copies were removed");
    assert.deepEqual(settle(dir), [], "before another state was made");
    await goOn(dir, "abd");
    assert.deepEqual(settle(dir), [], "after");
    assert.ok(existsSync(join(dir, "state")));
    assert.equal(foldersIn(dir).length, 1);
  });

  it("is not taken for the one that a person has put in its place", async () => {
    const dir = await dataDir("abc");
    noteAside(dir, PARTITIONS);
    renameSync(join(dir, "state"), join(dir, "mine"));
    await goOn(dir, "abd");
    assert.deepEqual(settle(dir), []);
    const state = openLmdbState(join(dir, "state"));
    assert.deepEqual(openAside(dir, state, cluster).left(0), []);
    await state.close();
  });
});

describe("what was set aside", () => {
  it("is what the state that is there now does not hold, in order", async () => {
    const { left, close } = await outvoted(["abcdef", "x"], ["abdZYc", "x"]);
    assert.equal(left(0), "ef");
    assert.equal(left(1), "");
    await close();
  });

  it("is everything while the new state has nothing yet; what is known is not appended again, compared or not", async () => {
    const { left, state, aside, close } = await outvoted(["abc", ""], ["", "q"]);
    assert.deepEqual([left(0), left(1)], ["abc", ""]);
    await apply(state, 0, "abd");
    assert.deepEqual([left(0), aside.count(0)], ["c", 1]);
    await dropKept(state, 0, 3);
    assert.deepEqual([left(0), aside.count(0)], ["c", 3], "nothing is kept that could be compared");
    await apply(state, 0, "c");
    assert.deepEqual([left(0), aside.count(0) > 0], ["", true], "until it is forgotten");
    await close();
  });

  it("is told with what it builds upon: somebody's first block, and the next one", async () => {
    const { left, close } = await outvoted(["aEF", ""], ["b", ""]);
    assert.equal(left(0), "aEF");
    await close();
  });

  it("stays across starts until its last partition is over, and goes then", async () => {
    const { dir, aside, close } = await outvoted(["abc", "x"], ["abd", "y"]);
    await aside.forget(0);
    assert.deepEqual([lettersOf(aside.left(0)), lettersOf(aside.left(1))], ["", "x"]);
    await close();
    assert.deepEqual(settle(dir), []);
    const state = openLmdbState(join(dir, "state"));
    const again = openAside(dir, state, cluster);
    assert.deepEqual([lettersOf(again.left(0)), lettersOf(again.left(1))], ["", "x"]);
    await again.forget(1);
    assert.deepEqual([again.left(1), foldersIn(dir)], [[], []]);
    await Promise.all([again.close(), state.close()]);
  });

  it("is of every state that was, when it happens twice", async () => {
    const { dir, close } = await outvoted(["abc", ""], ["abd", ""]);
    await close();
    noteAside(dir, PARTITIONS);
    settle(dir);
    await goOn(dir, "abe", "");
    const state = openLmdbState(join(dir, "state"));
    const aside = openAside(dir, state, cluster);
    assert.deepEqual([lettersOf(aside.left(0)), foldersIn(dir).length], ["cd", 2]);
    await Promise.all([aside.close(), state.close()]);
  });

  it("is removed where a crash has left it behind after it was over", async () => {
    const dir = await dataDir("abc");
    mkdirSync(join(dir, "state.outvoted-1-77"));
    writeFileSync(join(dir, "state.outvoted-1-77", "data.mdb"), "");
    assert.deepEqual(settle(dir), []);
    assert.deepEqual(foldersIn(dir), []);
  });
});
