import { Hash, Secp256k1 } from "ox/wasm";
import { parentPort } from "node:worker_threads";

/**
 * Recovers signers, many at a time. In: per item digest (32) ‖ r (32) ‖ s (32) ‖ v (1). Out: per item the 20-byte
 * account, or zeros where there is none. High-s signatures have none: there is one signature per message and key.
 */

const ITEM_BYTES = 97;
const HALF_ORDER = Buffer.from("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0", "hex");

const [secp256k1, hashes] = await Promise.all([Secp256k1.engine(), Hash.engine()]);

function recoverInto(accounts: Uint8Array, items: Uint8Array, i: number): void {
  const item = items.subarray(i * ITEM_BYTES, (i + 1) * ITEM_BYTES);
  const recovery = (item[96] ?? 0) - 27;
  if ((recovery !== 0 && recovery !== 1) || Buffer.compare(item.subarray(64, 96), HALF_ORDER) > 0) return;
  const signature = new Uint8Array(65);
  signature[0] = recovery;
  signature.set(item.subarray(32, 96), 1);
  try {
    const publicKey = secp256k1.recoverPublicKey(signature, item.subarray(0, 32));
    accounts.set(hashes.keccak256(publicKey.subarray(1)).subarray(12), i * 20);
  } catch {
    // Not a point on the curve: nobody signed this.
  }
}

parentPort?.on("message", ({ items }: { items: Uint8Array }) => {
  const count = Math.floor(items.length / ITEM_BYTES);
  const accounts = new Uint8Array(count * 20);
  for (let i = 0; i < count; i += 1) recoverInto(accounts, items, i);
  const { user, system } = process.threadCpuUsage();
  parentPort?.postMessage({ accounts, cpuUs: user + system }, [accounts.buffer]);
});
