import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { recoverAddress } from "viem";
import { fromHex, toHex } from "../../../protocol/bytes.ts";
import type { BatchHeader } from "../../../protocol/typedData.ts";
import { createCommittee } from "../../../relayer/dv/committee.ts";
import { remoteDvSigner } from "../../../relayer/dv/remoteSigner.ts";
import type { DvSigner } from "../../../relayer/dv/signer.ts";
import { systemClock } from "../../../relayer/ops/clock.ts";
import { ANVIL_KEYS } from "../../../scripts/local/deployLocal.ts";
import { freePort } from "../../../scripts/local/ports.ts";
import { random } from "../../support/relayer.ts";
import { startDv, type DvProcess } from "../../support/relayer/dvProcess.ts";

const SECRET = "a secret that only we two know, and long";
const ledger = random(20);
const items = random(200);
const SIGNATURE_BYTES = 65;
let seq = 0n;
const header = (change: Partial<BatchHeader> = {}): BatchHeader => ({
  partition: new Uint8Array(32).fill(7),
  seq: (seq += 1n),
  prev: random(32),
  root: random(32),
  count: 2,
  itemsHash: keccak_256(items),
  ...change,
});

async function recover(digest: Uint8Array, signature: Uint8Array): Promise<Uint8Array | undefined> {
  const account = await recoverAddress({ hash: toHex(digest), signature: toHex(signature) }).catch(() => undefined);
  return account === undefined ? undefined : fromHex(account.toLowerCase());
}

function memberAt(url: string, secret = SECRET): DvSigner {
  const [base = "", account = ""] = url.split("#");
  const remote = { url: base, account: fromHex(account)!, secret, chain: 31_337, ledger };
  return remoteDvSigner(remote, { clock: systemClock, keccak: keccak_256, recover });
}

describe("DV signers in processes of their own", { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midchain-dv-"));
  const signers: DvProcess[] = [];
  const start = (index: number, port: number): Promise<DvProcess> =>
    startDv({
      MIDCHAIN_DATA_DIR: join(folder, `signer-${index}`),
      MIDCHAIN_CHAIN_ID: "31337",
      MIDCHAIN_LEDGER: toHex(ledger),
      MIDCHAIN_DV_KEY: ANVIL_KEYS[index]!,
      MIDCHAIN_DV_SECRET: SECRET,
      MIDCHAIN_DV_PORT: String(port),
    });
  const committee = (quorum: number) =>
    createCommittee(
      signers.map(({ url }) => memberAt(url)),
      quorum,
    );

  before(async () => {
    for (const index of [1, 2, 3]) signers.push(await start(index, await freePort()));
  });
  after(async () => {
    await Promise.all(signers.map((signer) => signer.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  it("sign a batch together", async () => {
    assert.equal((await committee(3).sign(header(), items)).length, 3 * SIGNATURE_BYTES);
  });

  it("answer nobody who does not share their secret", async () => {
    const [signer] = signers;
    assert.equal(await memberAt(signer!.url, `${SECRET}, or not`).sign(header(), items), undefined);
    const bare = await fetch(new URL("/v1/sign", signer!.url), { method: "POST", body: "hello" });
    assert.equal(bare.status, 401);
  });

  it("still reach the quorum when one of them is killed", async () => {
    await signers[2]!.kill();
    assert.equal((await committee(2).sign(header(), items)).length, 2 * SIGNATURE_BYTES);
    await assert.rejects(committee(3).sign(header(), items), { code: "COMMITTEE_SILENT" });
    signers[2] = await start(3, signers[2]!.port);
    assert.equal((await committee(3).sign(header(), items)).length, 3 * SIGNATURE_BYTES);
  });

  it("refuse a second header for one place after a restart, and repeat the first", async () => {
    const first = header();
    const member = memberAt(signers[0]!.url);
    const signature = await member.sign(first, items);
    assert.equal(signature?.length, SIGNATURE_BYTES);
    await signers[0]!.kill();
    signers[0] = await start(1, signers[0]!.port);
    assert.equal(await member.sign({ ...first, root: random(32) }, items), undefined);
    assert.deepEqual(await member.sign(first, items), signature);
  });

  it("do not hold a batch back when one accepts the question and never answers", async () => {
    const mute = createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const { port } = mute.address() as AddressInfo;
    const members = [
      ...signers.map(({ url }) => memberAt(url)),
      memberAt(`http://127.0.0.1:${port}#0x${"11".repeat(20)}`),
    ];
    const startedAt = performance.now();
    assert.equal((await createCommittee(members, 3).sign(header(), items)).length, 3 * SIGNATURE_BYTES);
    assert.ok(performance.now() - startedAt < 1_500);
    mute.closeAllConnections();
    mute.close();
  });

  it("count for nothing when they sign with another key than the one they are known by", async () => {
    const [base = ""] = signers[0]!.url.split("#");
    assert.equal(await memberAt(`${base}#0x${"22".repeat(20)}`).sign(header(), items), undefined);
  });

  it("keep one folder for one process", async () => {
    await assert.rejects(start(1, await freePort()));
  });
});
