import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openFileKeyring } from "../../relayer/adapters/file/keyring.ts";
import { openLmdbState } from "../../relayer/adapters/lmdb/state.ts";
import { wholeTable } from "../../relayer/midc/keys.ts";
import { decodeVault } from "../../relayer/midc/rows.ts";
import { createClient, type Client, type Draft } from "../../sdk/index.ts";
import type { RelayerProcess } from "../../scripts/local/stack.ts";
import { startRelayer } from "../support/relayer/relayerProcess.ts";
import { actorAt, relayerEnv, startTestChain, type TestChain } from "../support/chain.ts";

/** Markers planted where secrets and people are: none of them may be found outside sealed bytes. */
const MARKER = "MARKER-Zaphod-Beeblebrox-1979";
const wallets = [actorAt(31), actorAt(32)];

/** A marker as it would look in a file: its bytes, its hex, its base64, in either case. */
const formsOf = (secret: Uint8Array): readonly Buffer[] => {
  const bytes = Buffer.from(secret);
  return [
    bytes,
    Buffer.from(bytes.toString("hex")),
    Buffer.from(bytes.toString("hex").toUpperCase()),
    Buffer.from(bytes.toString("base64").slice(0, -4)),
  ];
};

function filesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesUnder(path) : [path];
  });
}

describe("what can be found outside sealed bytes", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midchain-leaks-"));
  const dataDir = join(folder, "relayer");
  const logFile = join(folder, "relayer.log");
  let chain: TestChain;
  let relayer: RelayerProcess;
  let clients: Client[];
  let draft: Draft;
  let recoveryWords = "";

  before(async () => {
    chain = await startTestChain(wallets);
    // The most talkative logs, kept in a file.
    const env = { ...relayerEnv(chain, { dataDir, rpcUrls: chain.rpcUrl }), MIDCHAIN_LOG_LEVEL: "debug" };
    relayer = await startRelayer(env, { logFile });
    clients = wallets.map((wallet) => createClient({ url: relayer.url, wallet }));
    const enrolled = [];
    for (const client of clients) enrolled.push(await client.enrol());
    recoveryWords = enrolled[0]?.recoveryWords ?? "";
    const [a, b] = clients as [Client, Client];
    draft = await a.draft({
      kind: "data",
      parties: wallets.map(({ address }, i) => ({
        account: address,
        role: i === 0 ? ("issuer" as const) : ("subject" as const),
        content: 0,
      })),
      contents: [{ bytes: Buffer.from(`{"name":"${MARKER}"}`), category: "medical" }],
      reference: "KX 77 QJ",
    });
    await a.submit(draft, [await a.sign(draft), await b.sign(draft)]);
    await a.wait(draft.id);
    await relayer.stop();
  });
  after(async () => {
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const secrets = (): readonly (readonly [what: string, bytes: Uint8Array])[] => [
    ["plaintext", Buffer.from(MARKER)],
    ["reference", Buffer.from("KX 77 QJ")],
    ["client salt", draft.body.salt],
    ["recovery words", Buffer.from(recoveryWords)],
    ...wallets.map(({ address }, i) => [`account ${i}`, Buffer.from(address.slice(2), "hex")] as const),
    ...draft.body.parties.map(({ account }, i) => [`account ${i} as signed`, account] as const),
  ];

  function assertAbsent(where: string, haystack: Buffer): void {
    for (const [what, secret] of secrets()) {
      for (const form of formsOf(secret)) assert.equal(haystack.indexOf(form), -1, `${what} in ${where}`);
    }
  }

  it("the markers are such that they would be found", () => {
    const text = Buffer.from(`x ${MARKER} y`);
    assert.throws(() => {
      assertAbsent("a text that has one", text);
    });
  });

  it("nothing of people, plaintexts, salts or keys in the relayer's files", () => {
    const files = filesUnder(dataDir);
    assert.ok(files.some((file) => file.endsWith("data.mdb")));
    for (const file of files) assertAbsent(file, readFileSync(file));
  });

  it("no vault key outside the key file, and no user's key anywhere", async () => {
    const keyFile = join(dataDir, "keys.json");
    const keyring = openFileKeyring(keyFile);
    const { vault } = JSON.parse(readFileSync(keyFile, "utf8")) as { vault: { key: string }[] };
    const state = openLmdbState(join(dataDir, "state"));
    const shredKeys = state
      .range({ ...wholeTable("v"), limit: 10 })
      .map(({ key, value }) => keyring.unwrap(decodeVault(value).shredKey, key.slice(1))!);
    await state.close();
    assert.equal(shredKeys.length, wallets.length);
    for (const file of [...filesUnder(dataDir), logFile]) {
      const bytes = readFileSync(file);
      const keys = [...shredKeys, ...(file === keyFile ? [] : vault.map(({ key }) => Buffer.from(key, "base64")))];
      for (const form of keys.flatMap(formsOf)) assert.equal(bytes.indexOf(form), -1, `a key in ${file}`);
    }
  });

  it("nothing of them on the chain: no transaction of the notary carries a marker", async () => {
    const head = await chain.open.getBlockNumber();
    const notarized = await chain.open.getLogs({ address: chain.addresses.notaryLedger, fromBlock: 0n, toBlock: head });
    assert.ok(notarized.length > 0);
    for (const { transactionHash, data, topics } of notarized) {
      const { input } = await chain.open.getTransaction({ hash: transactionHash });
      const onChain = [input, data, ...topics].map((hex) => Buffer.from(hex.slice(2), "hex"));
      assertAbsent("a transaction", Buffer.concat(onChain));
      for (const { chainId } of draft.body.parties)
        assert.equal(Buffer.concat(onChain).indexOf(Buffer.from(chainId)), -1, "a chain id");
    }
  });

  it("nothing of them in the log of all that, at its most talkative", () => {
    const log = readFileSync(logFile);
    assert.match(log.toString(), /^\{"level":\d+,.*"msg":"[^"]+"\}$/m);
    assertAbsent("the relayer's log", log);
  });

  it("nothing of them in a log that is told everything", () => {
    const script = join(import.meta.dirname, "../support/leakyLog.ts");
    const { stderr, status } = spawnSync(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", script, wallets[0]!.address],
      { encoding: "buffer" },
    );
    assert.equal(status, 0);
    assert.ok(stderr.length > 0);
    assertAbsent("a log line that was told everything", stderr);
  });
});
