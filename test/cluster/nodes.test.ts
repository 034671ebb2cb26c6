import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { generatePrivateKey, type PrivateKeyAccount } from "viem/accounts";
import { createSiweMessage } from "viem/siwe";
import { createClient, type Client } from "../../sdk/index.ts";
import { toHex } from "../../protocol/bytes.ts";
import { openFileKeyring, writeJoiningKeys } from "../../relayer/adapters/file/keyring.ts";
import { openLmdbJournal } from "../../relayer/adapters/lmdb/journal.ts";
import { frozenName } from "../../relayer/cluster/reports.ts";
import type { Trimmed } from "../../relayer/cluster/trims.ts";
import { operate } from "../../scripts/cluster/operate.ts";
import { startCluster, type ClusterStack } from "../../scripts/local/cluster.ts";
import { startRelayer } from "../../scripts/local/stack.ts";
import type { Audit } from "../../relayer/cluster/audits.ts";
import type { ClusterView } from "../../relayer/cluster/view.ts";
import { until } from "../support/until.ts";
import { scratch } from "./support.ts";

const viewOf = async (url: string): Promise<ClusterView> =>
  (await (await fetch(`${url}/v1/cluster`)).json()) as ClusterView;

describe("three nodes", () => {
  const { dir, remove } = scratch("nodes");
  let cluster: ClusterStack;
  let wallets: { readonly ana: PrivateKeyAccount; readonly bo: PrivateKeyAccount };
  const clientAt = (node: number, name: "ana" | "bo"): Client =>
    createClient({ url: cluster.relayers[node]!.url, origin: cluster.url, wallet: wallets[name] });

  before(async () => {
    cluster = await startCluster({
      dataDir: dir,
      names: ["ana", "bo"],
      env: {
        MIDCHAIN_IP_REQUESTS_PER_MINUTE: "0",
        MIDCHAIN_ACCOUNT_REQUESTS_PER_MINUTE: "0",
        MIDCHAIN_LOG_KEEP_RECORDS: "1",
      },
    });
    wallets = cluster.wallets as typeof wallets;
    await Promise.all([clientAt(0, "ana").enrol(), clientAt(1, "bo").enrol()]);
  });
  after(async () => {
    await cluster.stop();
    remove();
  });

  /** A two-party agreement, drafted at one node and submitted at another. */
  async function agree(drafted: number, submitted: number, reference: string): Promise<`0x${string}`> {
    const [ana, bo] = [clientAt(drafted, "ana"), clientAt(submitted, "bo")];
    await Promise.all([ana.unlock(), bo.unlock()]);
    const draft = await ana.draft({
      kind: "data",
      parties: [
        { account: wallets.ana.address, role: "initiator" },
        { account: wallets.bo.address, role: "counterparty" },
      ],
      reference,
    });
    await bo.submit(draft, [await ana.sign(draft), await bo.sign(draft)]);
    return draft.id;
  }

  it("take any request at any node, and follow it to its end at every node", async () => {
    const id = await agree(0, 1, "AT ANY NODE");
    for (const node of [2, 0, 1]) assert.equal((await clientAt(node, "ana").wait(id)).state, "completed");
    const chains = await Promise.all([0, 1, 2].map((node) => clientAt(node, "ana").myChain()));
    assert.equal(new Set(chains.map(({ blocks }) => blocks.map(({ hash }) => hash).join())).size, 1);
  });

  it("pass an audit of every copy, of partitions too that have never held a record", async () => {
    const empty = (await viewOf(cluster.relayers[0]!.url)).partitions.filter(({ tail }) => tail === 0);
    assert.ok(empty.length > 0);
    const operator = { method: "POST", headers: { "x-midchain-operator": "test" } };
    const audit = await until(
      "an audit at rest",
      async () => (await (await fetch(new URL("/audit", cluster.relayers[0]!.metricsUrl), operator)).json()) as Audit,
      ({ partitions }) => partitions.every(({ applied, servers }) => servers.every(({ last }) => last === applied)),
    );
    assert.deepEqual([audit.ok, audit.scrubbed], [true, true]);
    for (const { servers, alarms } of audit.partitions) {
      assert.deepEqual(alarms, []);
      assert.deepEqual(
        servers.map(({ server, missing }) => [server, missing]),
        [
          ["n1", 0],
          ["n2", 0],
          ["n3", 0],
        ],
      );
    }
  });

  it("see one another, and agree on who works on what", async () => {
    const views = await until(
      "three live nodes everywhere",
      () => Promise.all(cluster.relayers.map(({ url }) => viewOf(url))),
      (seen) => seen.every(({ nodes }) => nodes.filter(({ live }) => live).length === 3),
    );
    const executors = views.map(({ partitions }) => partitions.map(({ executor }) => executor).join());
    assert.equal(new Set(executors).size, 1);
    assert.equal(new Set(views[0]!.partitions.map(({ executor }) => executor)).size, 3);
    assert.deepEqual(views[0]!.unsafe, []);
  });

  it("know a session of one node at every node, and its end too", async () => {
    const [one, two] = [cluster.relayers[0]!.url, cluster.relayers[1]!.url];
    const { nonce } = (await (await fetch(`${one}/v1/session/nonce`)).json()) as { nonce: string };
    // Asked for at one node, used at another: behind a load balancer that is what happens.
    const { host } = new URL(two);
    const message = createSiweMessage({
      address: wallets.ana.address,
      chainId: 31337,
      domain: host,
      uri: two,
      nonce,
      version: "1",
    });
    const signature = await wallets.ana.signMessage({ message });
    const signIn = () =>
      fetch(`${two}/v1/session`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ message, signature }),
      });
    const session = await until("the nonce at the other node", signIn, ({ status }) => status === 201);
    const { token } = (await session.json()) as { token: string };
    const me = (url: string) => fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    for (const { url } of cluster.relayers) assert.equal((await me(url)).status, 200);
    await fetch(`${one}/v1/session`, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
    for (const { url } of cluster.relayers)
      await until(
        "the end of the session everywhere",
        () => me(url),
        ({ status }) => status === 401,
      );
  });

  it("answer a read with at least what its position says, and a strong one with everything", async () => {
    const id = await agree(0, 0, "READ YOUR WRITES");
    const [, , third] = cluster.relayers;
    const fresh = await fetch(`${third!.url}/v1/transactions/${id}?strong=true`);
    assert.equal(fresh.status, 200);
    const position = (await fetch(`${cluster.relayers[0]!.url}/v1/enrolment/start`, { method: "POST" })).headers.get(
      "midchain-position",
    );
    assert.ok(position !== null && position.length > 0);
    assert.equal((await fetch(`${third!.url}/v1/transactions/${id}?atLeast=${position}`)).status, 200);
    const far = "_".repeat(8);
    const behind = await fetch(`${third!.url}/v1/transactions/${id}?atLeast=${far}`);
    assert.deepEqual([behind.status, ((await behind.json()) as { code: string }).code], [503, "BEHIND"]);
    assert.equal((await fetch(`${third!.url}/v1/transactions/${id}?atLeast=!`)).status, 400);
  });

  it("tell what happens on the stream of every node", async () => {
    const stopping = new AbortController();
    const heard = await Promise.all(
      cluster.relayers.map(async ({ url }) => {
        const { body } = await fetch(`${url}/v1/events`, { signal: stopping.signal });
        return body!.pipeThrough(new TextDecoderStream()).getReader();
      }),
    );
    const id = await agree(1, 2, "HEARD EVERYWHERE");
    for (const reader of heard) {
      let text = "";
      while (!(text.includes(id) && text.includes('"state":"completed"'))) text += (await reader.read()).value ?? "";
    }
    stopping.abort();
  });

  it("spread the leaders over the servers again when a server comes back", async () => {
    const [server] = cluster.nats.servers;
    await server!.kill("SIGKILL");
    await until(
      "other leaders",
      () => viewOf(cluster.relayers[1]!.url),
      ({ partitions }) => partitions.every(({ leader }) => leader !== null && leader !== server!.name),
    );
    await server!.start();
    const spread = await until(
      "leaders within one of each other",
      () => viewOf(cluster.relayers[1]!.url),
      ({ servers, partitions }) => {
        const leads = servers.map((one) => one.leads);
        return (
          servers.length === 3 &&
          partitions.every(({ leader }) => leader !== null) &&
          Math.max(...leads) - Math.min(...leads) <= 1
        );
      },
      90_000,
    );
    assert.equal(spread.servers.length, 3);
  });

  it("go on without a node that was killed within five seconds, and take it back", async () => {
    const [first] = cluster.relayers;
    const before = await viewOf(cluster.relayers[1]!.url);
    await first!.kill("SIGKILL");
    const killedAt = performance.now();
    const ids = await Promise.all(Array.from({ length: 6 }, (_, i) => agree(1, 2, `WITHOUT ${i}`)));
    const dead = before.nodes.find(({ url }) => url === first!.url)!.id;
    await until(
      "the killed node's partitions at others",
      () => viewOf(cluster.relayers[1]!.url),
      ({ partitions }) => partitions.every(({ executor }) => executor !== null && executor !== dead),
    );
    assert.ok(performance.now() - killedAt < 5_000);
    for (const id of ids) assert.equal((await clientAt(2, "bo").wait(id)).state, "completed");
    await first!.start();
    for (const id of ids) assert.equal((await clientAt(0, "bo").wait(id)).state, "completed");
  });

  it("let people in at a node whose state was made anew only when it has what a stopped log holds", async () => {
    const [first, , third] = cluster.relayers;
    const { partitions } = await until(
      "a look at every log",
      () => viewOf(first!.url),
      (seen) => seen.partitions.some(({ tail }) => (tail ?? 0) > 0),
    );
    const stopped = partitions.find(({ tail }) => (tail ?? 0) > 0)!.partition;
    await third!.kill("SIGTERM");
    rmSync(join(third!.dataDir, "state"), { recursive: true });
    const journal = openLmdbJournal(join(third!.dataDir, "journal"));
    await journal.put([[frozenName(stopped), "1"]]);
    await journal.close();
    let isReady = false;
    const started = third!.start().then(() => (isReady = true));
    await until(
      "the operator's door",
      () =>
        fetch(third!.metricsUrl).then(
          () => true,
          () => false,
        ),
      (answers) => answers,
    );
    await assert.rejects(fetch(`${third!.url}/v1/cluster`), TypeError);
    assert.equal(isReady, false);
    const operator = { method: "POST", headers: { "x-midchain-operator": "test" } };
    await fetch(new URL("/audit?repair=true", first!.metricsUrl), operator);
    await started;
    await until(
      "all that the logs hold",
      () => viewOf(third!.url),
      (seen) => seen.partitions.length > 0 && seen.partitions.every(({ applied, tail }) => applied === tail),
    );
  });

  it("take in a new node, whose key a record has made a member and which starts from a snapshot, and let it go", async () => {
    const door = cluster.relayers[0]!.metricsUrl;
    for (const { metricsUrl } of cluster.relayers.slice(0, 2)) await operate(metricsUrl, "/cluster/snapshot");
    const { partitions: logs } = await operate<{ partitions: readonly Trimmed[] }>(door, "/cluster/trim");
    assert.ok(logs.some(({ first }) => first > 1));
    const joining = join(dir, "r4");
    writeJoiningKeys(join(joining, "keys.json"), join(cluster.relayers[0]!.dataDir, "keys.json"));
    const key = toHex(openFileKeyring(join(joining, "keys.json")).nodePublicKey);
    const settings = {
      ...cluster.relayers[0]!.env,
      MIDCHAIN_DATA_DIR: joining,
      MIDCHAIN_SENDER_KEY: generatePrivateKey(),
    };
    const env = { ...settings, MIDCHAIN_PORT: "0", MIDCHAIN_METRICS_PORT: "0" };
    await assert.rejects(startRelayer(env));
    const added = await operate<{ members: readonly string[] }>(door, `/cluster/members/${key}/add`);
    assert.equal(added.members.length, 4);
    const node = await startRelayer(env);
    const ana = createClient({ url: node.url, origin: cluster.url, wallet: wallets.ana });
    assert.deepEqual(await ana.myChain(), await clientAt(0, "ana").myChain());
    await node.stop();
    const left = await operate<{ members: readonly string[] }>(door, `/cluster/members/${key}/remove`);
    assert.equal(left.members.length, 3);
  });
});
