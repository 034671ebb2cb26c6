import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concat, toHex, uintToBytes } from "../../../protocol/bytes.ts";
import { decodeHeader } from "../../../protocol/block.ts";
import { verifyChain } from "../../../protocol/chain.ts";
import { sha256 } from "../../../protocol/sha256.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { nextSweep } from "../../../relayer/flow/sweep.ts";
import { applyRecord, Overlay } from "../../../relayer/midc/apply.ts";
import { decodeCommand, encodeCommand, type BlockDraft, type Command } from "../../../relayer/midc/command.ts";
import { epochOf, offeredKey, usedKey, wrapsHash } from "../../../relayer/midc/epochs.ts";
import { decodeErasing, heldBodies, NOBODY } from "../../../relayer/midc/erasing.ts";
import { keys, type Position } from "../../../relayer/midc/keys.ts";
import { encodeRecord } from "../../../relayer/midc/record.ts";
import { decodeBlock, decodeHead, decodeVault } from "../../../relayer/midc/rows.ts";
import { SWEEP_MAX } from "../../../relayer/midc/vaultCommands.ts";
import { draft, enrolCommand, idAt, random, testIdentity } from "../../support/relayer.ts";

const PARTITION = 2;
const identity = testIdentity();
const cluster = { partitions: 4, genesisNodes: new Map([[toHex(identity.nodeId), identity.nodePublicKey]]) };

function machine(partition = PARTITION) {
  const state = new Overlay(memoryState());
  let seq = 0;
  const apply = (commands: readonly Command[]) =>
    applyRecord(
      state,
      {
        partition,
        seq: (seq += 1),
        bytes: encodeRecord(
          { nodeId: identity.nodeId, partition, commands: commands.map(encodeCommand) },
          identity.sign,
        ),
      },
      cluster,
    );
  const run = (...commands: readonly Command[]) => apply(commands).results.map(({ kind }) => kind);
  return { state, apply, run };
}

type Machine = ReturnType<typeof machine>;

const tombstone = (chainId: Uint8Array, change: Partial<BlockDraft> = {}): Command => ({
  kind: "erase",
  block: draft(chainId, { kind: "tombstone", sealed: new Uint8Array(0), ...change }),
});

const lay = (chainId: Uint8Array, kind: BlockDraft["kind"], txId = random(32)): Command => ({
  kind: "block",
  block: draft(chainId, { kind, txId }),
});

/** A transaction at home in this partition, on its way from its beginning to its end. */
function transaction(chains: readonly Uint8Array[], batchSeq = 0, prev = new Uint8Array(32)) {
  const [txId, headerHash] = [idAt(PARTITION, 32), random(32)];
  const mined = { blockNumber: 7, blockHash: random(32), txHash: random(32) };
  const begin: Command = {
    kind: "begin",
    txId,
    requestKind: 0,
    at: 1,
    legs: 0,
    commitment: random(32),
    blocks: chains.map((chainId) => draft(chainId, { txId })),
  };
  const close = { kind: "close", batchSeq, prev, root: random(32), itemsHash: random(32), headerHash } as const;
  const decision = { ...mined, rest: { state: "completed", status: 0, reason: "" }, named: [] } as const;
  return {
    txId,
    begin,
    end: [
      { ...close, txIds: [txId] },
      { kind: "decide", batchSeq, decision },
      { kind: "end", batchSeq },
    ] as readonly Command[],
  };
}

function blocksOf(chainId: Uint8Array, { state }: Machine) {
  const blocks: { header: Uint8Array; sealed: Uint8Array; kind: string }[] = [];
  let at: Position | undefined = decodeHead(state.get(keys.head(chainId))!).last;
  while (at !== undefined) {
    const { header, sealed, prev } = decodeBlock(state.get(keys.block(at))!);
    blocks.unshift({ header, sealed, kind: decodeHeader(header).kind });
    at = prev;
  }
  return blocks;
}

/** Sweeps as a node would, until nothing is left to be done now; answers in how many steps. */
function sweepAll(chainId: Uint8Array, { state, run }: Machine): number {
  for (let steps = 0; ; steps += 1) {
    const sweep = nextSweep(chainId, state);
    if (sweep === undefined) return steps;
    assert.deepEqual(run(sweep), ["done"]);
  }
}

const wrap = (epoch: number): Uint8Array => concat(uintToBytes(BigInt(epoch), 4), random(60));

describe("erasing a chain", () => {
  const chainId = idAt(PARTITION, 16);
  const ownerTag = idAt(PARTITION, 16);
  const enrolled = (): Machine => {
    const made = machine();
    made.run(enrolCommand(chainId, ownerTag));
    return made;
  };

  it("refuses what is of another partition, of no chain, or no tombstone", () => {
    const { run } = enrolled();
    assert.deepEqual(
      run(tombstone(idAt(1, 16)), tombstone(idAt(PARTITION, 16)), tombstone(chainId, { kind: "personal" })),
      ["refused", "refused", "refused"],
    );
    assert.deepEqual(run(lay(chainId, "tombstone")), ["refused"], "a tombstone without an erasure");
  });

  it("takes vault, directory, grants and envelopes away at once, lays a tombstone, and is known the second time", () => {
    const made = enrolled();
    const { run, state } = made;
    const reader = random(16);
    const envelopes = [{ txId: random(32), sealed: random(60) }];
    run({
      kind: "block",
      block: draft(chainId, { kind: "grant" }),
      grant: { readerTag: reader, notAfter: 2_000_000_000, envelopes },
    });
    const erase = tombstone(chainId);
    assert.deepEqual(run(erase, erase, tombstone(chainId)), ["done", "known", "known"]);
    for (const key of [keys.vault(chainId), keys.directory(ownerTag), keys.grant(chainId, reader)])
      assert.equal(state.get(key), undefined);
    assert.deepEqual(state.range({ ...keys.envelopesOn(chainId), limit: 9 }), []);
    assert.deepEqual(decodeHead(state.get(keys.head(chainId))!).ownerTag, NOBODY);
    assert.deepEqual(
      blocksOf(chainId, made).map(({ kind }) => kind),
      ["genesis", "grant", "tombstone"],
    );
  });

  it("tells whoever holds its keys in memory", () => {
    const { apply } = enrolled();
    const { happened } = apply([tombstone(chainId)]);
    assert.deepEqual(
      happened.filter(({ kind }) => kind === "erased"),
      [{ kind: "erased", chainId }],
    );
  });

  it("lets the account enrol anew, with another chain only", () => {
    const { run } = enrolled();
    run(tombstone(chainId));
    assert.deepEqual(run(enrolCommand(chainId, ownerTag), enrolCommand(idAt(PARTITION, 16), ownerTag)), [
      "refused",
      "done",
    ]);
  });

  it("refuses every block but those of transactions afterwards, and changes of keys", () => {
    const { run, state } = enrolled();
    const { slots } = decodeVault(state.get(keys.vault(chainId))!);
    run(tombstone(chainId));
    assert.deepEqual(
      run(
        ...(["personal", "grant", "revocation", "keys", "tombstone", "genesis"] as const).map((kind) =>
          lay(chainId, kind),
        ),
        { kind: "slots", block: draft(chainId, { kind: "keys" }), slots, from: random(32) },
      ),
      Array.from({ length: 7 }, () => "refused"),
    );
  });

  it("takes the bodies off a long chain in steps of bounded work, and every header stays", () => {
    const made = enrolled();
    const { state, run, apply } = made;
    const length = 5 * SWEEP_MAX;
    for (let from = 0; from < length; from += 256) apply(Array.from({ length: 256 }, () => lay(chainId, "personal")));
    run(tombstone(chainId));
    assert.ok(blocksOf(chainId, made).some(({ sealed }) => sealed.length > 0));
    assert.equal(sweepAll(chainId, made), 6);
    const blocks = blocksOf(chainId, made);
    assert.ok(blocks.every(({ sealed }) => sealed.length === 0));
    assert.deepEqual(verifyChain(blocks.map(({ header }) => ({ header }))), {
      kind: "holds",
      headHash: decodeHead(state.get(keys.head(chainId))!).hash,
      length: length + 2,
      erased: length + 2,
    });
    assert.equal(state.get(keys.erasing(chainId)), undefined, "the wrapped key is gone too");
  });

  it("takes many grants and their envelopes away in steps too, before the key goes", () => {
    const made = enrolled();
    const { state, run, apply } = made;
    for (let i = 0; i < 3; i += 1)
      apply(
        Array.from({ length: 200 }, (): Command => {
          const envelopes = [{ txId: random(32), sealed: random(9) }];
          const grant = { readerTag: random(16), notAfter: 2_000_000_000, envelopes };
          return { kind: "block", block: draft(chainId, { kind: "grant" }), grant };
        }),
      );
    run(tombstone(chainId));
    const left = () => state.range({ ...keys.envelopesOn(chainId), limit: 999 }).length;
    assert.equal(left(), 600 - SWEEP_MAX);
    sweepAll(chainId, made);
    assert.equal(left() + state.range({ ...keys.grantsOf(chainId), limit: 9 }).length, 0);
    assert.equal(state.get(keys.erasing(chainId)), undefined);
  });

  it("changes nothing when a sweep comes twice, or late", () => {
    const made = enrolled();
    const { run, state } = made;
    for (let i = 0; i < 2; i += 1) made.apply(Array.from({ length: 200 }, () => lay(chainId, "personal")));
    run(tombstone(chainId));
    const first = nextSweep(chainId, state)!;
    assert.deepEqual(run(first, first), ["done", "known"]);
    sweepAll(chainId, made);
    assert.deepEqual(run(first), ["known"]);
  });

  it("keeps what a transaction under way needs until it has ended, and its outcome on the chain", () => {
    const made = enrolled();
    const { run, state } = made;
    const { txId, begin, end } = transaction([chainId]);
    run(begin, lay(chainId, "pending", txId), lay(chainId, "personal"), tombstone(chainId));
    sweepAll(chainId, made);
    const bodies = () => blocksOf(chainId, made).map(({ kind, sealed }) => [kind, sealed.length > 0]);
    assert.deepEqual(bodies(), [
      ["genesis", false],
      ["pending", true],
      ["personal", false],
      ["tombstone", false],
    ]);
    assert.ok(state.get(keys.erasing(chainId)) !== undefined, "its key is still there");
    assert.deepEqual(run(lay(chainId, "completed", txId), lay(chainId, "failed", txId)), ["done", "known"]);
    assert.equal(sweepAll(chainId, made), 0, "it has not ended yet: others may have to build its batch again");
    run(...end);
    sweepAll(chainId, made);
    assert.deepEqual(bodies(), [
      ["genesis", false],
      ["pending", false],
      ["personal", false],
      ["tombstone", false],
      ["completed", false],
    ]);
    assert.equal(state.get(keys.erasing(chainId)), undefined);
    assert.deepEqual(heldBodies(chainId, state, 9), []);
  });

  it("lays a pending block that was on its way: with its body while the key is there, without one after that", () => {
    const made = enrolled();
    const { run, state } = made;
    const [early, late] = [transaction([chainId]), transaction([chainId])];
    run(early.begin, late.begin, tombstone(chainId), lay(chainId, "pending", early.txId));
    sweepAll(chainId, made);
    assert.deepEqual(heldBodies(chainId, state, 9), [early.txId]);
    run(lay(chainId, "completed", early.txId), ...early.end);
    sweepAll(chainId, made);
    assert.deepEqual(run(lay(chainId, "pending", late.txId), lay(chainId, "failed", late.txId)), ["done", "done"]);
    assert.ok(blocksOf(chainId, made).every(({ sealed }) => sealed.length === 0));
    assert.equal(verifyChain(blocksOf(chainId, made).map(({ header }) => ({ header }))).kind, "holds");
  });

  it("releases nothing that has no outcome on the chain, whatever is claimed", () => {
    const made = enrolled();
    const { run, state } = made;
    const { txId, begin } = transaction([chainId]);
    run(begin, lay(chainId, "pending", txId), tombstone(chainId));
    sweepAll(chainId, made);
    assert.deepEqual(run({ kind: "sweep", chainId, pending: [], ended: [txId, random(32)] }), ["known"]);
    assert.deepEqual(heldBodies(chainId, state, 9), [txId]);
  });
});

describe("the vault key in the log", () => {
  const chainId = idAt(PARTITION, 16);
  const ownerTag = idAt(PARTITION, 16);
  const enrolUnder = (epoch: number, id = chainId, tag = ownerTag) => ({
    ...enrolCommand(id, tag),
    shredKey: wrap(epoch),
    pepper: wrap(epoch),
  });
  const name = (epoch: number) => ({ epoch, print: random(32) });

  it("is offered in partition 0 only, the first one of an epoch counts, and none goes back", () => {
    const { run, state } = machine(0);
    const two = name(2);
    const offer = (key: typeof two): Command => ({ kind: "offerKey", ...key });
    assert.deepEqual(run(offer(two), offer(two), offer(name(2)), offer(name(1))), [
      "done",
      "known",
      "refused",
      "refused",
    ]);
    assert.deepEqual(offeredKey(state), two);
    assert.deepEqual(run(offer(name(3))), ["done"]);
    assert.deepEqual(machine(1).run(offer(two)), ["refused"]);
  });

  it("lets nothing in that is wrapped under an older one, once a partition uses it", () => {
    const { run, state, apply } = machine();
    const two = name(2);
    assert.deepEqual(run({ kind: "useKey", ...two }, { kind: "useKey", ...two }, { kind: "useKey", ...name(1) }), [
      "done",
      "known",
      "refused",
    ]);
    assert.deepEqual(usedKey(state, PARTITION), two);
    assert.deepEqual(apply([enrolCommand(chainId, ownerTag), enrolUnder(1)]).results, [
      { kind: "refused", why: "wrapped under an older vault key" },
      { kind: "refused", why: "wrapped under an older vault key" },
    ]);
    assert.deepEqual(run(enrolUnder(2)), ["done"]);
    const from = sha256(decodeVault(state.get(keys.vault(chainId))!).slots);
    const change = { slots: random(8), from, readerKeyId: random(16), binding: random(8) };
    const rotate = (epoch: number): Command => ({
      kind: "rotate",
      block: draft(chainId, { kind: "keys" }),
      pepper: wrap(epoch),
      ...change,
    });
    assert.deepEqual(run(rotate(1), rotate(2)), ["refused", "done"]);
  });

  it("reads the epoch of wrapped bytes, also of those that were made before there were epochs", () => {
    assert.deepEqual([epochOf(wrap(7)), epochOf(random(60)), epochOf(random(3))], [7, 1, 0]);
  });

  it("wraps anew exactly what it names: not what was changed, erased or wrapped anew meanwhile", () => {
    const { run, state } = machine();
    run(enrolUnder(1));
    const before = decodeVault(state.get(keys.vault(chainId))!);
    run({ kind: "useKey", ...name(2) });
    const from = wrapsHash(before.shredKey, before.pepper);
    const anew = { chainId, from, shredKey: wrap(2), pepper: wrap(2) };
    const rewrap = (...wraps: readonly (typeof anew)[]): Command => ({ kind: "rewrap", wraps });
    assert.deepEqual(
      run(
        rewrap({ ...anew, from: random(32) }),
        rewrap({ ...anew, shredKey: wrap(1) }),
        rewrap({ ...anew, pepper: wrap(1) }),
        rewrap({ ...anew, chainId: idAt(1, 16) }),
        rewrap(anew),
        rewrap(anew),
      ),
      ["known", "known", "known", "known", "done", "known"],
    );
    const after = decodeVault(state.get(keys.vault(chainId))!);
    assert.deepEqual([after.shredKey, after.pepper, after.slots], [anew.shredKey, anew.pepper, before.slots]);
    run(tombstone(chainId));
    const gone = { ...anew, from: wrapsHash(anew.shredKey, anew.pepper), shredKey: wrap(3), pepper: wrap(3) };
    assert.deepEqual(run(rewrap(gone)), ["known"]);
    assert.equal(state.get(keys.vault(chainId)), undefined);
  });

  it("wraps anew the key of an erased chain on which a transaction is not final", () => {
    const made = machine();
    const { run, state } = made;
    const { txId, begin } = transaction([chainId]);
    run(enrolUnder(1), begin, lay(chainId, "pending", txId), tombstone(chainId));
    sweepAll(chainId, made);
    const kept = () => decodeErasing(state.get(keys.erasing(chainId))!).shredKey;
    const nothing = new Uint8Array(0);
    const anew = { chainId, from: wrapsHash(kept(), nothing), shredKey: wrap(2), pepper: nothing };
    assert.deepEqual(run({ kind: "rewrap", wraps: [anew] }), ["done"]);
    assert.deepEqual(kept(), anew.shredKey);
  });
});

describe("the commands of an erasure", () => {
  const position = { partition: 3, seq: 9, index: 4 };
  const commands: readonly Command[] = [
    tombstone(random(16)),
    { kind: "sweep", chainId: random(16), pending: [], ended: [] },
    { kind: "sweep", chainId: random(16), from: position, pending: [random(32)], ended: [random(32), random(32)] },
    { kind: "offerKey", epoch: 2, print: random(32) },
    { kind: "useKey", epoch: 2, print: random(32) },
    { kind: "rewrap", wraps: [{ chainId: random(16), from: random(32), shredKey: random(64), pepper: random(64) }] },
  ];

  for (const command of commands)
    it(`come back as they were: ${command.kind}`, () => {
      const there = decodeCommand(encodeCommand(command));
      assert.deepEqual(encodeCommand(there), encodeCommand(command));
      assert.equal(there.kind, command.kind);
    });
});
