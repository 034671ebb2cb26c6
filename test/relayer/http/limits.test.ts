import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { startHttp, type Answer } from "../../support/relayer/httpNode.ts";

function isTooMany(answer: Answer): void {
  const { code, rule } = answer.body as { code: string; rule: string };
  assert.deepEqual([answer.status, code, rule], [429, "TOO_MANY", "AP-040"]);
  const retryAfter = Number(answer.headers.get("retry-after"));
  assert.ok(retryAfter >= 1 && retryAfter <= 60);
}

describe("rule AP-040", () => {
  it("limits one address, on the hot path too", async () => {
    const http = await startHttp({ ipPerMinute: 3 });
    for (let i = 0; i < 2; i += 1) assert.equal((await http.ask("GET", "/v1/network")).status, 200);
    assert.equal((await http.ask("POST", "/v1/transactions", { cbor: new Uint8Array(1) })).status, 400);
    isTooMany(await http.ask("GET", "/v1/network"));
    isTooMany(await http.ask("POST", "/v1/transactions", { cbor: new Uint8Array(1) }));
    await http.stop();
  });

  it("limits one account, and not its neighbours", async () => {
    const http = await startHttp({ accountPerMinute: 2 });
    const wallets = [generatePrivateKey(), generatePrivateKey()].map((key) => privateKeyToAccount(key));
    const [one, two] = await Promise.all(wallets.map((wallet) => http.signIn(wallet)));
    for (let i = 0; i < 2; i += 1) assert.equal((await http.ask("GET", "/v1/proposals", { token: one! })).status, 200);
    isTooMany(await http.ask("GET", "/v1/proposals", { token: one! }));
    assert.equal((await http.ask("GET", "/v1/proposals", { token: two! })).status, 200);
    await http.stop();
  });

  it("looks behind as many proxies as it was told of, and no further", async () => {
    const open = await startHttp({ ipPerMinute: 1 });
    const forwarded = (address: string) => ({ headers: { "x-forwarded-for": address } });
    assert.equal((await open.ask("GET", "/v1/network", forwarded("10.0.0.1"))).status, 200);
    isTooMany(await open.ask("GET", "/v1/network", forwarded("10.0.0.2")));
    await open.stop();
    const proxied = await startHttp({ ipPerMinute: 1, proxies: 1 });
    assert.equal((await proxied.ask("GET", "/v1/network", forwarded("10.0.0.1"))).status, 200);
    assert.equal((await proxied.ask("GET", "/v1/network", forwarded("10.0.0.2"))).status, 200);
    isTooMany(await proxied.ask("GET", "/v1/network", forwarded("10.0.0.2")));
    await proxied.stop();
  });
});
