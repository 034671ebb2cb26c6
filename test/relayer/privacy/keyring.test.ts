import assert from "node:assert/strict";
import {
  closeSync,
  linkSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createCipheriv } from "node:crypto";
import { openFileKeyring, writeClusterKeys, writeJoiningKeys } from "../../../relayer/adapters/file/keyring.ts";
import { Fault } from "../../../relayer/errors.ts";
import { epochOf } from "../../../relayer/midc/epochs.ts";
import { random } from "../../support/relayer.ts";

interface Stored {
  readonly version: number;
  readonly vault: readonly { readonly epoch: number; readonly key: string }[];
}

const home = mkdtempSync(join(tmpdir(), "midchain-keys-"));
after(() => {
  rmSync(home, { recursive: true, force: true });
});
let files = 0;
const path = (): string => join(home, `${(files += 1)}`, "keys.json");
const stored = (file: string): Stored => JSON.parse(readFileSync(file, "utf8")) as Stored;
const epochs = (file: string): readonly number[] => stored(file).vault.map(({ epoch }) => epoch);
const secret = random(32);
const bound = random(16);

describe("the key file", () => {
  it("is made on the first start, for its owner alone, with one vault key", () => {
    const file = path();
    const keyring = openFileKeyring(file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual([stored(file).version, epochs(file)], [2, [1]]);
    assert.deepEqual(
      keyring.vaultKeys.list().map(({ epoch }) => epoch),
      [1],
    );
  });

  it("of version 1 becomes one of version 2 in its place, and opens what was wrapped with it before", () => {
    const file = path();
    openFileKeyring(file);
    const { vault, ...rest } = stored(file);
    const key = Buffer.from(vault[0]!.key, "base64");
    const old = { ...rest, version: 1, vault: vault[0]!.key };
    writeFileSync(file, JSON.stringify(old));
    const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12, 9));
    cipher.setAAD(bound);
    const wrapped = Buffer.concat([Buffer.alloc(12, 9), cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
    const keyring = openFileKeyring(file);
    assert.deepEqual([stored(file).version, epochs(file)], [2, [1]]);
    assert.deepEqual(keyring.unwrap(wrapped, bound), secret);
    assert.equal(epochOf(wrapped), 1);
    assert.deepEqual(openFileKeyring(file).nodeId, keyring.nodeId);
  });

  it("that is none is told without a word of what is in it", () => {
    const file = path();
    openFileKeyring(file);
    writeFileSync(file, JSON.stringify({ version: 3, vault: "SECRET" }));
    assert.throws(
      () => openFileKeyring(file),
      ({ message }: Error) => message.includes(file) && !message.includes("SECRET"),
    );
  });

  it("of a cluster's nodes and of those who join later hold the same vault keys and other identities", () => {
    const [one, two, three] = [path(), path(), path()];
    writeClusterKeys([one, two]);
    openFileKeyring(one).vaultKeys.make(2, 5);
    writeJoiningKeys(three, one);
    const wrapped = openFileKeyring(three).wrap(secret, bound, 2);
    assert.deepEqual(openFileKeyring(one).unwrap(wrapped, bound), secret);
    assert.deepEqual([epochs(one), epochs(two), epochs(three)], [[1, 2], [1], [1, 2]]);
    assert.notDeepEqual(openFileKeyring(three).nodeId, openFileKeyring(one).nodeId);
    assert.throws(() => {
      writeJoiningKeys(three, one);
    });
  });
});

describe("vault keys", () => {
  it("wrap under the epoch that is named, and the wrapped bytes name it", () => {
    const keyring = openFileKeyring(path());
    keyring.vaultKeys.make(2, 5);
    const wraps = [1, 2].map((epoch) => keyring.wrap(secret, bound, epoch));
    assert.deepEqual(wraps.map(epochOf), [1, 2]);
    for (const wrapped of wraps) {
      assert.deepEqual(keyring.unwrap(wrapped, bound), secret);
      assert.equal(keyring.unwrap(wrapped, random(16)), undefined);
      for (const at of [0, 3, 8, wrapped.length - 1]) {
        const flipped = Uint8Array.from(wrapped);
        flipped[at]! ^= 1;
        assert.equal(keyring.unwrap(flipped, bound), undefined, `byte ${at}`);
      }
    }
    assert.throws(
      () => keyring.wrap(secret, bound, 3),
      (error) => error instanceof Fault && error.code === "VAULT_KEY_MISSING",
    );
    assert.equal(keyring.unwrap(random(3), bound), undefined);
  });

  it("that are destroyed are in no file any more, and open nothing", () => {
    const file = path();
    const keyring = openFileKeyring(file);
    const [first] = stored(file).vault;
    const old = keyring.wrap(secret, bound, 1);
    keyring.vaultKeys.make(2, 5);
    const kept = keyring.wrap(secret, bound, 2);
    keyring.vaultKeys.destroyBelow(2);
    keyring.vaultKeys.destroyBelow(9);
    assert.deepEqual(epochs(file), [2], "and the newest always stays");
    for (const name of readdirSync(join(file, "..")))
      assert.ok(!readFileSync(join(file, "..", name), "utf8").includes(first!.key), name);
    for (const each of [keyring, openFileKeyring(file)])
      assert.deepEqual([each.unwrap(old, bound), each.unwrap(kept, bound)], [undefined, secret]);
  });

  it("leave a copy alone that somebody has made by a link, and overwrite what nobody can reach any more", () => {
    const file = path();
    const keyring = openFileKeyring(file);
    const copy = `${file}.copy`;
    linkSync(file, copy);
    const before = readFileSync(copy, "utf8");
    keyring.vaultKeys.make(2, 5);
    assert.equal(readFileSync(copy, "utf8"), before);
    const reached = openSync(file, "r");
    keyring.vaultKeys.destroyBelow(2);
    const left = Buffer.alloc(4_096);
    const size = readSync(reached, left, 0, left.length, 0);
    assert.ok(size > 0 && left.every((byte) => byte === 0));
    closeSync(reached);
  });

  it("go to another node sealed to its question, and only the one that was named is taken", async () => {
    const [giver, taker] = [openFileKeyring(path()), openFileKeyring(path())];
    const name = giver.vaultKeys.make(2, 77);
    const other = giver.vaultKeys.make(3, 78);
    const question = taker.vaultKeys.question();
    const sealed = (await giver.vaultKeys.sealFor(question.publicKey, name))!;
    assert.equal(await giver.vaultKeys.sealFor(question.publicKey, { ...name, print: random(32) }), undefined);
    assert.equal(await taker.vaultKeys.question().take(sealed, name, 77), false, "another question");
    assert.equal(await question.take(sealed, other, 77), false, "another name");
    assert.equal(await question.take(random(sealed.length), name, 77), false, "noise");
    assert.equal(await question.take(sealed.subarray(0, 9), name, 77), false, "a part");
    assert.equal(await question.take(sealed, name, 77), true);
    const wrapped = giver.wrap(secret, bound, 2);
    assert.deepEqual(taker.unwrap(wrapped, bound), secret);
    assert.equal(taker.vaultKeys.list().at(-1)?.since, 77);
  });

  it("of the same epoch give way to the one that the log names", async () => {
    const [giver, taker] = [openFileKeyring(path()), openFileKeyring(path())];
    const name = giver.vaultKeys.make(2, 5);
    taker.vaultKeys.make(2, 6);
    const question = taker.vaultKeys.question();
    const sealed = (await giver.vaultKeys.sealFor(question.publicKey, name))!;
    assert.equal(await question.take(sealed, name, 5), true);
    assert.deepEqual(
      taker.vaultKeys.list().map(({ epoch, since }) => [epoch, since]),
      [
        [1, taker.vaultKeys.list()[0]!.since],
        [2, 5],
      ],
    );
  });
});
