import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openFileKeyring } from "../../../relayer/adapters/file/keyring.ts";
import { memoryState } from "../../../relayer/adapters/memory/state.ts";
import { readConfig } from "../../../relayer/config.ts";
import { Fault, type FaultCode } from "../../../relayer/errors.ts";
import { encodeErasing } from "../../../relayer/midc/erasing.ts";
import { keys } from "../../../relayer/midc/keys.ts";
import { encodeVault } from "../../../relayer/midc/rows.ts";
import { startNode } from "../../../relayer/node.ts";
import { createLogger } from "../../../relayer/ops/logger.ts";
import { checkWraps } from "../../../relayer/privacy/wraps.ts";
import { ANVIL_KEYS } from "../../../scripts/local/deployLocal.ts";
import { enrolActor } from "../../support/actors.ts";
import { actorAt } from "../../support/chain.ts";
import { idAt, random } from "../../support/relayer.ts";
import { startStubChain } from "../../support/relayer/stubChain.ts";

const PARTITIONS = 4;
const home = mkdtempSync(join(tmpdir(), "midchain-wraps-"));
let folders = 0;
after(() => {
  rmSync(home, { recursive: true, force: true });
});
const keyringAt = () => openFileKeyring(join(home, `${(folders += 1)}`, "keys.json"));

/** A state with one user, wrapped under a key of this epoch. */
async function stateOf(keyring: ReturnType<typeof keyringAt>, epoch: number, partition = 1) {
  const state = memoryState();
  const chainId = idAt(partition, 16);
  const row = {
    shredKey: keyring.wrap(random(32), chainId, epoch),
    pepper: keyring.wrap(random(32), chainId, epoch),
    slots: random(9),
    readerKeyId: random(16),
    binding: random(9),
  };
  await state.commit([{ key: keys.vault(chainId), value: encodeVault(row) }]);
  return state;
}

describe("a state that comes from elsewhere, and this node's vault keys", () => {
  it("fit when every wrap opens", async () => {
    const keyring = keyringAt();
    keyring.vaultKeys.make(2, 1);
    for (const epoch of [1, 2])
      assert.deepEqual(checkWraps(await stateOf(keyring, epoch), keyring, PARTITIONS), {
        older: new Set(),
        newer: undefined,
        wrong: false,
      });
  });

  it("do not fit when a key was destroyed since, or is not there yet, or is another one", async () => {
    const keyring = keyringAt();
    keyring.vaultKeys.make(2, 1);
    const [older, newer] = [await stateOf(keyring, 1, 3), await stateOf(keyring, 2)];
    const first = keyringAt();
    assert.equal(checkWraps(newer, first, PARTITIONS).newer, 2);
    assert.equal(checkWraps(older, first, PARTITIONS).wrong, true);
    keyring.vaultKeys.destroyBelow(2);
    assert.deepEqual(checkWraps(older, keyring, PARTITIONS).older, new Set([3]));
  });

  it("are held against each other for erased chains too, whose transactions are not final", async () => {
    const keyring = keyringAt();
    const chainId = idAt(2, 16);
    const state = memoryState();
    const value = encodeErasing({ shredKey: keyring.wrap(random(32), chainId, 1), next: undefined });
    await state.commit([{ key: keys.erasing(chainId), value }]);
    keyring.vaultKeys.make(2, 1);
    keyring.vaultKeys.destroyBelow(2);
    assert.deepEqual(checkWraps(state, keyring, PARTITIONS).older, new Set([2]));
  });

  it("keep a node that stands alone from starting when they do not fit", async () => {
    const chain = await startStubChain();
    const dataDir = join(home, "alone");
    const read = readConfig({
      MIDCHAIN_DATA_DIR: dataDir,
      MIDCHAIN_RPC_URLS: chain.rpcUrl,
      MIDCHAIN_CHAIN_ID: "31337",
      MIDCHAIN_LEDGER: `0x${"aa".repeat(20)}`,
      MIDCHAIN_ENGINE: `0x${"bb".repeat(20)}`,
      MIDCHAIN_TOKENS: `0x${"cc".repeat(20)}`,
      MIDCHAIN_SENDER_KEY: ANVIL_KEYS[0],
      MIDCHAIN_DV_KEYS: ANVIL_KEYS[1],
    });
    if (read.kind === "invalid") throw new Error(read.problems.join("; "));
    const { config } = read;
    const start = () => startNode(config, createLogger("silent"));
    const keyFile = join(dataDir, "keys.json");
    const node = await start();
    await enrolActor(actorAt(51), node);
    const [first, second] = [`${keyFile}.first`, `${keyFile}.second`];
    copyFileSync(keyFile, first);
    await node.rotation.rotate();
    await node.stop();
    copyFileSync(keyFile, second);
    const refuses = async (code: FaultCode): Promise<void> => {
      await assert.rejects(start(), (error) => error instanceof Fault && error.code === code);
    };
    copyFileSync(first, keyFile);
    await refuses("VAULT_KEY_MISSING");
    copyFileSync(second, keyFile);
    await (await start()).stop();
    openFileKeyring(keyFile).vaultKeys.make(3, 1);
    openFileKeyring(keyFile).vaultKeys.destroyBelow(3);
    await refuses("BACKUP_KEY_GONE");
    await chain.stop();
  });
});
