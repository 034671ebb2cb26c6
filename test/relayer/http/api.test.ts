import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { after, before, describe, it } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { toHex } from "../../../protocol/bytes.ts";
import { verifyReceipt, type Receipt } from "../../../protocol/receipt.ts";
import { SUBMISSION_BYTES_MAX } from "../../../protocol/request.ts";
import { Fault } from "../../../relayer/errors.ts";
import { enrolActor, makeRequest, type Actor } from "../../support/actors.ts";
import { startHttp, type Answer, type TestHttp } from "../../support/relayer/httpNode.ts";

const wallet = () => privateKeyToAccount(generatePrivateKey());

function isProblem(answer: Answer, status: number, code: string): void {
  assert.equal(answer.headers.get("content-type"), "application/problem+json; charset=utf-8");
  const body = answer.body as Record<string, unknown>;
  assert.deepEqual([answer.status, body["status"], body["code"]], [status, status, code]);
  for (const name of ["type", "title", "cause", "fix"]) assert.equal(typeof body[name], "string", name);
  assert.doesNotMatch(answer.text, /\.ts:|node_modules/);
}

describe("the HTTP API", () => {
  let http: TestHttp;
  let actors: Actor[];
  before(async () => {
    http = await startHttp({ origins: ["https://dapp.example"] });
    actors = await Promise.all([wallet(), wallet()].map((each) => enrolActor(each, http.node)));
  });
  after(() => http.stop());
  const post = (bytes: Uint8Array, headers: Record<string, string> = {}) =>
    http.ask("POST", "/v1/transactions", { cbor: bytes, headers });

  it("takes a request, signs a receipt, and answers the same id again", async () => {
    const made = await makeRequest(actors, http.node.network);
    const id = toHex(made.id);
    const first = await post(made.bytes, { "idempotency-key": id });
    const again = await post(made.bytes, { "idempotency-key": id.slice(2).toUpperCase() });
    assert.deepEqual([first.status, again.status], [202, 202]);
    const [one, two] = [first.body, again.body] as { id: string; known: boolean; state: string; receipt: Receipt }[];
    assert.deepEqual([one!.id, two!.id, one!.known, two!.known, one!.state], [id, id, false, true, "pending"]);
    assert.equal(verifyReceipt(one!.receipt), true);
    assert.equal(one!.receipt.node, toHex(http.node.keyring.nodePublicKey));
    assert.equal(verifyReceipt({ ...one!.receipt, at: one!.receipt.at + 1 }), false);
    const { body } = await http.ask("GET", `/v1/transactions/${id}`);
    assert.equal((body as { id: string }).id, id);
  });

  it("refuses an Idempotency-Key that is not the request's id, before it does anything", async () => {
    const made = await makeRequest(actors, http.node.network);
    isProblem(await post(made.bytes, { "idempotency-key": "11".repeat(32) }), 422, "KEY_MISMATCH");
    isProblem(await http.ask("GET", `/v1/transactions/${toHex(made.id)}`), 404, "NO_SUCH_OBJECT");
  });

  it("names the rule that a request broke", async () => {
    const { network } = http.node;
    const past = await makeRequest(actors, network, { change: { validUntil: 1 } });
    const otherChain = await makeRequest(actors, network, { change: { chain: 1 } });
    const personal = await makeRequest(actors, network, { reference: "jane.doe@example.org" });
    const stranger = { ...actors[1]!, chainId: new Uint8Array(16) };
    const noChain = await makeRequest([actors[0]!, stranger], network);
    const forged = await makeRequest([actors[0]!, { ...actors[1]!, wallet: wallet() }], network);
    const rules = [
      [past, "AP-003"],
      [otherChain, "AP-001"],
      [personal, "AP-020"],
      [noChain, "AP-031"],
      [forged, "AP-030"],
    ] as const;
    for (const [made, rule] of rules) {
      const answer = await post(made.bytes);
      isProblem(answer, 422, `REFUSED_${rule}`);
      assert.equal((answer.body as { rule: string }).rule, rule);
    }
  });

  it("answers bytes that are no request with 400, and too many of them with 413", async () => {
    isProblem(await post(Uint8Array.of(1, 2, 3)), 400, "REFUSED_AP-011");
    isProblem(await post(new Uint8Array(0)), 400, "REFUSED_AP-011");
    isProblem(await post(new Uint8Array(SUBMISSION_BYTES_MAX + 1)), 413, "TOO_LARGE");
    const chunk = Buffer.alloc(64 * 1024);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { "content-type": "application/cbor", "transfer-encoding": "chunked" };
      const sent = httpRequest(`${http.url}/v1/transactions`, { method: "POST", headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      sent.on("error", reject);
      for (let i = 0; i <= SUBMISSION_BYTES_MAX / chunk.length; i += 1) sent.write(chunk);
      sent.end();
    });
    assert.equal(status, 413);
  });

  it("takes the documented type only, and nothing compressed", async () => {
    const bytes = (await makeRequest(actors, http.node.network)).bytes;
    isProblem(await http.ask("POST", "/v1/transactions", { raw: bytes }), 415, "BAD_TYPE");
    isProblem(await post(bytes, { "content-encoding": "gzip" }), 415, "BAD_TYPE");
    isProblem(await http.ask("POST", "/v1/session", { raw: "{}" }), 415, "BAD_TYPE");
  });

  it("reads JSON strictly", async () => {
    const headers = { "content-type": "application/json" };
    for (const raw of ['{"refreshToken":"a","refreshToken":"b"}', "{", '{"__proto__":{}}', "\ufeff{}"]) {
      isProblem(await http.ask("POST", "/v1/session/refresh", { raw, headers }), 400, "REFUSED_AP-012");
    }
    const extra = { json: { refreshToken: "a", admin: true } };
    isProblem(await http.ask("POST", "/v1/session/refresh", extra), 400, "BAD_REQUEST");
    const large = { raw: `{"refreshToken":"${"a".repeat(1024 * 1024)}"}`, headers };
    isProblem(await http.ask("POST", "/v1/session/refresh", large), 413, "TOO_LARGE");
  });

  it("answers unknown addresses, wrong methods and malformed parts with problems", async () => {
    isProblem(await http.ask("GET", "/v1/nothing"), 404, "NOT_FOUND");
    isProblem(await http.ask("GET", "/nothing"), 404, "NOT_FOUND");
    isProblem(await http.ask("GET", "/v1/transactions/0x12"), 400, "BAD_REQUEST");
    isProblem(await http.ask("GET", "/v1/transactions/%E0%A4%A"), 400, "BAD_REQUEST");
    isProblem(await http.ask("GET", "/v1/transactions?limit=1000"), 400, "BAD_REQUEST");
    isProblem(await http.ask("GET", `/v1/transactions/0x${"00".repeat(32)}`), 404, "NO_SUCH_OBJECT");
    const answer = await http.ask("DELETE", "/v1/transactions");
    isProblem(answer, 405, "METHOD_NOT_ALLOWED");
    assert.equal(answer.headers.get("allow"), "POST, GET");
  });

  it("lists transactions newest first, page by page", async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      const made = await makeRequest(actors, http.node.network);
      await post(made.bytes);
      ids.unshift(toHex(made.id));
    }
    const seen: string[] = [];
    let cursor = "";
    for (let page = 0; page < 2; page += 1) {
      const { body } = await http.ask("GET", `/v1/transactions?limit=2${cursor}`);
      const { transactions, cursor: next } = body as { transactions: { id: string }[]; cursor?: string };
      seen.push(...transactions.map(({ id }) => id));
      cursor = `&cursor=${next ?? ""}`;
    }
    assert.deepEqual(seen.slice(0, 3), ids);
    const { text } = await http.ask("GET", "/v1/transactions");
    for (const { account, chainId } of actors) {
      assert.ok(!text.includes(toHex(account).slice(2)) && !text.includes(toHex(chainId).slice(2)));
    }
  });

  it("sends security headers, and lets other origins in only when they are listed", async () => {
    const plain = await http.ask("GET", "/v1/network", { headers: { origin: "https://evil.example" } });
    assert.equal(plain.headers.get("access-control-allow-origin"), null);
    assert.match(plain.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.equal(plain.headers.get("cache-control"), "no-store");
    assert.equal(plain.headers.get("x-powered-by"), null);
    const listed = await http.ask("OPTIONS", "/v1/network", { headers: { origin: "https://dapp.example" } });
    assert.equal(listed.status, 204);
    assert.equal(listed.headers.get("access-control-allow-origin"), "https://dapp.example");
    assert.equal(listed.headers.get("access-control-allow-credentials"), null);
  });

  it("lets a listed origin read what the hot path answers", async () => {
    const made = await makeRequest(actors, http.node.network);
    const preflight = await http.ask("OPTIONS", "/v1/transactions", { headers: { origin: "https://dapp.example" } });
    assert.equal(preflight.status, 204);
    const answer = await post(made.bytes, { origin: "https://dapp.example" });
    assert.equal(answer.headers.get("access-control-allow-origin"), "https://dapp.example");
  });

  it("describes every route in OpenAPI 3.1, with every reference resolved", async () => {
    const { body, text } = await http.ask("GET", "/v1/openapi.json");
    const document = body as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
      components: { schemas: Record<string, unknown> };
    };
    assert.equal(document.openapi, "3.1.0");
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    assert.ok(operations.length >= 22);
    assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
    for (const { responses } of operations) assert.ok("4XX" in responses && "5XX" in responses);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      assert.ok(name !== undefined && name in document.components.schemas, name);
    }
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) {
        const answer = await http.ask(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "0x00"));
        assert.notEqual((answer.body as { code?: string }).code, "NOT_FOUND", `${method} ${path}`);
      }
    }
  });

  it("shows a readable page that asks nobody else for anything", async () => {
    const { text, status } = await http.ask("GET", "/docs");
    assert.equal(status, 200);
    assert.match(text, /\/v1\/transactions\/\{id\}\/proof/);
    assert.doesNotMatch(text, /(?:src|href)="(?:https?:)?\/\//);
    assert.doesNotMatch(text, /<script/);
  });

  it("is healthy, and ready", async () => {
    assert.equal((await http.ask("GET", "/health")).status, 200);
    const { status, body } = await http.ask("GET", "/ready");
    assert.equal(status, (body as { ready: boolean }).ready ? 200 : 503);
  });
});

describe("faults of the node", () => {
  it("become 503 with Retry-After when trying again helps, and else 500 with an id and nothing more", async () => {
    const faults = [new Fault("QUEUE_FULL"), new Fault("LOG_UNAVAILABLE", "/secret/path"), new Error("secret")];
    const http = await startHttp({}, (node) => ({
      ...node,
      stages: { ...node.stages, guard: () => Promise.reject(faults.shift() ?? new Error("asked too often")) },
    }));
    const actor = await enrolActor(wallet(), http.node);
    const made = await makeRequest([actor], http.node.network);
    const answers: Answer[] = [];
    for (let i = 0; i < 3; i += 1) answers.push(await http.ask("POST", "/v1/transactions", { cbor: made.bytes }));
    await http.stop();
    isProblem(answers[0]!, 503, "QUEUE_FULL");
    isProblem(answers[1]!, 503, "LOG_UNAVAILABLE");
    isProblem(answers[2]!, 500, "INTERNAL");
    assert.equal(answers[0]!.headers.get("retry-after"), "1");
    for (const { text } of answers) assert.doesNotMatch(text, /secret/);
  });
});
