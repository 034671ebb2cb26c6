import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { SiweMessage } from "@signinwithethereum/siwe";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { fromHex } from "../../../protocol/bytes.ts";
import { isSigned, parseSiwe } from "../../../relayer/http/signIn.ts";
import { startHttp, type TestHttp } from "../../support/relayer/httpNode.ts";

const vectors = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`../../vectors/siwe/${name}.json`, import.meta.url), "utf8")) as Record<
    string,
    unknown
  >;

describe("EIP-4361 messages of the official test data", () => {
  for (const [name, { message }] of Object.entries(
    vectors("siwe_parsing_positive") as Record<string, { message: string }>,
  )) {
    it(`takes: ${name}`, () => {
      assert.equal(parseSiwe(message)?.toMessage(), message);
    });
  }
  for (const [name, message] of Object.entries(vectors("siwe_parsing_negative") as Record<string, string>)) {
    it(`refuses: ${name}`, () => {
      assert.equal(parseSiwe(message), undefined);
    });
  }
  for (const [name, fields] of Object.entries(
    vectors("siwe_verification_positive") as Record<string, { address: string; signature: string }>,
  )) {
    it(`finds the signer: ${name}`, async () => {
      const message = new SiweMessage(fields).prepareMessage();
      const claim = { message, signature: fromHex(fields.signature)! };
      const ports = { acceptedByContract: () => Promise.resolve(false) };
      assert.equal(await isSigned(fromHex(fields.address)!, claim, ports), true);
      assert.equal(await isSigned(new Uint8Array(20), claim, ports), false);
    });
  }
});

describe("signing in", () => {
  const wallet = privateKeyToAccount(generatePrivateKey());
  let http: TestHttp;
  before(async () => {
    http = await startHttp({ origins: ["https://dapp.example"] });
  });
  after(() => http.stop());

  const attempt = async (change: Record<string, unknown> = {}, edit = (text: string) => text) => {
    const message = edit(await http.siwe(wallet, change));
    return http.ask("POST", "/v1/session", { json: { message, signature: await wallet.signMessage({ message }) } });
  };

  it("gives a token that opens the caller's own routes", async () => {
    const { status, body } = await attempt();
    assert.equal(status, 201);
    const { token } = body as { token: string };
    assert.equal((await http.ask("POST", "/v1/enrolment/start", { token })).status, 200);
  });

  it("takes the domain of a listed dApp, and no other", async () => {
    assert.equal((await attempt({ domain: "dapp.example", uri: "https://dapp.example" })).status, 201);
    assert.equal((await attempt({ domain: "evil.example", uri: "https://evil.example" })).status, 401);
  });

  const refused: readonly (readonly [what: string, change: Record<string, unknown>])[] = [
    ["another site's URI", { uri: "https://evil.example" }],
    ["another chain", { chainId: 1 }],
    ["an expired message", { expirationTime: new Date(Date.now() - 1000) }],
    ["a message of the future", { notBefore: new Date(Date.now() + 60_000) }],
    ["a message issued long ago", { issuedAt: new Date(Date.now() - 3_600_000) }],
    ["a nonce of its own making", { nonce: "0123456789abcdef0123456789abcdef" }],
  ];
  for (const [what, change] of refused) {
    it(`refuses ${what}`, async () => {
      const { status, body } = await attempt(change);
      assert.deepEqual([status, (body as { code: string }).code], [401, "SIGN_IN_REFUSED"]);
    });
  }

  it("refuses an address without its checksum", async () => {
    assert.equal((await attempt({}, (text) => text.replace(wallet.address, wallet.address.toLowerCase()))).status, 401);
  });

  it("refuses a nonce a second time, and one older than five minutes", async () => {
    const message = await http.siwe(wallet);
    const json = { message, signature: await wallet.signMessage({ message }) };
    assert.equal((await http.ask("POST", "/v1/session", { json })).status, 201);
    assert.equal((await http.ask("POST", "/v1/session", { json })).status, 401);
    const late = await http.siwe(wallet);
    http.advance(5 * 60_000 + 1);
    const lateJson = { message: late, signature: await wallet.signMessage({ message: late }) };
    assert.equal((await http.ask("POST", "/v1/session", { json: lateJson })).status, 401);
  });

  it("refuses somebody else's signature, and spends the nonce on it", async () => {
    const other = privateKeyToAccount(generatePrivateKey());
    const message = await http.siwe(wallet);
    const forged = { message, signature: await other.signMessage({ message }) };
    assert.equal((await http.ask("POST", "/v1/session", { json: forged })).status, 401);
    const genuine = { message, signature: await wallet.signMessage({ message }) };
    assert.equal((await http.ask("POST", "/v1/session", { json: genuine })).status, 401);
  });
});
