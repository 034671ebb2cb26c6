import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import type { Audit } from "../../relayer/cluster/audits.ts";
import { run } from "../../scripts/local/run.ts";

type Partition = Audit["partitions"][number];

const sound: Partition = {
  ...{ partition: 0, applied: 12, silent: [], readOnly: false, alarms: [], steps: [], repaired: false },
  servers: [{ server: "n1", first: 1, last: 12, missing: 0 }],
};

/** A node at whose operator's door the answer is what the test says. */
describe("./midchain audit", () => {
  let server: Server;
  let answer: { readonly status: number; readonly body?: Audit };
  const asked: string[] = [];
  before(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.method ?? ""} ${request.url ?? ""} ${String(request.headers["x-midchain-operator"])}`);
      response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => server.close());

  const audit = (partitions: readonly Partition[], ok: boolean, ...more: readonly string[]) => {
    answer = { status: 200, body: { at: "2026-01-01T00:00:00.000Z", scrubbed: true, ok, partitions } };
    const { port } = server.address() as AddressInfo;
    return run(["node", "scripts/audit.ts", "--at", `http://127.0.0.1:${port}`, ...more]);
  };

  it("says that everything holds, and ends with 0", async () => {
    const { code, output } = await audit([sound], true, "--light", "--repair");
    assert.equal(code, 0, output);
    assert.match(output, /✔ {3}0 {2}applied {7}12 {2}n1 1-12 {2}sound\n[^!]*\neverything holds; every record/);
    assert.equal(asked.at(-1), "POST /audit?scrub=false&repair=true audit");
  });

  it("names a member that did not answer, and does not say that everything holds", async () => {
    const { code, output } = await audit([sound, { ...sound, partition: 1, silent: ["0xabcd"] }], true);
    assert.equal(code, 0, output);
    assert.match(output, /! 0xabcd was not heard everywhere: what it holds was not compared/);
    assert.match(output, /what was heard holds/);
    assert.doesNotMatch(output, /everything holds/);
  });

  it("tells what is wrong and what was done about it, and ends with 1 when it was not enough", async () => {
    const [alarms, steps] = [["n1 lacks something"], ["let n2 lead"]];
    const servers = [{ server: "n1", first: 1, last: 12, missing: 3 }];
    const mended = { ...sound, alarms, steps, repaired: true };
    const { code, output } = await audit([mended, { ...sound, servers, alarms, steps, readOnly: true }], false);
    assert.equal(code, 1, output);
    assert.match(output, /✔ .*repaired\n +n1 lacks something\n +done: let n2 lead/);
    assert.match(output, /✖ .*n1 1-12 lacks 3 {2}READ-ONLY\n +n1 lacks something\n +to do: let n2 lead/);
    assert.match(output, /something is wrong: docs\/CLUSTER.md/);
  });

  it("is one object for machines", async () => {
    const { output } = await audit([sound], true, "--json");
    assert.deepEqual((JSON.parse(output) as Audit).partitions, [sound]);
  });

  it("refuses with a fix where a node audits nothing, or none answers", async () => {
    answer = { status: 404 };
    const { port } = server.address() as AddressInfo;
    const alone = await run(["node", "scripts/audit.ts", "--at", `http://127.0.0.1:${port}`]);
    assert.notEqual(alone.code, 0);
    assert.match(alone.output, /the node answered 404\n +fix: ask a node of a cluster/);
    const nobody = await run(["node", "scripts/audit.ts", "--at", "http://127.0.0.1:1"]);
    assert.notEqual(nobody.code, 0);
    assert.match(nobody.output, /no node of a cluster answers\n +fix: /);
  });
});
