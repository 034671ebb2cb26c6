import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { approvalTypedData, slotsContentHash, type Approval } from "../../../protocol/approval.ts";
import { toHex, type Hex } from "../../../protocol/bytes.ts";
import { bytesOf, type Actor } from "../../support/actors.ts";
import { random } from "../../support/relayer.ts";
import type { Answer, TestHttp } from "../../support/relayer/httpNode.ts";
import { startSignedIn } from "../../support/relayer/signedIn.ts";

describe("a change that a session alone must not make", () => {
  let http: TestHttp;
  let alice: Actor;
  let bob: Actor;
  let token: string;

  before(async () => {
    ({ http, alice, bob, token } = await startSignedIn());
  });
  after(() => http.stop());

  const nowS = (): number => Math.floor(Date.now() / 1000);
  const storedSlots = async (): Promise<Hex> => {
    const { body } = await http.ask("POST", "/v1/enrolment/start", { token });
    return (body as { slots: Hex }).slots;
  };
  const stored = async (): Promise<Hex> => toHex(slotsContentHash(bytesOf(await storedSlots())));
  /** What the owner's wallet would sign for these slots, with parts of it changed. */
  async function order(slots: Uint8Array, change: Partial<Approval> = {}, signer = alice) {
    const approval: Approval = {
      action: "replace key slots",
      chainId: alice.chainId,
      reader: new Uint8Array(20),
      notAfter: 0,
      purpose: "other",
      contentHash: slotsContentHash(slots),
      signedAt: nowS(),
      ...change,
    };
    const { chain, ledger } = http.node.network;
    const signature = await signer.wallet.signTypedData(approvalTypedData(approval, { chain, ledger }));
    return { slots: toHex(slots), replaces: await stored(), approval: { signedAt: approval.signedAt, signature } };
  }
  const put = (json: unknown): Promise<Answer> => http.ask("PUT", "/v1/me/slots", { token, json });
  const isRefused = ({ status, body }: Answer): void => {
    assert.deepEqual([status, (body as { code: string }).code], [422, "REFUSED_AP-035"]);
  };
  const kinds = async (): Promise<string[]> => {
    const { body } = await http.ask("GET", "/v1/chains/mine/blocks", { token });
    return (body as { blocks: { kind: string }[] }).blocks.map(({ kind }) => kind);
  };

  it("is made with the owner's fresh signature, and leaves a block that says so", async () => {
    const slots = random(50);
    const { status, body } = await put(await order(slots));
    assert.equal(status, 200);
    assert.deepEqual(await kinds(), ["keys", "genesis"]);
    assert.match((body as { blockId: string }).blockId, /^0x[0-9a-f]{64}$/);
    const start = await http.ask("POST", "/v1/enrolment/start", { token });
    assert.equal((start.body as { slots: string }).slots, toHex(slots));
  });

  it("is not made by a session alone", async () => {
    assert.equal((await put({ slots: "0x01" })).status, 400);
  });

  it("is not made with an approval of anything else", async () => {
    const slots = random(50);
    const before = await kinds();
    const changes: readonly Partial<Approval>[] = [
      { action: "grant access" },
      { chainId: bob.chainId },
      { reader: bob.account },
      { notAfter: 1 },
      { purpose: "care" },
      { contentHash: slotsContentHash(random(50)) },
    ];
    for (const change of changes) isRefused(await put(await order(slots, change)));
    isRefused(await put(await order(slots, {}, bob)));
    assert.deepEqual(await kinds(), before);
  });

  it("is not made with an approval that is old or from the future", async () => {
    isRefused(await put(await order(random(50), { signedAt: nowS() - 310 })));
    isRefused(await put(await order(random(50), { signedAt: nowS() + 120 })));
  });

  it("is made once, however often and however fast the same approval comes", async () => {
    const once = await order(random(50));
    const answers = await Promise.all([put(once), put(once), put(once)]);
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 422, 422]);
    const later = random(50);
    assert.equal((await put(await order(later))).status, 200);
    assert.equal((await put(once)).status, 422, "it names slots that are there no more");
    isRefused(await put({ ...once, replaces: await stored() }));
    const start = await http.ask("POST", "/v1/enrolment/start", { token });
    assert.equal((start.body as { slots: string }).slots, toHex(later));
  });
});
