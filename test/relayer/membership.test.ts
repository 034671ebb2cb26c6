import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex, type Hex } from "../../protocol/bytes.ts";
import { openMembership } from "../../relayer/membership.ts";
import { memberKey } from "../../relayer/midc/apply.ts";
import { testIdentity, testReplica } from "../support/relayer.ts";

describe("the members of a cluster", () => {
  it("are changed in every partition, and as often as somebody wants", async () => {
    const { replica, identity } = await testReplica();
    const joining = testIdentity();
    const genesis = new Map([[toHex(identity.nodeId), identity.nodePublicKey]]);
    const isMember = (): readonly boolean[] =>
      [0, 1, 2, 3].map((p) => memberKey(replica.view, p, joining.nodeId, genesis) !== undefined);
    const members = (): readonly Hex[] => [toHex(identity.nodeId), ...(isMember()[0] ? [toHex(joining.nodeId)] : [])];
    const membership = openMembership(replica, members);
    const key = toHex(joining.nodePublicKey);
    for (const member of [true, false, true]) {
      assert.equal(await membership.change(key, member), "done");
      assert.deepEqual(isMember(), [member, member, member, member]);
    }
    assert.deepEqual(membership.list(), [toHex(identity.nodeId), toHex(joining.nodeId)]);
    await replica.stop();
  });

  it("are never none", async () => {
    const { replica, identity } = await testReplica();
    const membership = openMembership(replica, () => [toHex(identity.nodeId)]);
    assert.equal(await membership.change(toHex(identity.nodePublicKey), false), "last");
    await replica.stop();
  });
});
