import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { toHex } from "../../../protocol/bytes.ts";
import { decodeSubmission, encodeSubmission } from "../../../protocol/request.ts";
import { enrolActor, makeRequest, type Actor } from "../../support/actors.ts";
import { startHttp, type Ask, type TestHttp } from "../../support/relayer/httpNode.ts";

/** Every object of the API, asked for by its owner, by another user, and by nobody (OWASP API1: BOLA). */
describe("objects and foreign users", () => {
  const [alice, bob, mallory] = Array.from({ length: 3 }, () => privateKeyToAccount(generatePrivateKey())) as [
    ReturnType<typeof privateKeyToAccount>,
    ReturnType<typeof privateKeyToAccount>,
    ReturnType<typeof privateKeyToAccount>,
  ];
  let http: TestHttp;
  let tokens: { alice: string; mallory: string };
  let actors: Actor[];
  let txId: string;
  let proposalId: string;

  before(async () => {
    http = await startHttp();
    actors = await Promise.all([alice, bob, mallory].map((wallet) => enrolActor(wallet, http.node)));
    tokens = { alice: await http.signIn(alice), mallory: await http.signIn(mallory) };
    const made = await makeRequest(actors.slice(0, 2), http.node.network);
    await http.ask("POST", "/v1/transactions", { cbor: made.bytes });
    txId = toHex(made.id);
    const open = decodeSubmission((await makeRequest(actors.slice(0, 2), http.node.network)).bytes);
    const cbor = encodeSubmission({ ...open, signatures: [open.signatures[0]!, new Uint8Array(0)] });
    const { body } = await http.ask("POST", "/v1/proposals", { cbor, token: tokens.alice });
    proposalId = (body as { id: string }).id;
  });
  after(() => http.stop());

  const signature = { signature: `0x${"11".repeat(65)}` };
  const approval = { signedAt: Math.floor(Date.now() / 1000), ...signature };
  const objects: readonly (readonly [
    method: string,
    path: () => string,
    owner: number,
    foreign: number,
    what?: Ask,
  ])[] = [
    ["GET", () => `/v1/transactions/${txId}/proof`, 200, 404],
    ["GET", () => `/v1/proposals/${proposalId}`, 200, 404],
    ["POST", () => `/v1/proposals/${proposalId}/signatures`, 200, 404, { json: signature }],
    ["DELETE", () => `/v1/grants/${bob.address}`, 404, 404, { json: { approval } }],
    ["GET", () => `/v1/shared/${alice.address}`, 404, 404],
  ];
  for (const [method, path, owner, foreign, what] of objects) {
    it(`${method} ${path.toString().replace(/^\(\) => /, "")}`, async () => {
      assert.equal((await http.ask(method, path(), { ...what, token: tokens.alice })).status, owner);
      assert.equal((await http.ask(method, path(), { ...what, token: tokens.mallory })).status, foreign);
      assert.equal((await http.ask(method, path(), what)).status, 401);
    });
  }

  it("shows each caller its own chain and nobody else's", async () => {
    const mine = await http.ask("GET", "/v1/chains/mine/blocks", { token: tokens.alice });
    const theirs = await http.ask("GET", "/v1/chains/mine/blocks", { token: tokens.mallory });
    const [one, two] = [mine.body, theirs.body] as { chainId: string; height: number; blocks: unknown[] }[];
    assert.deepEqual([one!.chainId, two!.chainId], [toHex(actors[0]!.chainId), toHex(actors[2]!.chainId)]);
    assert.deepEqual([one!.blocks.length, two!.blocks.length], [2, 1]);
    const position = Buffer.alloc(12).toString("base64url");
    const forged = await http.ask("GET", `/v1/chains/mine/blocks?cursor=${position}`, { token: tokens.mallory });
    assert.deepEqual((forged.body as { blocks: unknown[] }).blocks, []);
  });

  it("does not walk a foreign chain by a cursor that was given to its owner", async () => {
    const page = await http.ask("GET", "/v1/chains/mine/blocks?limit=1", { token: tokens.alice });
    const { cursor } = page.body as { cursor: string };
    const stolen = await http.ask("GET", `/v1/chains/mine/blocks?cursor=${cursor}`, { token: tokens.mallory });
    assert.deepEqual((stolen.body as { blocks: unknown[] }).blocks, []);
  });

  it("shows waiting proposals to those who have to sign, and drops signatures given for others", async () => {
    const waiting = async (token: string): Promise<string[]> => {
      const { body } = await http.ask("GET", "/v1/proposals", { token });
      return (body as { proposals: { id: string }[] }).proposals.map(({ id }) => id);
    };
    assert.deepEqual(await waiting(tokens.mallory), []);
    assert.deepEqual(await waiting(tokens.alice), []);
    assert.deepEqual(await waiting(await http.signIn(bob)), [proposalId]);
    const all = await makeRequest(actors.slice(0, 2), http.node.network);
    const { body } = await http.ask("POST", "/v1/proposals", { cbor: all.bytes, token: tokens.alice });
    assert.equal((await waiting(await http.signIn(bob))).includes((body as { id: string }).id), true);
    const foreign = await http.ask("POST", "/v1/proposals", { cbor: all.bytes, token: tokens.mallory });
    assert.equal(foreign.status, 422);
  });

  it("keeps proposals a day and no longer", async () => {
    http.advance(24 * 3600 * 1000);
    const token = await http.signIn(alice);
    assert.equal((await http.ask("GET", `/v1/proposals/${proposalId}`, { token })).status, 404);
    tokens = { alice: token, mallory: await http.signIn(mallory) };
  });

  it("refuses an enrolment with a ticket or a binding of somebody else", async () => {
    const fresh = privateKeyToAccount(generatePrivateKey());
    const token = await http.signIn(fresh);
    const { body } = await http.ask("POST", "/v1/enrolment/start", { token });
    const { ticket } = body as { ticket: string };
    const json = { ticket, binding: "0x80", slots: "0x00" };
    const foreign = await http.ask("POST", "/v1/enrolment", { token: tokens.mallory, json });
    assert.deepEqual([foreign.status, (foreign.body as { rule: string }).rule], [422, "AP-030"]);
  });

  it("stops a session's tokens once it is ended", async () => {
    const token = await http.signIn(alice);
    assert.equal((await http.ask("GET", "/v1/me", { token })).status, 200);
    assert.equal((await http.ask("DELETE", "/v1/session", { token })).status, 204);
    assert.equal((await http.ask("GET", "/v1/me", { token })).status, 401);
  });
});
