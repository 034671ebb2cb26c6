import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { hexToBytes } from "viem";
import { approvalTypedData, keysContentHash, slotsContentHash, type Approval } from "../../../protocol/approval.ts";
import { bindingTypedData, decodeBinding, encodeBinding, type KeyBinding } from "../../../protocol/binding.ts";
import { toHex, type Hex } from "../../../protocol/bytes.ts";
import { bytesOf, type Actor } from "../../support/actors.ts";
import { random } from "../../support/relayer.ts";
import type { Answer, TestHttp } from "../../support/relayer/httpNode.ts";
import { freshWallet, startSignedIn } from "../../support/relayer/signedIn.ts";

describe("a rotation of keys", () => {
  let http: TestHttp;
  let alice: Actor;
  let bob: Actor;
  let token: string;

  before(async () => {
    ({ http, alice, bob, token } = await startSignedIn());
  });
  after(() => http.stop());

  const start = async () => {
    const slots = await http.ask("POST", "/v1/enrolment/start", { token });
    const keys = await http.ask("POST", "/v1/me/keys/start", { token });
    return { ...(slots.body as { slots: Hex; pepper: Hex }), next: keys.body as { pepper: Hex; ticket: Hex } };
  };
  const bindingNow = async (): Promise<KeyBinding> => {
    const { body } = await http.ask("GET", `/v1/keys/${alice.wallet.address}`, { token });
    return decodeBinding(bytesOf((body as { binding: string }).binding));
  };

  /** What the owner would send, with parts of it changed before or after they are signed. */
  async function order(
    change: {
      readonly binding?: Partial<KeyBinding>;
      readonly bindingAfter?: Partial<KeyBinding>;
      readonly approval?: Partial<Approval>;
    } = {},
  ) {
    const { slots: stored, next } = await start();
    const unsigned: KeyBinding = {
      account: alice.account,
      chainId: alice.chainId,
      suite: 0,
      publicKey: random(32),
      readerKeyId: random(16),
      signingKey: random(32),
      epoch: (await bindingNow()).epoch + 1,
      ...change.binding,
    };
    const signature = hexToBytes(await alice.wallet.signTypedData(bindingTypedData(unsigned)));
    const binding = encodeBinding({ ...unsigned, signature, ...change.bindingAfter });
    const slots = random(50);
    const approval: Approval = {
      action: "rotate keys",
      chainId: alice.chainId,
      reader: new Uint8Array(20),
      notAfter: 0,
      purpose: "other",
      contentHash: keysContentHash(binding, slots),
      signedAt: Math.floor(Date.now() / 1000),
      ...change.approval,
    };
    const { chain, ledger } = http.node.network;
    return {
      pepper: next.pepper,
      json: {
        ticket: next.ticket,
        binding: toHex(binding),
        slots: toHex(slots),
        replaces: toHex(slotsContentHash(bytesOf(stored))),
        approval: {
          signedAt: approval.signedAt,
          signature: await alice.wallet.signTypedData(approvalTypedData(approval, { chain, ledger })),
        },
      },
    };
  }
  const put = (json: unknown): Promise<Answer> => http.ask("PUT", "/v1/me/keys", { token, json });
  const isRefused = (rule: string, { status, body }: Answer): void => {
    assert.equal((body as { code: string }).code, `REFUSED_${rule}`);
    assert.ok(status >= 400 && status < 500);
  };

  it("brings the new binding, pepper and slots together, and a block that holds the keys", async () => {
    const { json, pepper } = await order();
    assert.equal((await put(json)).status, 200);
    const after = await start();
    assert.deepEqual([after.slots, after.pepper], [json.slots, pepper]);
    assert.equal((await bindingNow()).epoch, 1);
    const { body } = await http.ask("GET", "/v1/chains/mine/blocks", { token });
    const [newest] = (body as { blocks: { kind: string; body: { bytes: string } }[] }).blocks;
    assert.deepEqual([newest?.kind, newest?.body.bytes], ["keys", json.binding]);
  });

  it("is not made when any field that was signed is another", async () => {
    const before = await start();
    const after: readonly Partial<KeyBinding>[] = [
      { account: bob.account },
      { chainId: bob.chainId },
      { suite: 1 },
      { publicKey: random(32) },
      { readerKeyId: random(16) },
      { signingKey: random(32) },
    ];
    for (const bindingAfter of after) isRefused("AP-030", await put((await order({ bindingAfter })).json));
    const epoch = (await bindingNow()).epoch + 1;
    isRefused("AP-030", await put((await order({ binding: { epoch: epoch + 1 }, bindingAfter: { epoch } })).json));
    const approvals: readonly Partial<Approval>[] = [
      { action: "replace key slots" },
      { chainId: bob.chainId },
      { reader: bob.account },
      { notAfter: 1 },
      { purpose: "care" },
      { contentHash: random(32) },
      { signedAt: Math.floor(Date.now() / 1000) - 310 },
    ];
    for (const approval of approvals) isRefused("AP-035", await put((await order({ approval })).json));
    const { json } = await order();
    const late = json.approval.signedAt - 1;
    isRefused("AP-035", await put({ ...json, approval: { ...json.approval, signedAt: late } }));
    isRefused("AP-035", await put({ ...json, slots: toHex(random(50)) }));
    assert.equal((await start()).slots, before.slots);
  });

  it("goes one epoch on, from what is stored, with a ticket of its own", async () => {
    const { epoch } = await bindingNow();
    for (const other of [epoch, epoch + 2, 0])
      isRefused("AP-031", await put((await order({ binding: { epoch: other } })).json));
    const { json } = await order();
    isRefused("AP-031", await put({ ...json, replaces: toHex(random(32)) }));
    isRefused("AP-030", await put({ ...json, ticket: toHex(random(60)) }));
    const others = await http.ask("POST", "/v1/me/keys/start", { token: await http.signIn(bob.wallet) });
    isRefused("AP-030", await put({ ...json, ticket: (others.body as { ticket: Hex }).ticket }));
    isRefused("AP-011", await put({ ...json, binding: "0x80" }));
    isRefused("AP-010", await put({ ...json, slots: "0x" }));
    assert.equal((await put({ ...json, approval: undefined })).status, 400);
    const answers = await Promise.all([put(json), put(json), put((await order()).json)]);
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 422, 422]);
    const stranger = await http.signIn(freshWallet());
    isRefused("AP-031", await http.ask("POST", "/v1/me/keys/start", { token: stranger }));
  });
});
