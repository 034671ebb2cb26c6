import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { after, before, describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { encodeBody, encodeSubmission } from "../../../protocol/request.ts";
import { enrolActor, makeRequest, type Actor } from "../../support/actors.ts";
import { actorAt } from "../../support/chain.ts";
import { startHttp, type TestHttp } from "../../support/relayer/httpNode.ts";
import { random } from "../../support/relayer.ts";
import { sampleBody } from "../../support/requests.ts";

const REQUESTS = 100_000;
const IN_FLIGHT = 64;
const WARM_UP = 25_000;
const GROWTH_MB_MAX = 64;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Memory of the process once what nobody needs is gone: garbage that waits for its turn is no leak. */
function keptBytes(): number {
  collect();
  return process.memoryUsage().rss;
}

/** A small generator, so that a failing request can be made again from its number. */
function dice(seed: number): (sides: number) => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % sides;
  };
}

const repeated = (byte: number, times: number): Uint8Array => new Uint8Array(times).fill(byte);
const hostileStrings = JSON.parse(
  readFileSync(new URL("../../vectors/misc/blns.json", import.meta.url), "utf8"),
) as string[];

describe("hostile requests", { timeout: 400_000 }, () => {
  let http: TestHttp;
  let valid: Uint8Array[];
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });

  before(async () => {
    http = await startHttp();
    const actors: Actor[] = [await enrolActor(actorAt(51), http.node), await enrolActor(actorAt(52), http.node)];
    const made = [
      await makeRequest(actors, http.node.network),
      await makeRequest(actors, http.node.network, { pay: 5n }),
      await makeRequest(actors, http.node.network, { reference: "INV 9" }),
    ];
    valid = made.map(({ bytes }) => bytes);
  });
  after(async () => {
    agent.destroy();
    await http.stop();
  });

  /** The n-th hostile request; the same number always makes the same one, but for its random bytes. */
  function hostile(n: number): Uint8Array {
    const roll = dice(n + 1);
    const base = (valid[roll(valid.length)] ?? new Uint8Array(0)).slice();
    const at = roll(base.length);
    switch (n % 10) {
      case 0: {
        base[at] = (base[at] ?? 0) ^ (1 << roll(8));
        return base;
      }
      case 1:
        return base.subarray(0, at);
      case 2:
        return Uint8Array.of(...base.subarray(0, at), roll(256), ...base.subarray(at));
      case 3:
        return Uint8Array.of(...base.subarray(0, at), ...base.subarray(Math.min(base.length, at + 1 + roll(40))));
      case 4:
        return random(roll(2_000));
      case 5:
        // Nesting bombs: arrays, maps, tags, indefinite items.
        return repeated([0x81, 0xa1, 0xc1, 0x9f, 0xbf, 0xd8][roll(6)] ?? 0x81, 1 + roll(60_000));
      case 6:
        // Lengths that promise far more than there is.
        return Uint8Array.of(0xa4, 0x01, [0x5b, 0x9b, 0xbb, 0x7b][roll(4)] ?? 0x5b, ...random(8), ...random(roll(100)));
      case 7: {
        // A well-formed request of strangers, with a hostile reference where it can be written at all.
        const text = hostileStrings[roll(hostileStrings.length)] ?? "";
        const reference = text.replaceAll(/[^ -~]/g, "").slice(0, 64);
        const bodyBytes = encodeBody({ ...sampleBody("data"), reference });
        return encodeSubmission({ bodyBytes, signatures: [random(65), random(65)], dealSignatures: [], parts: [] });
      }
      case 8:
        // Raw hostile text, as UTF-8 and with invalid UTF-8 inside.
        return Uint8Array.of(...Buffer.from(hostileStrings[roll(hostileStrings.length)] ?? ""), 0xff, 0xc0);
      default: {
        // Two runs of bytes exchanged: keys out of order, keys twice.
        const other = roll(base.length);
        const size = 1 + roll(20);
        base.copyWithin(at, other, Math.min(base.length, other + size));
        base[other] = (base[other] ?? 0) ^ 0x20;
        return base;
      }
    }
  }

  function post(body: Uint8Array): Promise<{ readonly status: number; readonly text: string }> {
    const { hostname, port } = new URL(http.url);
    const headers = { "content-type": "application/cbor", "content-length": body.length };
    return new Promise((resolve, reject) => {
      const call = request({ agent, hostname, port, method: "POST", path: "/v1/transactions", headers }, (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.once("end", () => {
          resolve({ status: response.statusCode ?? 0, text });
        });
      });
      call.once("error", reject);
      call.end(body);
    });
  }

  it(`answers each of ${REQUESTS} with a 4xx that names its rule, and stays as it was`, async (t) => {
    const rules = new Map<string, number>();
    let warm = 0;
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < REQUESTS) {
        const n = next;
        next += 1;
        // The heap takes its working size first; what it must not do is go on growing.
        if (n === WARM_UP) warm = keptBytes();
        const { status, text } = await post(hostile(n));
        const { rule } = JSON.parse(text) as { readonly rule?: string };
        assert.ok(status >= 400 && status < 500 && rule !== undefined, `request ${n}: ${status} ${text}`);
        rules.set(rule, (rules.get(rule) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    const grownMb = (keptBytes() - warm) / 2 ** 20;
    t.diagnostic(
      `${[...rules].map(([rule, count]) => `${rule} ${count}`).join(", ")}; memory grew by ${grownMb.toFixed(0)} MB after the first ${WARM_UP}`,
    );
    assert.ok(grownMb < GROWTH_MB_MAX, `${grownMb} MB`);
    // It still takes a good one.
    assert.equal((await post(valid[0] ?? new Uint8Array(0))).status, 202);
  });
});
