import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { listen, type Listening } from "../../../relayer/http/server.ts";
import { json } from "../../../relayer/http/reply.ts";
import { send } from "../../../relayer/http/send.ts";

describe("an answer on the wire", () => {
  let server: Listening;
  let value: unknown;
  before(async () => {
    server = await listen(
      (_request, response) => {
        send(response, json(value, 200));
      },
      { host: "127.0.0.1", port: 0 },
    );
  });
  after(() => server.close());

  for (const [what, text] of [
    ["ASCII", "plain words"],
    ["Latin letters", "Größe, déjà vu"],
    ["anything", "鎖 🔗 цепь"],
  ] as const)
    it(`carries ${what} whole, with its length in bytes`, async () => {
      value = { text };
      const response = await fetch(server.url);
      const bytes = new Uint8Array(await response.arrayBuffer());
      assert.equal(response.headers.get("content-length"), String(bytes.length));
      assert.deepEqual(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)), value);
    });
});
