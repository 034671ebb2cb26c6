import assert from "node:assert/strict";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { describe, it } from "node:test";
import { encodeBody, encodeSubmission, requestId } from "../../../protocol/request.ts";
import { Fault } from "../../../relayer/errors.ts";
import { accept } from "../../../relayer/flow/flow.ts";
import { createPending, type PendingPorts } from "../../../relayer/flow/pending.ts";
import { keys } from "../../../relayer/midc/keys.ts";
import { decodeHead } from "../../../relayer/midc/rows.ts";
import { shredKeyOf } from "../../../relayer/privacy/shred.ts";
import { sampleBody } from "../../support/requests.ts";
import { enrolCommand, idAt, random, testClock, testReplica } from "../../support/relayer.ts";
import { until } from "../../support/until.ts";

describe("a request that comes again", () => {
  it("is answered only when every party's chain has its block, also when the try before stopped halfway", async () => {
    const { replica, log } = await testReplica();
    const chains = [idAt(1, 16), idAt(2, 16)];
    for (const [i, chainId] of chains.entries()) await replica.submit(i + 1, enrolCommand(chainId, idAt(i + 1, 16)));
    const body = {
      ...sampleBody("data"),
      contents: [],
      parties: chains.map((chainId) => ({
        account: random(20),
        chainId,
        codedId: random(32),
        role: "witness" as const,
      })),
    };
    const bodyBytes = encodeBody(body);
    const id = requestId(bodyBytes);
    const bytes = encodeSubmission({ bodyBytes, signatures: [], dealSignatures: [], parts: [] });
    let away = true;
    const submit: PendingPorts["replica"]["submit"] = (partition, command) =>
      away && command.kind === "block" && partition === 2
        ? Promise.reject(new Error("the partition is away"))
        : replica.submit(partition, command);
    const ports = {
      replica: { ...replica, submit },
      log,
      vault: { shredKey: () => shredKeyOf(new Uint8Array(32)) },
      clock: testClock(),
      keccak: keccak_256,
    };
    const network = { chain: 1, ledger: random(20), engine: random(20), tokens: new Set<string>() };
    const pending = createPending(network, ports);
    const isKnown = (): boolean => replica.view.get(keys.tx(id)) !== undefined;
    const guard = () =>
      Promise.resolve(isKnown() ? { kind: "known" as const } : { kind: "admitted" as const, weight: 0 });
    const heights = () => chains.map((chainId) => decodeHead(replica.view.get(keys.head(chainId))!).height);

    await assert.rejects(accept(bytes, { guard, pending }));
    // The other party's block is on its way, and nobody waits for it any more.
    assert.deepEqual(await until("the first party's block", heights, ([first]) => first === 1), [1, 0]);
    await assert.rejects(accept(bytes, { guard, pending }), "it is not taken for done");
    away = false;
    const again = await accept(bytes, { guard, pending });
    assert.deepEqual(again.kind === "accepted" && again.known, true);
    assert.deepEqual(heights(), [1, 1]);
    const before = await log.tail(1);
    await accept(bytes, { guard, pending });
    assert.deepEqual([heights(), await log.tail(1)], [[1, 1], before], "and costs the log nothing once it is done");

    const distrusting = { ...ports.replica, refusal: () => new Fault("LOG_UNSAFE", "a server") };
    const promise = accept(bytes, { guard, pending: createPending(network, { ...ports, replica: distrusting }) });
    await assert.rejects(promise, { code: "LOG_UNSAFE" }, "and is no promise while its log cannot be believed");
  });
});
