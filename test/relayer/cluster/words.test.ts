import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex, type Hex } from "../../../protocol/bytes.ts";
import { digestsIn, reportIn } from "../../../relayer/cluster/answers.ts";
import { openAsking } from "../../../relayer/cluster/asking.ts";
import { joinCluster } from "../../../relayer/cluster/cluster.ts";
import { createHealth } from "../../../relayer/cluster/health.ts";
import { followPeers } from "../../../relayer/cluster/peers.ts";
import { executorOf } from "../../../relayer/cluster/rendezvous.ts";
import { openWords, type Words } from "../../../relayer/cluster/words.ts";
import { random, testClock, testIdentity } from "../../support/relayer.ts";
import { members } from "../../support/room.ts";

type Identity = ReturnType<typeof testIdentity>;

describe("a word", () => {
  it("is heard by the other members, with who said it, and not by its speaker", () => {
    const { identities, words } = members(3);
    const heard = words.map((each) => {
      const all: unknown[] = [];
      each.hear("news", (word, from) => all.push([word, toHex(from)]));
      return all;
    });
    words[0]!.tell("news", { n: 1 });
    const expected = [[{ n: 1 }, toHex(identities[0]!.nodePublicKey)]];
    assert.deepEqual(heard, [[], expected, expected]);
  });

  it("is not heard when no member has signed it: changed, on another topic, in another's name, or a stranger's", () => {
    const { gossip, identities, words, isMember } = members(2);
    const heard: unknown[] = [];
    for (const topic of ["news", "other"]) words[1]!.hear(topic, (word) => heard.push(word));
    words[0]!.tell("news", { n: 1 });
    const [genuine] = gossip.said;
    assert.equal(heard.length, 1);
    for (let at = 0; at < genuine!.word.length; at += 1) {
      const changed = genuine!.word.slice();
      changed[at]! ^= 1;
      gossip.tell("news", changed);
    }
    for (let size = 0; size < genuine!.word.length; size += 1) gossip.tell("news", genuine!.word.slice(0, size));
    gossip.tell("other", genuine!.word);
    const stranger = testIdentity();
    openWords(gossip, stranger, isMember).tell("news", { n: 2 });
    const inAnothersName = { nodePublicKey: identities[0]!.nodePublicKey, sign: stranger.sign };
    openWords(gossip, inAnothersName, isMember).tell("news", { n: 3 });
    assert.equal(heard.length, 1);
  });
});

describe("the peers of a node", () => {
  const idOf = ({ nodeId }: Identity): Hex => toHex(nodeId);
  const follow = (identity: Identity, words: Words, clock: ReturnType<typeof testClock>) =>
    followPeers({ keyring: identity, url: () => "" }, { words, clock, applied: () => [] });

  it("live while they are heard, until they say that they leave or are silent for two seconds", () => {
    const { identities, words } = members(3);
    const clock = testClock();
    const [one, two, three] = identities.map((identity, i) => follow(identity, words[i]!, clock));
    const liveAt = (peers: typeof one): readonly Hex[] =>
      peers!
        .live()
        .map(({ id }) => id)
        .sort();
    assert.deepEqual(liveAt(one), [], "just started: the others have not been heard yet");
    clock.advance(2_000);
    assert.deepEqual(liveAt(one), [idOf(identities[0]!)], "what was said two seconds ago is over");
    const say = (i: number): void => {
      words[i]!.tell("alive", { url: "", applied: [], leaving: false });
    };
    say(1);
    say(2);
    assert.deepEqual(liveAt(one), identities.map(idOf).sort());
    clock.advance(1_999);
    say(1);
    clock.advance(1);
    assert.deepEqual(liveAt(one), [identities[0]!, identities[1]!].map(idOf).sort());
    two!.stop();
    assert.deepEqual(liveAt(one), [idOf(identities[0]!)]);
    one!.stop();
    three!.stop();
  });
});

describe("the executor of a partition", () => {
  const nodes = Array.from({ length: 5 }, () => random(16));
  const of = (partition: number, among: readonly Uint8Array[]): string | undefined => {
    const executor = executorOf(partition, among);
    return executor === undefined ? undefined : toHex(executor);
  };
  const partitions = Array.from({ length: 64 }, (_, p) => p);

  it("is one of the live nodes, the same in whatever order they are seen; nobody where nobody lives", () => {
    for (const p of partitions) {
      assert.equal(of(p, nodes), of(p, nodes.toReversed()));
      assert.ok(nodes.some((node) => toHex(node) === of(p, nodes)));
    }
    assert.equal(of(0, []), undefined);
    assert.equal(new Set(partitions.map((p) => of(p, nodes))).size, 5);
  });

  it("is chosen among the live: a node that has been silent too long works on nothing", () => {
    const { identities, words } = members(2);
    const clock = testClock();
    const cluster = joinCluster(
      { url: () => "", acceptUnsafe: true },
      {
        ...{ words: words[0]!, clock, keyring: identities[0]!, health: createHealth(), onFault: () => undefined },
        replica: { partitions: 64, applied: () => 0 },
        members: () => identities.map(({ nodeId }) => toHex(nodeId)),
        engine: {
          look: () => new Promise(() => undefined),
          partition: () => Promise.reject(new Error("not asked")),
          lead: () => Promise.resolve(),
          onConnection: () => () => undefined,
          glance: () => Promise.resolve(undefined),
        },
      },
    );
    clock.advance(2_000);
    words[1]!.tell("alive", { url: "", applied: [], leaving: false });
    const owned = (): number => partitions.filter((p) => cluster.owns(p)).length;
    assert.ok(owned() > 0 && owned() < 64, "both work");
    clock.advance(2_000);
    assert.equal(owned(), 64);
    void cluster.stop();
  });

  it("changes only for the partitions of a node that is gone, and comes back with it", () => {
    const gone = toHex(nodes[2]!);
    const left = nodes.filter((node) => toHex(node) !== gone);
    for (const p of partitions) {
      if (of(p, nodes) === gone) assert.notEqual(of(p, left), gone);
      else assert.equal(of(p, left), of(p, nodes));
    }
  });
});

describe("a question", () => {
  const opened = (count: number) => {
    const { identities, words } = members(count);
    const askings = identities.map(({ nodeId }, i) => openAsking(words[i]!, toHex(nodeId)));
    return { askings, ids: identities.map(({ nodeId }) => toHex(nodeId)) };
  };

  it("is answered by everybody who can, or by the one it is put to", async () => {
    const { askings, ids } = opened(3);
    for (const [i, asking] of askings.entries()) asking.answer("who", () => i);
    const all = await askings[0]!.ask("who", {}, { waitMs: 5_000, enough: ({ size }) => size === 3 });
    assert.deepEqual(all, new Map(ids.map((id, i) => [id, i])));
    const one = await askings[0]!.ask("who", {}, { waitMs: 5_000, to: ids[2]!, enough: ({ size }) => size > 0 });
    assert.deepEqual(one, new Map([[ids[2], 2]]));
  });

  it("ends without those who fail or do not know it", async () => {
    const { askings, ids } = opened(3);
    askings[0]!.answer("who", () => 0);
    askings[1]!.answer("who", () => Promise.reject(new Error("not now")));
    const heard = await askings[0]!.ask("who", {}, { waitMs: 50, enough: ({ size }) => size === 3 });
    assert.deepEqual(heard, new Map([[ids[0], 0]]));
  });
});

describe("what another node answers", () => {
  const report = { applied: 3, digests: [{ seq: 3, digest: "0x00" }], frozen: true, anchored: 1 };

  it("is heard in its form, as the word of the node that signed it", () => {
    assert.deepEqual(reportIn("0xaa", { ...report, node: "0xbb" }), { ...report, node: "0xaa" });
    assert.deepEqual(reportIn("0xaa", { ...report, conflict: 2, aside: 1 })?.conflict, 2);
    assert.deepEqual(digestsIn(report.digests), report.digests);
  });

  it("is not heard in any other", () => {
    for (const answer of [null, undefined, 7, [], {}, { ...report, applied: -1 }, { ...report, digests: [{}] }])
      assert.equal(reportIn("0xaa", answer), undefined);
    for (const answer of [null, undefined, {}, [{ seq: 1 }], "digests"]) assert.deepEqual(digestsIn(answer), []);
  });
});
