import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeHeader } from "../../../protocol/block.ts";
import { verifyChain } from "../../../protocol/chain.ts";
import { concat, toHex } from "../../../protocol/bytes.ts";
import { sha256 } from "../../../protocol/sha256.ts";
import { applyRecord, Overlay } from "../../../relayer/midc/apply.ts";
import { encodeCommand, type Command } from "../../../relayer/midc/command.ts";
import { keys } from "../../../relayer/midc/keys.ts";
import { encodeRecord, encodeRecords, recordName } from "../../../relayer/midc/record.ts";
import {
  decodeApplied,
  decodeBlock,
  decodeHead,
  decodeVault,
  type Decision,
  type Verdict,
} from "../../../relayer/midc/rows.ts";
import { readTx } from "../../../relayer/midc/tx.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { draft, enrolCommand, idAt, random, testIdentity } from "../../support/relayer.ts";

const PARTITIONS = 4;
const identity = testIdentity();
const cluster = { partitions: PARTITIONS, genesisNodes: new Map([[toHex(identity.nodeId), identity.nodePublicKey]]) };

/** A state machine of one partition, fed record by record. */
function machine(partition: number) {
  const state = new Overlay(memoryState());
  let seq = 0;
  const feed = (bytes: Uint8Array) => applyRecord(state, { partition, seq: (seq += 1), bytes }, cluster);
  return {
    state,
    feed,
    run: (...commands: readonly Command[]) =>
      feed(encodeRecord({ nodeId: identity.nodeId, partition, commands: commands.map(encodeCommand) }, identity.sign))
        .results,
  };
}

const decision = (state: Verdict["state"]): Decision => ({
  rest: { state, status: 0, reason: "" },
  named: [],
  blockNumber: 7,
  blockHash: random(32),
  txHash: random(32),
});

const close = (batchSeq: number, prev: Uint8Array, txIds: readonly Uint8Array[], headerHash = random(32)): Command => ({
  kind: "close",
  batchSeq,
  prev,
  root: random(32),
  itemsHash: new Uint8Array(32),
  headerHash,
  txIds,
});
const zero = new Uint8Array(32);

const begin = (txId: Uint8Array, chains: readonly Uint8Array[]): Command => ({
  kind: "begin",
  txId,
  requestKind: 0,
  at: 1,
  legs: 0,
  commitment: random(32),
  blocks: chains.map((chainId) => draft(chainId, { txId })),
});

describe("apply", () => {
  const partition = 2;
  const chainId = idAt(partition, 16);
  const ownerTag = idAt(partition, 16);

  it("refuses a block for a chain that is not there", () => {
    assert.deepEqual(machine(partition).run({ kind: "block", block: draft(chainId) }), [
      { kind: "refused", why: "no such chain" },
    ]);
  });

  it("refuses what belongs to another partition", () => {
    const elsewhere = idAt(1, 16);
    const results = machine(partition).run(enrolCommand(elsewhere, ownerTag), begin(idAt(3, 32), [chainId]));
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ["refused", "refused"],
    );
  });

  it("gives an account one chain, whatever is asked again", () => {
    const { run } = machine(partition);
    const first = enrolCommand(chainId, ownerTag);
    assert.deepEqual(run(first, first, enrolCommand(idAt(partition, 16), ownerTag)), [
      { kind: "done" },
      { kind: "known" },
      { kind: "refused", why: "the account has a chain" },
    ]);
  });

  it("links blocks to a chain that verifies, and leaves duplicates out", () => {
    const { run, state } = machine(partition);
    const pending = draft(chainId);
    run(enrolCommand(chainId, ownerTag));
    assert.deepEqual(run({ kind: "block", block: pending }, { kind: "block", block: pending }), [
      { kind: "done" },
      { kind: "known" },
    ]);
    run({ kind: "block", block: draft(chainId, { kind: "completed", txId: pending.txId }) });
    const head = decodeHead(state.get(keys.head(chainId))!);
    const blocks = [];
    for (let at: typeof head.last | undefined = head.last; at !== undefined;) {
      const row = decodeBlock(state.get(keys.block(at))!);
      blocks.unshift({ header: row.header });
      at = row.prev;
    }
    assert.deepEqual(
      blocks.map(({ header }) => decodeHeader(header).kind),
      ["genesis", "pending", "completed"],
    );
    assert.deepEqual(verifyChain(blocks), { kind: "holds", headHash: head.hash, length: 3, erased: 3 });
  });

  it("allows one outcome per transaction on a chain, and none without its pending block", () => {
    const { run } = machine(partition);
    const { txId } = draft(chainId);
    run(enrolCommand(chainId, ownerTag));
    const lay = (kind: "pending" | "completed" | "failed"): Command => ({
      kind: "block",
      block: draft(chainId, { kind, txId }),
    });
    assert.deepEqual(
      run(lay("completed"), lay("pending"), lay("failed"), lay("completed"), lay("failed")).map(({ kind }) => kind),
      ["refused", "done", "done", "known", "known"],
    );
  });

  it("closes batches in order, each transaction in one of them", () => {
    const { run, state } = machine(partition);
    const [a, b] = [idAt(partition, 32), idAt(partition, 32)];
    const headerHash = random(32);
    run(begin(a, [chainId]), begin(b, [chainId]));
    assert.deepEqual(
      run(close(1, zero, [a]), close(0, headerHash, [a]), close(0, zero, [a, a]), close(0, zero, [])).map(
        ({ kind }) => kind,
      ),
      ["refused", "refused", "refused", "refused"],
    );
    assert.deepEqual(
      run(
        close(0, zero, [a], headerHash),
        close(0, zero, [b]),
        close(1, headerHash, [a, b]),
        close(1, headerHash, [b]),
      ).map(({ kind }) => kind),
      ["done", "refused", "refused", "done"],
    );
    assert.deepEqual(
      [a, b].map((txId) => readTx(txId, state)!.batch),
      [
        { seq: 0, index: 0 },
        { seq: 1, index: 0 },
      ],
    );
  });

  it("keeps the first decision and ends only what is decided", () => {
    const { run, state } = machine(partition);
    const txId = idAt(partition, 32);
    const decide = (as: Verdict["state"]): Command => ({ kind: "decide", batchSeq: 0, decision: decision(as) });
    const end: Command = { kind: "end", batchSeq: 0 };
    assert.deepEqual(
      run(decide("failed"), begin(txId, [chainId]), begin(txId, []), close(0, zero, [txId]), end).map(
        ({ kind }) => kind,
      ),
      ["refused", "done", "known", "done", "refused"],
    );
    assert.equal(readTx(txId, state)?.outcome, undefined);
    assert.deepEqual(
      run(decide("completed"), decide("failed"), end, end).map(({ kind }) => kind),
      ["done", "known", "done", "known"],
    );
    const tx = readTx(txId, state);
    assert.deepEqual([tx?.outcome?.state, tx?.ended], ["completed", true]);
  });

  it("keeps what is open: transactions until they are in a batch, batches until they are ended", () => {
    const { run, state } = machine(partition);
    const txId = idAt(partition, 32);
    const open = () => [
      state.range({ ...keys.openOf(partition), limit: 9 }).length,
      state.range({ ...keys.openBatchesOf(partition), limit: 9 }).length,
    ];
    run(begin(txId, [chainId]));
    assert.deepEqual(open(), [1, 0]);
    run(close(0, zero, [txId]));
    assert.deepEqual(open(), [0, 1]);
    run({ kind: "decide", batchSeq: 0, decision: decision("failed") }, { kind: "end", batchSeq: 0 });
    assert.deepEqual(open(), [0, 0]);
  });

  it("tells the members that have a verdict of their own from the rest", () => {
    const { run, state } = machine(partition);
    const [a, b] = [idAt(partition, 32), idAt(partition, 32)];
    run(begin(a, [chainId]), begin(b, [chainId]), close(0, zero, [a, b]));
    const verdict = { state: "failed", status: 2, reason: "ERC20InsufficientBalance" } as const;
    run({ kind: "decide", batchSeq: 0, decision: { ...decision("completed"), named: [{ index: 1, verdict }] } });
    assert.deepEqual(
      [a, b].map((txId) => readTx(txId, state)?.outcome?.reason),
      ["", "ERC20InsufficientBalance"],
    );
  });

  it("treats foreign, forged and malformed records as void, but counts them in the digest", () => {
    const { feed, state, run } = machine(partition);
    const stranger = testIdentity();
    const record = (as: typeof identity, nodeId = as.nodeId) =>
      encodeRecord({ nodeId, partition, commands: [encodeCommand(enrolCommand(chainId, ownerTag))] }, as.sign);
    const voids = [record(stranger), record(stranger, identity.nodeId), random(200), new Uint8Array(0)].map(
      (bytes) => feed(bytes).happened,
    );
    assert.deepEqual(
      voids.map(([happened]) => happened),
      [
        { kind: "void", why: "foreign" },
        { kind: "void", why: "forged" },
        { kind: "void", why: "malformed" },
        { kind: "void", why: "malformed" },
      ],
    );
    assert.equal(state.get(keys.head(chainId)), undefined);
    assert.equal(decodeApplied(state.get(keys.applied(partition))).seq, 4);
    assert.deepEqual(run(enrolCommand(chainId, ownerTag)), [{ kind: "done" }]);
  });

  it("takes records that share a signature one by one, and none with the siblings of another", () => {
    const contents = Array.from({ length: 5 }, (_, i) => ({
      nodeId: identity.nodeId,
      partition,
      commands: [encodeCommand(enrolCommand(idAt(partition, 16), idAt(partition, 16))), Uint8Array.of(i)],
    }));
    let signed = 0;
    const records = encodeRecords(contents, (message) => {
      signed += 1;
      return identity.sign(message);
    });
    assert.equal(signed, 1);
    for (const record of records)
      assert.deepEqual(
        machine(partition)
          .feed(record)
          .happened.map(({ kind }) => kind),
        ["block"],
      );
    const [a, b] = [records[0] ?? new Uint8Array(0), records[1] ?? new Uint8Array(0)];
    const size = a.length - 64 - 1 - 32 * (a.at(-65) ?? 0);
    const swapped = concat(a.subarray(0, size), b.subarray(size));
    assert.deepEqual(machine(partition).feed(swapped).happened, [{ kind: "void", why: "forged" }]);
    assert.equal(new Set(records.map(recordName)).size, records.length);
  });

  it("does not take more siblings than a tree can have", () => {
    const record = encodeRecord({ nodeId: identity.nodeId, partition, commands: [] }, identity.sign);
    const many = concat(record.subarray(0, -65), new Uint8Array(17 * 32), Uint8Array.of(17), record.subarray(-64));
    assert.deepEqual(machine(partition).feed(many).happened, [{ kind: "void", why: "malformed" }]);
  });

  it("finds any flipped bit of a record forged or malformed", () => {
    const content = {
      nodeId: identity.nodeId,
      partition,
      commands: [encodeCommand(enrolCommand(chainId, ownerTag))],
    };
    const [record = new Uint8Array(0)] = encodeRecords([content, { ...content, partition: 1 }], identity.sign);
    assert.equal(record.at(-65), 1, "it has a sibling");
    for (let at = 0; at < record.length; at += 1) {
      const flipped = record.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      assert.equal(machine(partition).feed(flipped).happened[0]?.kind, "void", `byte ${at}`);
    }
  });

  it("takes a member out, and from then on its records are void", () => {
    const { run, feed } = machine(partition);
    const joiner = testIdentity();
    const byJoiner = () =>
      feed(encodeRecord({ nodeId: joiner.nodeId, partition, commands: [] }, joiner.sign)).happened.length;
    assert.equal(byJoiner(), 1);
    const change = (member: boolean, serial: number): string =>
      run({ kind: "node", publicKey: joiner.nodePublicKey, member, serial })[0]!.kind;
    assert.equal(change(true, 1), "done");
    assert.equal(byJoiner(), 0);
    assert.equal(change(false, 2), "done");
    assert.equal(byJoiner(), 1);
    assert.equal(change(true, 1), "known");
    assert.equal(byJoiner(), 1, "a late copy of an old record brings nobody back");
  });

  const vaultNow = (state: Parameters<typeof keyChange>[0]) => decodeVault(state.get(keys.vault(chainId))!);
  /** A change made by somebody who has read the slots as they are now. */
  const keyChange = (state: { readonly get: (key: Uint8Array) => Uint8Array | undefined }, byte: number) => ({
    block: draft(chainId, { kind: "keys" }),
    slots: new Uint8Array(9).fill(byte),
    from: sha256(decodeVault(state.get(keys.vault(chainId))!).slots),
  });

  it("changes key slots once per block, so that a late copy of an old change brings no old slots back", () => {
    const { run, state } = machine(partition);
    run(enrolCommand(chainId, ownerTag));
    const first: Command = { kind: "slots", ...keyChange(state, 1) };
    assert.equal(run(first)[0]!.kind, "done");
    const second: Command = { kind: "slots", ...keyChange(state, 2) };
    assert.deepEqual(
      [second, first].map((each) => run(each)[0]!.kind),
      ["done", "known"],
    );
    assert.deepEqual(vaultNow(state).slots, new Uint8Array(9).fill(2));
    assert.equal(decodeHead(state.get(keys.head(chainId))!).height, 2);
    const wrongKind: Command = { kind: "slots", ...keyChange(state, 3), block: draft(chainId, { kind: "personal" }) };
    assert.equal(run(wrongKind)[0]!.kind, "refused");
    const nobodys: Command = { kind: "slots", ...keyChange(state, 3), block: draft(random(16), { kind: "keys" }) };
    assert.equal(run(nobodys)[0]!.kind, "refused");
    assert.deepEqual(vaultNow(state).slots, new Uint8Array(9).fill(2));
  });

  it("takes one of two changes that replace the same slots, and rotates keys with slots or not at all", () => {
    const { run, state } = machine(partition);
    run(enrolCommand(chainId, ownerTag));
    const next = { pepper: random(60), readerKeyId: random(16), binding: random(50) };
    const rotate: Command = { kind: "rotate", ...keyChange(state, 1), ...next };
    const meanwhile: Command = { kind: "slots", ...keyChange(state, 2) };
    const before = vaultNow(state);
    assert.deepEqual(
      [meanwhile, rotate].map((each) => run(each)[0]!.kind),
      ["done", "refused"],
    );
    assert.deepEqual(vaultNow(state), { ...before, slots: new Uint8Array(9).fill(2) });
    const again: Command = { kind: "rotate", ...keyChange(state, 3), ...next };
    assert.deepEqual(
      [again, again].map((each) => run(each)[0]!.kind),
      ["done", "known"],
    );
    assert.deepEqual(vaultNow(state), { ...before, ...next, slots: new Uint8Array(9).fill(3) });
    assert.equal(decodeHead(state.get(keys.head(chainId))!).height, 2);
  });

  it("drops a reader's envelopes when the grant is revoked", () => {
    const { run, state } = machine(partition);
    const readerTag = random(16);
    const txId = random(32);
    run(enrolCommand(chainId, ownerTag));
    const change = (notAfter: number): Command => ({
      kind: "block",
      block: draft(chainId, { kind: notAfter === 0 ? "revocation" : "grant" }),
      grant: { readerTag, notAfter, envelopes: notAfter === 0 ? [] : [{ txId, sealed: random(50) }] },
    });
    run(change(99));
    assert.notEqual(state.get(keys.envelope(chainId, readerTag, txId)), undefined);
    run(change(0));
    assert.equal(state.get(keys.envelope(chainId, readerTag, txId)), undefined);
    assert.equal(state.get(keys.grant(chainId, readerTag)), undefined);
  });

  it("makes the same bytes on every node, in one go or record by record", () => {
    const [one, other] = [machine(partition), machine(partition)];
    const txId = idAt(partition, 32);
    const commands: Command[] = [
      enrolCommand(chainId, ownerTag),
      begin(txId, [chainId]),
      close(0, zero, [txId]),
      { kind: "decide", batchSeq: 0, decision: decision("failed") },
    ];
    for (const { run } of [one, other]) for (const command of commands) run(command);
    const dump = (state: Overlay) =>
      state
        .writes()
        .map(({ key, value }) => [toHex(key), value && toHex(value)])
        .sort();
    assert.deepEqual(dump(one.state), dump(other.state));
  });
});
