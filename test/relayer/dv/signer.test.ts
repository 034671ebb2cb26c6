import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concat } from "../../../protocol/bytes.ts";
import type { BatchHeader } from "../../../protocol/typedData.ts";
import { memoryJournal } from "../../../relayer/adapters/memory/journal.ts";
import { createCommittee } from "../../../relayer/dv/committee.ts";
import { createDvSigner, type DvSigner } from "../../../relayer/dv/signer.ts";
import type { Journal } from "../../../relayer/ports.ts";
import { random } from "../../support/relayer.ts";

const ledger = random(20);
const items = random(100);
const header = (change: Partial<BatchHeader> = {}): BatchHeader => ({
  partition: new Uint8Array(32).fill(1),
  seq: 3n,
  prev: random(32),
  root: random(32),
  count: 2,
  itemsHash: keccak_256(items),
  ...change,
});

const signerOn = (journal: Journal, account = random(20)): DvSigner =>
  createDvSigner(
    { account, signDigest: (digest) => Promise.resolve(concat(digest, account)), chain: 1, ledger },
    { journal, keccak: keccak_256 },
  );

describe("a DV signer", () => {
  it("signs one header per place, and that one again whenever it is asked", async () => {
    const signer = signerOn(memoryJournal());
    const first = header();
    const signature = await signer.sign(first, items);
    assert.notEqual(signature, undefined);
    assert.deepEqual(await signer.sign(first, items), signature);
    assert.equal(await signer.sign({ ...first, root: random(32) }, items), undefined);
    assert.notEqual(await signer.sign({ ...first, seq: 4n, root: random(32) }, items), undefined);
  });

  it("remembers over a restart", async () => {
    const journal = memoryJournal();
    const account = random(20);
    await signerOn(journal, account).sign(header({ prev: new Uint8Array(32) }), items);
    assert.equal(await signerOn(journal, account).sign(header({ count: 9 }), items), undefined);
  });

  it("gives one of two headers a signature when it is asked for both at once", async () => {
    const signer = signerOn(memoryJournal());
    const answers = await Promise.all([signer.sign(header(), items), signer.sign(header(), items)]);
    assert.equal(answers.filter((answer) => answer !== undefined).length, 1);
  });

  it("does not sign items that are not the header's", async () => {
    assert.equal(await signerOn(memoryJournal()).sign(header(), random(100)), undefined);
    assert.equal(await signerOn(memoryJournal()).sign(header(), new Uint8Array(0)), undefined);
  });

  it("gives out no signature when it could not write down what it signs", async () => {
    const journal = { ...memoryJournal(), put: () => Promise.reject(new Error("disk full")) };
    await assert.rejects(signerOn(journal).sign(header(), items));
  });
});

describe("the committee", () => {
  it("puts signatures in ascending order of their signers", async () => {
    const accounts = [3, 1, 2].map((byte) => new Uint8Array(20).fill(byte));
    const signatures = await createCommittee(
      accounts.map((account) => signerOn(memoryJournal(), account)),
      3,
    ).sign(header(), items);
    assert.deepEqual(
      [...Array(3).keys()].map((i) => signatures[i * 52 + 40]),
      [1, 2, 3],
    );
  });

  it("goes on without a silent member, and says so when too few are left", async () => {
    const silent: DvSigner = { account: random(20), sign: () => Promise.reject(new Error("away")) };
    const members = [signerOn(memoryJournal()), signerOn(memoryJournal()), silent];
    assert.equal((await createCommittee(members, 2).sign(header(), items)).length, 2 * 52);
    await assert.rejects(createCommittee(members, 3).sign(header(), items), { code: "COMMITTEE_SILENT" });
  });
});
