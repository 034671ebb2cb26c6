import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startHttp, type TestHttp } from "../../support/relayer/httpNode.ts";

const GOVERNOR = `0x${"ab".repeat(20)}`;

describe("the portal as the relayer serves it", () => {
  // Folders of a cache are often named with a dot, which file servers like to hide.
  const home = mkdtempSync(join(tmpdir(), ".midchain-portal-"));
  let http: TestHttp;

  before(async () => {
    mkdirSync(join(home, "assets"));
    writeFileSync(join(home, "index.html"), "<!doctype html><title>portal</title>");
    writeFileSync(join(home, "assets/page-1a2b3c.js"), "export {};\n");
    http = await startHttp({
      portalDir: home,
      browserRpcUrl: "https://rpc.example/key",
      explorerUrl: "https://explorer.example",
      contracts: { governor: GOVERNOR },
    });
  });
  after(async () => {
    await http.stop();
    rmSync(home, { recursive: true, force: true });
  });

  for (const path of ["/", "/stake", "/govern?x=1"]) {
    it(`answers ${path} with its one page`, async () => {
      const { status, text } = await http.ask("GET", path, { headers: { accept: "text/html" } });
      assert.deepEqual([status, text.includes("<title>portal")], [200, true]);
    });
  }

  it("keeps its files for ever, because their names change with their content", async () => {
    const { headers } = await http.ask("GET", "/assets/page-1a2b3c.js");
    assert.match(headers.get("cache-control") ?? "", /immutable/);
  });

  it("leaves unknown addresses of the API to the API", async () => {
    const { status } = await http.ask("GET", "/v1/nothing", { headers: { accept: "text/html" } });
    assert.equal(status, 404);
  });

  it("lets the page speak to its own origin and the RPC endpoint, run its own files, and nothing inline", async () => {
    const { headers } = await http.ask("GET", "/", { headers: { accept: "text/html" } });
    const policy = headers.get("content-security-policy") ?? "";
    // The whole of it: one source more is a way out of the page, e.g. in the address of an image.
    assert.deepEqual(policy.split(";").toSorted(), [
      "base-uri 'none'",
      "connect-src 'self' https://rpc.example",
      "default-src 'none'",
      "font-src 'self'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self' data:",
      "manifest-src 'self'",
      "script-src 'self'",
      "style-src 'self'",
    ]);
  });

  it("tells where the contracts and the explorer are", async () => {
    const { body } = await http.ask("GET", "/v1/network");
    const { contracts, explorerUrl, rpcUrl } = body as Record<string, unknown>;
    assert.deepEqual(contracts, { governor: GOVERNOR });
    assert.deepEqual([explorerUrl, rpcUrl], ["https://explorer.example", "https://rpc.example/key"]);
  });
});
