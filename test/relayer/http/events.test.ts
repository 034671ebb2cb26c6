import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { toHex } from "../../../protocol/bytes.ts";
import { enrolActor, makeRequest, type Actor } from "../../support/actors.ts";
import { startHttp, type TestHttp } from "../../support/relayer/httpNode.ts";

interface Stream {
  /** The text once it holds `what`. */
  readonly until: (what: string) => Promise<string>;
  readonly close: () => void;
}

async function openStream(url: string, lastEventId?: string): Promise<Stream> {
  const stop = new AbortController();
  const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  const response = await fetch(`${url}/v1/events`, { headers, signal: stop.signal });
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  return {
    async until(what) {
      while (!text.includes(what)) text += decoder.decode((await reader.read()).value, { stream: true });
      return text;
    },
    close() {
      stop.abort();
    },
  };
}

const idOf = (text: string, txId: string): string => new RegExp(`id: (\\S+)\\n.*\\n.*${txId}`).exec(text)![1]!;

describe("the event stream", () => {
  let http: TestHttp;
  let actors: Actor[];
  before(async () => {
    http = await startHttp({ streamsMax: 2 });
    actors = [await enrolActor(privateKeyToAccount(generatePrivateKey()), http.node)];
  });
  after(() => http.stop());
  const submit = async (): Promise<string> => {
    const made = await makeRequest(actors, http.node.network);
    await http.ask("POST", "/v1/transactions", { cbor: made.bytes });
    return toHex(made.id);
  };

  it("tells what happens, and after a cut goes on where the reader was", async () => {
    const stream = await openStream(http.url);
    const first = await submit();
    const seen = await stream.until(first);
    stream.close();
    const missed = await submit();
    const resumed = await openStream(http.url, idOf(seen, first));
    const text = await resumed.until(missed);
    resumed.close();
    assert.ok(!text.includes(`"id":"${first}","state":"pending"`));
    assert.ok(text.includes(`"id":"${missed}","state":"pending"`));
    assert.doesNotMatch(text, /event: reset/);
  });

  it("says reset to a reader of another process, of the future, or of nonsense", async () => {
    for (const lastEventId of ["0123456789ab-5", "nonsense", "9".repeat(30)]) {
      const stream = await openStream(http.url, lastEventId);
      assert.match(await stream.until("event: reset\ndata: {}\n\n"), /id: /);
      stream.close();
    }
  });

  it("names no account and no chain", async () => {
    const stream = await openStream(http.url);
    const text = await stream.until(await submit());
    stream.close();
    assert.ok(!text.includes(toHex(actors[0]!.account).slice(2)));
    assert.ok(!text.includes(toHex(actors[0]!.chainId).slice(2)));
  });

  it("has room for so many readers and no more", async () => {
    const streams = [await openStream(http.url), await openStream(http.url)];
    const third = await http.ask("GET", "/v1/events");
    assert.deepEqual([third.status, (third.body as { code: string }).code], [503, "FULL"]);
    for (const stream of streams) stream.close();
  });
});
