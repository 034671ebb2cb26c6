import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Msg, NatsConnection, Subscription, SubscriptionOptions } from "@nats-io/transport-node";
import { AppendRefused, openAcks } from "../../../relayer/adapters/jetstream/acks.ts";
import { Fault } from "../../../relayer/errors.ts";

/** A connection on which the test answers for the servers. */
function fakeConnection() {
  const sent: string[] = [];
  let hear: SubscriptionOptions["callback"];
  const nc = {
    subscribe(_subject: string, options: SubscriptionOptions) {
      hear = options.callback;
      return { unsubscribe: () => undefined } as unknown as Subscription;
    },
    publish(_subject: string, _record: Uint8Array, { reply }: { readonly reply: string }) {
      sent.push(reply);
    },
  } as unknown as NatsConnection;
  const answer = (index: number, text: string, code?: number): void => {
    const headers = code === undefined ? undefined : { code };
    void hear?.(null, { subject: sent[index] ?? "", data: Buffer.from(text), headers } as unknown as Msg);
  };
  return { nc, sent, answer };
}

const record = new Uint8Array(3);
const isFault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

describe("the acknowledgements of appends", () => {
  it("reach whoever appended, in whatever order they come", async () => {
    const { nc, answer } = fakeConnection();
    const acks = openAcks(nc, 60_000);
    const [first, second] = [acks.append("a", record), acks.append("b", record)];
    answer(1, '{"stream":"B","seq":7}');
    answer(0, '{"stream":"A","seq":5,"duplicate":true}');
    assert.deepEqual(await first, { stream: "A", seq: 5, duplicate: true });
    assert.deepEqual(await second, { stream: "B", seq: 7, duplicate: false });
    acks.close();
  });

  it("count once: a second answer to the same append is nobody's", async () => {
    const { nc, answer } = fakeConnection();
    const acks = openAcks(nc, 60_000);
    const only = acks.append("a", record);
    answer(0, '{"stream":"A","seq":5}');
    answer(0, '{"stream":"A","seq":6}');
    assert.equal((await only).seq, 5);
    acks.close();
  });

  it("are errors with the engine's code when it refuses, and faults when nobody listens or nothing sensible is said", async () => {
    const { nc, answer } = fakeConnection();
    const acks = openAcks(nc, 60_000);
    const appends = [0, 1, 2, 3].map(() => acks.append("a", record));
    answer(0, '{"error":{"err_code":10077,"description":"maximum bytes exceeded"}}');
    answer(1, "", 503);
    answer(2, "half an ans");
    answer(3, "null");
    await assert.rejects(appends[0]!, (error) => error instanceof AppendRefused && error.code === 10_077);
    await assert.rejects(appends[1]!, isFault("LOG_UNAVAILABLE"));
    for (const append of appends.slice(2))
      await assert.rejects(append, (error) => error instanceof AppendRefused && error.code === 0);
    acks.close();
  });

  it("are waited for no longer than named, and not at all once the log is closed", async () => {
    const { nc, sent } = fakeConnection();
    const impatient = openAcks(nc, 1);
    await assert.rejects(impatient.append("a", record), isFault("LOG_UNAVAILABLE"));
    impatient.close();
    const acks = openAcks(nc, 60_000);
    const open = acks.append("a", record);
    assert.equal(sent.length, 2);
    acks.close();
    await assert.rejects(open, isFault("SHUTTING_DOWN"));
  });
});
