import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createClient } from "../../sdk/index.ts";

const id = `0x${"11".repeat(32)}` as const;
const states = ["pending", "batched", "completed"];

/** A relayer made of answers: one transaction that moves each time it is looked at, and event streams as given. */
function relayerOf(streams: (string | undefined)[]) {
  const resumedAt: (string | null)[] = [];
  let looks = 0;
  const fetch: typeof globalThis.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : input.toString();
    if (url.endsWith("/events")) {
      resumedAt.push(new Headers(init?.headers).get("last-event-id"));
      const text = streams.shift();
      return Promise.resolve(text === undefined ? new Response(null, { status: 503 }) : new Response(text));
    }
    const state = states[Math.min(looks, states.length - 1)];
    looks += 1;
    return Promise.resolve(Response.json({ id, state, ended: state === "completed" }));
  };
  return { client: createClient({ url: "http://relayer.test", fetch }), resumedAt };
}

async function seen(client: ReturnType<typeof createClient>): Promise<string[]> {
  const found: string[] = [];
  for await (const { state } of client.watch(id)) found.push(state);
  return found;
}

describe("watching a transaction", () => {
  it("goes on by looking now and then when there is no event stream", async () => {
    const { client } = relayerOf([]);
    assert.deepEqual(await seen(client), states);
  });

  it("takes a stream that was cut up again where it was", async () => {
    const event = `id: boot-7\nevent: transaction\ndata: {"id":"${id}","state":"batched"}\n\n`;
    const { client, resumedAt } = relayerOf(["id: boot-6\nevent: transaction\ndata: {}\n\n", event]);
    assert.deepEqual(await seen(client), states);
    assert.deepEqual(resumedAt.slice(0, 2), [null, "boot-6"]);
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    const { client } = relayerOf([]);
    const found: string[] = [];
    for await (const { state } of client.watch(id, { signal: stop.signal })) {
      found.push(state);
      stop.abort();
    }
    assert.deepEqual(found, ["pending"]);
  });
});
