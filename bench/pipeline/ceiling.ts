import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request, Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { commit, openStore, type StoreWrite } from "../../relayer/adapters/lmdb/store.ts";
import { loadSigner } from "./keys.ts";
import { Secp256k1 } from "ox/wasm";
import type { AddressInfo } from "node:net";

/** What one two-party transaction must cost, each part alone on one core, microseconds. */
export interface Ceiling {
  readonly signaturesUs: number;
  readonly storeUs: number;
  readonly httpUs: number;
  readonly perSecond: number;
}

const SIGNATURE_ROUNDS = 4_000;
const STORE_TRANSACTIONS = 20_000;
const STORE_IN_FLIGHT = 256;
const HTTP_ROUNDS = 10_000;
const BODY_BYTES = 560;

/** Measured in the same run, beside the pipeline, on the machine as it is now. */
export async function measureCeiling(): Promise<Ceiling> {
  const signaturesUs = 2 * (await recoverUs());
  const storeUs = await durableUs();
  const httpUs = await postUs();
  return { signaturesUs, storeUs, httpUs, perSecond: 1e6 / (signaturesUs + storeUs + httpUs) };
}

async function recoverUs(): Promise<number> {
  const [signer, curve] = [await loadSigner(), await Secp256k1.engine()];
  const digest = new Uint8Array(randomBytes(32));
  const signed = signer.sign(signer.privateKey(1), digest);
  const recoverable = new Uint8Array(65);
  recoverable[0] = (signed[64] ?? 27) - 27;
  recoverable.set(signed.subarray(0, 64), 1);
  const started = performance.now();
  for (let i = 0; i < SIGNATURE_ROUNDS; i += 1) signer.keccak(curve.recoverPublicKey(recoverable, digest).subarray(1));
  return ((performance.now() - started) * 1000) / SIGNATURE_ROUNDS;
}

/** Six values of 600 bytes and two small head rows per transaction, fsynced before it counts, many in flight. */
async function durableUs(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "midchain-ceiling-"));
  const store = openStore(folder);
  const value = randomBytes(600);
  let done = 0;
  const cpu = process.cpuUsage();
  while (done < STORE_TRANSACTIONS) {
    const from = done;
    const writes: StoreWrite[] = [];
    for (let i = 0; i < STORE_IN_FLIGHT; i += 1) {
      for (let part = 0; part < 6; part += 1) writes.push({ key: keyOf("b", (from + i) * 6 + part), value });
      for (const step of [7919 * from + i * 104_729, 6131 * from + i * 15_485_863])
        writes.push({ key: keyOf("h", step % 100_000), value: value.subarray(0, 80) });
    }
    await commit(store, writes);
    done += STORE_IN_FLIGHT;
  }
  const { user, system } = process.cpuUsage(cpu);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
  return (user + system) / done;
}

function keyOf(table: string, index: number): Buffer {
  const key = Buffer.alloc(9);
  key.write(table);
  key.writeBigUInt64BE(BigInt(index), 1);
  return key;
}

/** A POST of one transaction's size to a bare server, client and server on this core together, halved. */
async function postUs(): Promise<number> {
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.once("end", () => {
      response.statusCode = 202;
      response.end(JSON.stringify({ size: Buffer.concat(chunks).length }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const body = randomBytes(BODY_BYTES);
  const post = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const call = request({ agent, port, method: "POST", headers: { "content-length": BODY_BYTES } }, (response) => {
        response.resume();
        response.once("end", resolve);
      });
      call.once("error", reject);
      call.end(body);
    });
  const cpu = process.cpuUsage();
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      for (let i = 0; i < HTTP_ROUNDS / 32; i += 1) await post();
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  agent.destroy();
  server.close();
  return (user + system) / HTTP_ROUNDS / 2;
}
