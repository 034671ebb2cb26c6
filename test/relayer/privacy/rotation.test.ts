import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { concat, toHex, type Hex } from "../../../protocol/bytes.ts";
import { sha256 } from "../../../protocol/sha256.ts";
import { openFileKeyring, writeClusterKeys } from "../../../relayer/adapters/file/keyring.ts";
import { memoryLog } from "../../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { openAsking, type Handler } from "../../../relayer/cluster/asking.ts";
import { startReplica, type Replica } from "../../../relayer/log/replica.ts";
import { epochOf, offeredKey, usedKey } from "../../../relayer/midc/epochs.ts";
import { keys, partitionOf } from "../../../relayer/midc/keys.ts";
import { nodeIdOf } from "../../../relayer/midc/record.ts";
import { decodeVault } from "../../../relayer/midc/rows.ts";
import { systemClock } from "../../../relayer/ops/clock.ts";
import type { Keyring } from "../../../relayer/ports.ts";
import { PEPPER_BOUND } from "../../../relayer/privacy/bounds.ts";
import { startRotation, type Rotation, type RotationPorts } from "../../../relayer/privacy/rotation.ts";
import { openVault } from "../../../relayer/privacy/vault.ts";
import { epochFor, submitWrapped } from "../../../relayer/privacy/wrapping.ts";
import { draft, enrolCommand, idAt, random } from "../../support/relayer.ts";
import { until } from "../../support/until.ts";

const PARTITIONS = 4;
const home = mkdtempSync(join(tmpdir(), "midchain-rotation-"));
let folders = 0;
after(() => {
  rmSync(home, { recursive: true, force: true });
});

type Say = (word: unknown, from: Uint8Array) => void;

/** Words between nodes of one process; who is silent is not heard and does not hear. */
function street() {
  const listeners = new Map<string, { readonly at: Uint8Array; readonly say: Say }[]>();
  const silent = new Set<Hex>();
  /** Everything that was said, as it would be on the wire. */
  const said: string[] = [];
  const wordsOf = (at: Uint8Array) => ({
    tell(topic: string, word: unknown) {
      if (silent.has(toHex(at))) return;
      const text = JSON.stringify(word);
      said.push(text);
      for (const one of listeners.get(topic) ?? [])
        if (one.at !== at && !silent.has(toHex(one.at)))
          setImmediate(() => {
            one.say(JSON.parse(text), at);
          });
    },
    hear(topic: string, say: Say) {
      listeners.set(topic, [...(listeners.get(topic) ?? []), { at, say }]);
      return () => undefined;
    },
  });
  return { wordsOf, silent, said };
}

interface Node {
  readonly id: Hex;
  readonly path: string;
  readonly keyring: Keyring;
  readonly replica: Replica;
  readonly ports: RotationPorts;
  readonly answers: Map<string, Handler>;
}

/** A cluster on one log, in one process: real keyrings, replicas and rotations. */
async function cluster(count: number, change: Partial<RotationPorts> = {}) {
  const folder = join(home, `${(folders += 1)}`);
  const paths = Array.from({ length: count }, (_, i) => join(folder, `${i}`, "keys.json"));
  writeClusterKeys(paths);
  const keyrings = paths.map(openFileKeyring);
  const genesisNodes = new Map(keyrings.map(({ nodeId, nodePublicKey }) => [toHex(nodeId), nodePublicKey]));
  const members = new Set<Hex>(genesisNodes.keys() as Iterable<Hex>);
  const log = memoryLog(PARTITIONS);
  const talk = street();
  const faults: unknown[] = [];
  const nodes: Node[] = [];
  for (const [i, keyring] of keyrings.entries()) {
    const state = memoryState();
    const onFault = (error: unknown): void => void faults.push(error);
    const replica = await startReplica({ genesisNodes, onFault }, { log, state, keyring, clock: systemClock });
    const asking = openAsking(talk.wordsOf(keyring.nodePublicKey), toHex(keyring.nodeId));
    const answers = new Map<string, Handler>();
    const ports: RotationPorts = {
      asking: {
        ...asking,
        answer(what, handle) {
          answers.set(what, handle);
          asking.answer(what, handle);
        },
      },
      view: state,
      keyring,
      replica,
      clock: systemClock,
      isMember: (publicKey) => members.has(toHex(nodeIdOf(publicKey))),
      members: () => [...members],
      isSteward: () => false,
      intervalMs: 0,
      onFault,
      ...change,
    };
    nodes.push({ id: toHex(keyring.nodeId), path: paths[i]!, keyring, replica, ports, answers });
  }
  const rotations: Rotation[] = [];
  return {
    ...talk,
    nodes,
    members,
    faults,
    start: (node: Node): Rotation => {
      const rotation = startRotation(node.ports);
      rotations.push(rotation);
      return rotation;
    },
    stop: async (): Promise<void> => {
      await Promise.all(rotations.map((rotation) => rotation.stop()));
      await Promise.all(nodes.map(({ replica }) => replica.stop()));
    },
  };
}

/** Enrols somebody at a node, under the key that its partition takes now. */
async function enrol({ keyring, replica }: Node, partition = 1, secret = random(32)) {
  const chainId = idAt(partition, 16);
  const command = enrolCommand(chainId, idAt(partition, 16));
  const result = await submitWrapped(partition, { keyring, replica }, (epoch) =>
    replica.submit(partition, {
      ...command,
      shredKey: keyring.wrap(secret, chainId, epoch),
      pepper: keyring.wrap(random(32), concat(chainId, PEPPER_BOUND), epoch),
    }),
  );
  assert.equal(result.kind, "done");
  return { chainId, secret };
}

const epochs = ({ keyring }: Node): readonly number[] => keyring.vaultKeys.list().map(({ epoch }) => epoch);
const rowOf = ({ replica }: Node, chainId: Uint8Array) => decodeVault(replica.view.get(keys.vault(chainId))!);
const fileOf = ({ path }: Node): string => readFileSync(path, "utf8");
const keyIn = (node: Node): string => (JSON.parse(fileOf(node)) as { vault: { key: string }[] }).vault[0]!.key;

describe("a change of the vault key", () => {
  it("leaves everybody readable under the new one, and the old one nowhere", async () => {
    const { nodes, start, stop, said } = await cluster(3);
    const people = await Promise.all([0, 1, 2, 3].map((partition) => enrol(nodes[partition % 3]!, partition)));
    const old = keyIn(nodes[0]!);
    const rotations = nodes.map(start);
    assert.deepEqual(await rotations[1]!.rotate(), { epoch: 2 });
    for (const node of nodes) {
      assert.deepEqual(epochs(node), [2]);
      assert.ok(!fileOf(node).includes(old));
      for (const { chainId, secret } of people) {
        const { shredKey } = rowOf(node, chainId);
        assert.equal(epochOf(shredKey), 2);
        assert.deepEqual(node.keyring.unwrap(shredKey, chainId), secret);
      }
      for (let partition = 0; partition < PARTITIONS; partition += 1)
        assert.deepEqual(usedKey(node.replica.view, partition), offeredKey(node.replica.view));
    }
    const fresh = keyIn(nodes[0]!);
    for (const key of [old, fresh])
      for (const form of [key, toHex(Buffer.from(key, "base64")).slice(2)])
        assert.ok(!said.some((text) => text.includes(form)), "no key is ever said in clear");
    await stop();
  });

  it("makes what was erased unreadable, in whatever copy it still is", async () => {
    const { nodes, start, stop } = await cluster(2);
    const [node] = nodes as [Node];
    const { chainId } = await enrol(node);
    const vault = openVault(node.replica.view, node.keyring);
    const { shredKey } = rowOf(node, chainId);
    const rotations = nodes.map(start);
    await rotations[0]!.rotate();
    const second = rowOf(node, chainId).shredKey;
    const block = draft(chainId, { kind: "tombstone", sealed: new Uint8Array(0) });
    await node.replica.submit(1, { kind: "erase", block });
    assert.equal(vault.shredKey(chainId), undefined);
    assert.notEqual(node.keyring.unwrap(second, chainId), undefined, "as long as the key is not changed");
    await rotations[0]!.rotate();
    for (const each of nodes)
      for (const wrapped of [shredKey, second]) assert.equal(each.keyring.unwrap(wrapped, chainId), undefined);
    await stop();
  });

  it("waits with the old key for a member that is silent, and goes on when it is back", async () => {
    const { nodes, start, stop, silent } = await cluster(3, { isSteward: () => true });
    const { chainId, secret } = await enrol(nodes[0]!);
    const quiet = nodes[2]!;
    silent.add(toHex(quiet.keyring.nodePublicKey));
    const rotations = nodes.map(start);
    const rotating = rotations[0]!.rotate();
    await until(
      "the wait",
      () => rotations[0]!.last()?.waitsFor,
      (why) => why?.includes(quiet.id) === true,
    );
    await until(
      "the other two have it",
      () => nodes.slice(0, 2).map(epochs),
      (held) => held.every(({ length }) => length === 2),
    );
    assert.equal(epochOf(rowOf(nodes[0]!, chainId).shredKey), 1, "it is not used before all have it");
    assert.deepEqual((await enrol(nodes[1]!)).secret.length, 32);
    assert.deepEqual(epochs(quiet), [1]);
    silent.clear();
    assert.deepEqual(await rotating, { epoch: 2 });
    assert.deepEqual(nodes.map(epochs), [[2], [2], [2]]);
    assert.deepEqual(quiet.keyring.unwrap(rowOf(quiet, chainId).shredKey, chainId), secret);
    await stop();
  });

  it("goes on without a member that is none any more", async () => {
    const { nodes, start, stop, silent, members } = await cluster(3);
    silent.add(toHex(nodes[2]!.keyring.nodePublicKey));
    const rotations = nodes.slice(0, 2).map(start);
    const rotating = rotations[0]!.rotate();
    await until(
      "the wait",
      () => rotations[0]!.last()?.waitsFor,
      (why) => why !== undefined,
    );
    members.delete(nodes[2]!.id);
    assert.deepEqual(await rotating, { epoch: 2 });
    assert.deepEqual(nodes.slice(0, 2).map(epochs), [[2], [2]]);
    await stop();
  });

  it("hands no key to a stranger, nor one that the log does not name", async () => {
    const { nodes, start, stop, members } = await cluster(2);
    const [holder, other] = nodes as [Node, Node];
    start(holder);
    const offered = holder.keyring.vaultKeys.make(2, 1);
    const question = other.keyring.vaultKeys.question();
    const ask = (signer: Node, name = offered): unknown => {
      const { publicKey } = question;
      const text = concat(
        Buffer.from("MIDC/v1 vault key question"),
        Uint8Array.of(0, 0, 0, name.epoch),
        name.print,
        publicKey,
      );
      return holder.answers.get("vault key")!({
        epoch: name.epoch,
        print: toHex(name.print),
        publicKey: toHex(publicKey),
        node: toHex(other.keyring.nodePublicKey),
        signature: toHex(signer.keyring.sign(text)),
      });
    };
    assert.equal(await ask(other), null, "nothing is offered yet");
    await holder.replica.submit(0, { kind: "offerKey", ...offered });
    assert.equal(await ask(other, holder.keyring.vaultKeys.list()[0]), null, "another key");
    assert.equal(await ask(holder), null, "signed by somebody else");
    assert.notEqual(await ask(other), null);
    members.delete(other.id);
    assert.equal(await ask(other), null, "no member any more");
    await stop();
  });

  it("leaves a change of a user's own keys as it is, made at the same moment", async () => {
    const { nodes, start, stop } = await cluster(2);
    const [node] = nodes as [Node];
    const people = await Promise.all(Array.from({ length: 40 }, () => enrol(node)));
    const rotations = nodes.map(start);
    const peppers = new Map<string, Uint8Array>();
    const turn = async (chainId: Uint8Array): Promise<void> => {
      const pepper = random(32);
      const partition = partitionOf(chainId, PARTITIONS);
      const result = await submitWrapped(partition, node, (epoch) =>
        node.replica.submit(partition, {
          kind: "rotate",
          block: draft(chainId, { kind: "keys" }),
          slots: random(9),
          from: sha256(rowOf(node, chainId).slots),
          pepper: node.keyring.wrap(pepper, concat(chainId, PEPPER_BOUND), epoch),
          readerKeyId: random(16),
          binding: random(9),
        }),
      );
      assert.equal(result.kind, "done");
      peppers.set(toHex(chainId), pepper);
    };
    const turning = (async () => {
      for (const { chainId } of people) await turn(chainId);
    })();
    assert.deepEqual(await rotations[0]!.rotate(), { epoch: 2 });
    await turning;
    assert.deepEqual(await rotations[0]!.rotate(), { epoch: 3 });
    for (const { chainId, secret } of people) {
      const row = rowOf(node, chainId);
      assert.deepEqual(node.keyring.unwrap(row.shredKey, chainId), secret);
      assert.deepEqual(node.keyring.unwrap(row.pepper, concat(chainId, PEPPER_BOUND)), peppers.get(toHex(chainId)));
    }
    await stop();
  });

  it("is one change when two nodes begin it at once, and enrolments go on meanwhile", async () => {
    const { nodes, start, stop, faults } = await cluster(3);
    const rotations = nodes.map(start);
    const enrolling = Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        await systemClock.sleep(i * 10);
        return enrol(nodes[i % 3]!, i % PARTITIONS);
      }),
    );
    await Promise.all(rotations.map((rotation) => rotation.rotate()));
    const people = await enrolling;
    await rotations[0]!.rotate();
    const [newest] = new Set(nodes.map((node) => epochs(node).join()));
    assert.deepEqual(new Set(nodes.map((node) => epochs(node).join())), new Set([newest]));
    for (const { chainId, secret } of people)
      for (const node of nodes) {
        await node.replica.barrier(partitionOf(chainId, PARTITIONS));
        assert.deepEqual(node.keyring.unwrap(rowOf(node, chainId).shredKey, chainId), secret);
      }
    assert.deepEqual(faults, []);
    await stop();
  });

  it("offers another key when nobody holds the one that was offered", async () => {
    const { nodes, start, stop } = await cluster(2);
    await nodes[0]!.replica.submit(0, { kind: "offerKey", epoch: 2, print: random(32) });
    const rotations = nodes.map(start);
    const { epoch, waitsFor } = await rotations[0]!.rotate();
    assert.deepEqual([epoch, waitsFor], [4, undefined], "one in its place, and then the one that was asked for");
    await stop();
  });

  it("comes by itself when the key is old, by whoever is steward, and not before", async () => {
    const { nodes, start, stop } = await cluster(2, { isSteward: () => true, intervalMs: 3_000 });
    for (const node of nodes) start(node);
    await systemClock.sleep(500);
    assert.deepEqual(nodes.map(epochs), [[1], [1]]);
    await until(
      "a new key",
      () => nodes.map(epochs),
      (held) => held.every(([only, ...more]) => only === 2 && more.length === 0),
    );
    assert.equal(epochFor(1, nodes[0]!), 2);
    await stop();
  });
});
