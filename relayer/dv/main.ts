// starts one DV signer: a key, its journal, and a door for relayers that share its secret; prints one JSON line when ready
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Hash, Secp256k1 } from "ox/wasm";
import { privateKeyToAccount } from "viem/accounts";
import { fromHex, type Hex } from "../../protocol/bytes.ts";
import { openLmdbJournal } from "../adapters/lmdb/journal.ts";
import { readDvConfig } from "../config.ts";
import { sealStores, settleDamage } from "../damage.ts";
import { Fault, faults } from "../errors.ts";
import { systemClock } from "../ops/clock.ts";
import { lockDataDir } from "../ops/dataLock.ts";
import { createLogger } from "../ops/logger.ts";
import { signDigestWith } from "./keySigner.ts";
import { createDvServer } from "./server.ts";
import { createDvSigner } from "./signer.ts";

function refuse(cause: string, fix: string): never {
  process.stderr.write(`midchain dv: ${cause}\n  fix: ${fix}\n`);
  process.exit(2);
}

const bytesOf = (hex: Hex): Uint8Array => fromHex(hex.toLowerCase()) ?? new Uint8Array(0);

async function main(): Promise<void> {
  const read = readDvConfig(process.env);
  if (read.kind === "invalid") refuse(read.problems.join("; "), "docs/RUNBOOK.md lists the settings of a DV signer");
  const { config } = read;
  mkdirSync(config.MIDCHAIN_DATA_DIR, { recursive: true, mode: 0o700 });
  // Two signers with one key and one journal each would be two memories of what was signed.
  const held = lockDataDir(config.MIDCHAIN_DATA_DIR);
  if (typeof held !== "function") refuse(`process ${held.heldBy} uses this data folder`, "stop it, or use another");
  process.on("exit", held);
  const log = createLogger(config.MIDCHAIN_LOG_LEVEL);
  const [{ keccak256 }, curve] = await Promise.all([Hash.engine(), Secp256k1.engine()]);
  await settleDamage(config.MIDCHAIN_DATA_DIR, 0, () => undefined).catch((error: unknown) =>
    refuse(String(error), faults[error instanceof Fault ? error.code : "STORE_UNREAD"].fix),
  );
  const journal = openLmdbJournal(join(config.MIDCHAIN_DATA_DIR, "journal"));
  const key = config.MIDCHAIN_DV_KEY;
  const { address } = privateKeyToAccount(key);
  const signer = createDvSigner(
    {
      account: bytesOf(address),
      signDigest: signDigestWith(bytesOf(key), curve),
      chain: config.MIDCHAIN_CHAIN_ID,
      ledger: bytesOf(config.MIDCHAIN_LEDGER),
    },
    { journal, keccak: (bytes) => keccak256(bytes) },
  );
  const onFault = (error: unknown): void => {
    log.error({ error: String(error) }, "a header was not signed");
  };
  const options = { secret: config.MIDCHAIN_DV_SECRET, onFault };
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000 },
    createDvServer(options, { signer, clock: systemClock }),
  );
  server.once("error", () => {
    refuse("the port is taken", "set MIDCHAIN_DV_PORT to a free port");
  });
  server.listen(config.MIDCHAIN_DV_PORT, config.MIDCHAIN_DV_HOST, () => {
    const { port } = server.address() as AddressInfo;
    const url = `http://${config.MIDCHAIN_DV_HOST}:${port}#${address.toLowerCase()}`;
    process.stdout.write(`${JSON.stringify({ event: "ready", url })}\n`);
  });
  const stop = (): void => {
    server.closeAllConnections();
    server.close(() => {
      void journal
        .close()
        .then(() => sealStores(config.MIDCHAIN_DATA_DIR))
        .finally(() => process.exit(0));
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

await main();
