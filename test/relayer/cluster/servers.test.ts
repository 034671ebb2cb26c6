import type { NatsConnection } from "@nats-io/transport-node";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readServers, unsafeServers } from "../../../relayer/adapters/jetstream/gate.ts";

const sound = { config: { sync_always: true }, meta_cluster: { cluster_size: 3 } };

/** A connection over which these servers answer. */
function answering(data: Readonly<Record<string, object>>): NatsConnection {
  const answers = Object.entries(data).map(([name, said]) => ({
    json: () => ({ server: { name, ver: "2.15.1" }, data: said }),
  }));
  return { requestMany: () => Promise.resolve(answers) } as unknown as NatsConnection;
}

describe("a server whose disk is full or broken", () => {
  it("has turned its logs off, and counts as silent: the other two are believed as before", async () => {
    const servers = await readServers(answering({ n1: sound, n2: { disabled: true }, n3: sound }));
    assert.deepEqual(
      servers.map(({ name }) => name),
      ["n1", "n3"],
    );
    assert.deepEqual(unsafeServers(servers), []);
  });

  it("is one of too many when two of three have", async () => {
    const servers = await readServers(answering({ n1: sound, n2: { disabled: true }, n3: { disabled: true } }));
    assert.equal(unsafeServers(servers).length, 1);
  });

  it("is not taken for one that does not sync: that one is refused", async () => {
    const lazy = { config: {}, meta_cluster: { cluster_size: 3 } };
    const servers = await readServers(answering({ n1: sound, n2: lazy, n3: sound }));
    assert.match(unsafeServers(servers)[0]?.cause ?? "", /server n2/);
  });
});
