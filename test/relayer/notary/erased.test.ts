import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { encodePendingBody } from "../../../protocol/body.ts";
import { decodeHeader } from "../../../protocol/block.ts";
import { concat } from "../../../protocol/bytes.ts";
import { encodeBody, type RequestBody } from "../../../protocol/request.ts";
import { sweepChain } from "../../../relayer/flow/sweep.ts";
import { readChain } from "../../../relayer/flow/read.ts";
import { keys, partitionOf } from "../../../relayer/midc/keys.ts";
import { readTx } from "../../../relayer/midc/tx.ts";
import { buildBatch, type BatchPorts } from "../../../relayer/notary/batch.ts";
import { settleBatch } from "../../../relayer/notary/settle.ts";
import { createTurns } from "../../../relayer/notary/turns.ts";
import { sealBody, shredKeyOf } from "../../../relayer/privacy/shred.ts";
import { openVault } from "../../../relayer/privacy/vault.ts";
import { bytesOf } from "../../support/actors.ts";
import { draft, enrolCommand, idAt, random, testClock, testReplica } from "../../support/relayer.ts";

const HOME = 3;
const SECRET = random(32);

/** Two people with a payment on its way, whose blocks are laid when the test says so. */
async function scene() {
  const { replica, log } = await testReplica();
  const chains = [idAt(1, 16), idAt(2, 16)];
  for (const chainId of chains)
    await replica.submit(partitionOf(chainId, 4), enrolCommand(chainId, concat(chainId.subarray(0, 2), random(14))));
  const txId = idAt(HOME, 32);
  const bodyBytes = encodeBody(payment(chains));
  const vault = openVault(replica.view, { unwrap: () => SECRET });
  const blocks = chains.map((chainId, party) => {
    const body = encodePendingBody({
      party,
      bodyBytes,
      signatures: [],
      dealSignatures: [],
      relayerSalt: random(32),
    });
    return draft(chainId, { txId, ...sealBody(shredKeyOf(SECRET), body, concat(chainId, txId)) });
  });
  await replica.submit(HOME, {
    kind: "begin",
    txId,
    requestKind: 1,
    at: 1,
    legs: 1,
    commitment: random(32),
    blocks,
  });
  const lay = async (): Promise<void> => {
    for (const block of blocks) await replica.submit(partitionOf(block.chainId, 4), { kind: "block", block });
  };
  const erase = async (): Promise<void> => {
    for (const chainId of chains) {
      const block = draft(chainId, { kind: "tombstone", sealed: new Uint8Array(0) });
      await replica.submit(partitionOf(chainId, 4), { kind: "erase", block });
      vault.forget(chainId);
      await sweepChain(chainId, { replica });
    }
  };
  const ports: BatchPorts = {
    view: replica.view,
    vault,
    ledger: { encodeItems: (deals) => new Uint8Array(deals.length) },
    keccak: keccak_256,
    dealSeparator: random(32),
  };
  const members = () => [{ txId, tx: readTx(txId, replica.view)! }];
  const build = () => buildBatch({ partition: random(32), seq: 0, prev: new Uint8Array(32) }, members(), ports);
  return { replica, log, chains, txId, lay, erase, ports, members, build, vault };
}

function payment(chains: readonly Uint8Array[]): RequestBody {
  const accounts = [random(20), random(20)];
  return {
    kind: "payment",
    chain: 1,
    ledger: random(20),
    nonce: random(16),
    validUntil: 2_000_000_000,
    parties: chains.map((chainId, i) => ({
      account: accounts[i]!,
      chainId,
      codedId: random(32),
      role: i === 0 ? ("payer" as const) : ("payee" as const),
    })),
    salt: random(32),
    contents: [],
    reference: "",
    deal: {
      validAfter: 0,
      validUntil: 2_000_000_000,
      nonce: 1n,
      legs: [{ token: random(20), from: accounts[0]!, to: accounts[1]!, amount: 5n }],
      termsSalt: random(32),
    },
  };
}

describe("a batch with erased parties", () => {
  it("still has the deal of a transaction that was laid before, whoever builds it and however often", async () => {
    const { lay, erase, build, replica } = await scene();
    await lay();
    const before = build()!;
    await erase();
    const after = build()!;
    assert.deepEqual([before.deals.length, after.deals.length, after.unread], [1, 1, []]);
    assert.deepEqual(after.deals, before.deals);
    await replica.stop();
  });

  it("leaves a deal out that nobody can read, fails it, and says so on every chain", async () => {
    const { lay, erase, build, members, replica, chains, txId, vault } = await scene();
    await erase();
    await lay();
    const built = build()!;
    assert.deepEqual([built.deals, built.unread, built.header.itemsHash], [[], [0], new Uint8Array(32)]);
    const { prev, root, itemsHash } = built.header;
    const close = { kind: "close", batchSeq: 0, prev, root, itemsHash, headerHash: random(32), txIds: [txId] } as const;
    assert.equal((await replica.submit(HOME, close)).kind, "done");
    const notarized = {
      headerHash: close.headerHash,
      outcomeRoot: new Uint8Array(32),
      txHash: random(32),
      blockHash: random(32),
      blockNumber: 9,
      confirmations: 1,
      final: true,
    };
    await settleBatch(HOME, { built, members: members(), notarized }, [], {
      replica,
      vault,
      clock: testClock(),
      keccak: keccak_256,
      turns: createTurns(),
    });
    const tx = readTx(txId, replica.view)!;
    assert.deepEqual([tx.outcome?.state, tx.outcome?.reason, tx.ended], ["failed", "PartiesErased", true]);
    for (const chainId of chains) {
      const page = readChain(chainId, { limit: 9 }, { view: replica.view, vault })!;
      assert.deepEqual(
        page.blocks.map(({ header }) => decodeHeader(bytesOf(header)).kind),
        ["failed", "pending", "tombstone", "genesis"],
      );
      assert.equal(replica.view.get(keys.erasing(chainId)), undefined);
    }
    await replica.stop();
  });

  it("is not built by a node that cannot unwrap what others can: that is no reason to fail anybody", async () => {
    const { lay, members, ports, replica } = await scene();
    await lay();
    const place = { partition: random(32), seq: 0, prev: new Uint8Array(32) };
    const locked = { ...ports, vault: openVault(replica.view, { unwrap: () => undefined }) };
    assert.throws(() => buildBatch(place, members(), locked), { code: "VAULT_KEY_MISSING" });
    await replica.stop();
  });
});
