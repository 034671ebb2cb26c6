import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { approvalTypedData, type Approval } from "../../../protocol/approval.ts";
import { decodeHeader } from "../../../protocol/block.ts";
import { verifyChain } from "../../../protocol/chain.ts";
import { toHex } from "../../../protocol/bytes.ts";
import { keys } from "../../../relayer/midc/keys.ts";
import { decodeVault } from "../../../relayer/midc/rows.ts";
import { bytesOf, enrolActor, type Actor } from "../../support/actors.ts";
import type { Answer, TestHttp } from "../../support/relayer/httpNode.ts";
import { startSignedIn } from "../../support/relayer/signedIn.ts";

interface Page {
  readonly chainId: string;
  readonly state: string;
  readonly blocks: readonly { readonly header: string; readonly kind: string; readonly body?: unknown }[];
}

describe("erasing an account over HTTP", () => {
  let http: TestHttp;
  let alice: Actor;
  let bob: Actor;
  let token: string;

  before(async () => {
    ({ http, alice, bob, token } = await startSignedIn());
  });
  after(() => http.stop());

  async function approval(change: Partial<Approval> = {}, signer = alice) {
    const signedAt = Math.floor(Date.now() / 1000);
    const usual: Approval = {
      action: "erase everything",
      chainId: alice.chainId,
      reader: new Uint8Array(20),
      notAfter: 0,
      purpose: "other",
      contentHash: new Uint8Array(32),
      signedAt,
      ...change,
    };
    const { chain, ledger } = http.node.network;
    const signature = await signer.wallet.signTypedData(approvalTypedData(usual, { chain, ledger }));
    return { signedAt: usual.signedAt, signature };
  }
  const erase = (json: unknown, as = token): Promise<Answer> =>
    http.ask("POST", "/v1/account/erase", { token: as, json });
  const wrapOf = (chainId: Uint8Array): Uint8Array =>
    decodeVault(http.node.replica.view.get(keys.vault(chainId))!).shredKey;
  const codeOf = ({ body }: Answer): string => (body as { code: string }).code;

  it("takes the owner's fresh signature over exactly that", async () => {
    assert.equal((await erase({})).status, 400);
    for (const change of [
      { action: "rotate keys" },
      { chainId: bob.chainId },
      { signedAt: Math.floor(Date.now() / 1000) - 310 },
    ] as const)
      assert.equal(codeOf(await erase({ approval: await approval(change) })), "REFUSED_AP-035");
    assert.equal(codeOf(await erase({ approval: await approval({}, bob) })), "REFUSED_AP-035");
    assert.equal((await http.ask("GET", "/v1/me", { token })).status, 200);
  });

  it("erases at once, ends every session, and says so of the chain", async () => {
    const wrapped = wrapOf(alice.chainId);
    const second = await http.signIn(alice.wallet);
    const others = await http.signIn(bob.wallet);
    const { status, body } = await erase({ approval: await approval() });
    assert.equal(status, 200);
    const { blockId, receipt, ...rest } = body as { blockId: string; receipt: string };
    assert.deepEqual(rest, { chainId: toHex(alice.chainId), state: "erased" });
    for (const each of [token, second]) assert.equal((await http.ask("GET", "/v1/me", { token: each })).status, 401);
    const path = `/v1/chains/${toHex(alice.chainId)}/blocks?tombstone=${blockId}&receipt=`;
    for (const wrong of [`0x${"00".repeat(32)}`, blockId])
      assert.equal((await http.ask("GET", `${path}${wrong}`, { token: others })).status, 404, "not for everybody");
    const page = (await http.ask("GET", `${path}${receipt}`, { token: others })).body as Page;
    assert.deepEqual([page.state, page.blocks.map(({ kind }) => kind)], ["erased", ["tombstone", "genesis"]]);
    assert.ok(page.blocks.every((block) => block.body === undefined));
    const headers = page.blocks.map(({ header }) => ({ header: bytesOf(header) })).reverse();
    assert.equal(verifyChain(headers).kind, "holds");
    assert.equal(toHex(decodeHeader(headers[1]!.header).txId), blockId);
    assert.equal((await http.ask("GET", `/v1/keys/${alice.wallet.address}`, { token: others })).status, 404);
    const ofBob = path.replace(toHex(alice.chainId), toHex(bob.chainId));
    assert.equal((await http.ask("GET", `${ofBob}${receipt}`, { token: others })).status, 404);
    assert.notEqual(http.node.keyring.unwrap(wrapped, alice.chainId), undefined, "the vault key is still the same");
    assert.deepEqual(await http.node.rotation.rotate(), { epoch: 2 });
    assert.equal(http.node.keyring.unwrap(wrapped, alice.chainId), undefined);
  });

  it("lets the account sign in and enrol anew, on another chain", async () => {
    const fresh = await http.signIn(alice.wallet);
    assert.equal((await http.ask("GET", "/v1/me", { token: fresh })).status, 404);
    const again = await erase({ approval: await approval() }, fresh);
    assert.equal(codeOf(again), "REFUSED_AP-031");
    const anew = await enrolActor(alice.wallet, http.node);
    assert.notDeepEqual(anew.chainId, alice.chainId);
    const { body } = await http.ask("GET", "/v1/me", { token: fresh });
    assert.equal((body as { chainId: string }).chainId, toHex(anew.chainId));
    assert.equal(codeOf(await erase({ approval: await approval() }, fresh)), "REFUSED_AP-035", "of the old chain");
  });

  it("is found in the OpenAPI document", async () => {
    const { body } = await http.ask("GET", "/v1/openapi.json");
    const { paths } = body as { paths: Record<string, object> };
    assert.ok(Object.keys(paths).some((path) => path.endsWith("/account/erase")));
  });
});
