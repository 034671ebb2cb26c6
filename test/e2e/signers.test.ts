import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { readConfig } from "../../relayer/config.ts";
import { accept } from "../../relayer/flow/flow.ts";
import { readTransaction } from "../../relayer/flow/read.ts";
import { startNode, type RelayerNode } from "../../relayer/node.ts";
import { createLogger } from "../../relayer/ops/logger.ts";
import { ANVIL_KEYS } from "../../scripts/local/deployLocal.ts";
import { enrolActor, makeRequest } from "../support/actors.ts";
import { actorAt, relayerEnv, startTestChain, type TestChain } from "../support/chain.ts";
import { startDv, type DvProcess } from "../support/relayer/dvProcess.ts";
import { until } from "../support/until.ts";

const wallets = [actorAt(31), actorAt(32)];
const SECRET = "shared by this relayer and its signers";

describe("a relayer whose committee is elsewhere", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midchain-signers-"));
  let chain: TestChain;
  let signers: DvProcess[];
  let node: RelayerNode;

  before(async () => {
    chain = await startTestChain(wallets);
    const [, ...dvKeys] = ANVIL_KEYS;
    signers = await Promise.all(
      dvKeys.map((key, i) =>
        startDv({
          MIDCHAIN_DATA_DIR: join(folder, `signer-${i}`),
          MIDCHAIN_CHAIN_ID: "31337",
          MIDCHAIN_LEDGER: chain.addresses.notaryLedger,
          MIDCHAIN_DV_KEY: key,
          MIDCHAIN_DV_SECRET: SECRET,
        }),
      ),
    );
    const env = relayerEnv(chain, { dataDir: join(folder, "relayer"), rpcUrls: chain.rpcUrl });
    const urls = signers.map(({ url }) => url).join(",");
    const elsewhere = { MIDCHAIN_DV_KEYS: "", MIDCHAIN_DV_URLS: urls, MIDCHAIN_DV_SECRET: SECRET };
    const read = readConfig({ ...env, ...elsewhere });
    if (read.kind === "invalid") throw new Error(read.problems.join());
    node = await startNode(read.config, createLogger("silent"));
  });
  after(async () => {
    await node.stop();
    await Promise.all(signers.map((signer) => signer.kill()));
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("notarizes payments with signatures from other processes, also when one of four is gone", async () => {
    const actors = [await enrolActor(wallets[0]!, node), await enrolActor(wallets[1]!, node)];
    for (const kill of [false, true]) {
      if (kill) await signers[3]!.kill();
      const request = await makeRequest(actors, node.network, { pay: 3n });
      assert.equal((await accept(request.bytes, node.stages)).kind, "accepted");
      const view = await until(
        "the outcome",
        () => readTransaction(request.id, node.read),
        (seen) => seen?.ended === true,
      );
      assert.equal(view?.state, "completed");
    }
  });
});
