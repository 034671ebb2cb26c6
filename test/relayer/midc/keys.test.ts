import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keys, partitionOf, partitionOfRow } from "../../../relayer/midc/keys.ts";
import { random } from "../../support/relayer.ts";

type Ranges =
  "nodesOf" | "keptOf" | "openOf" | "openBatchesOf" | "envelopesOf" | "grantsOf" | "envelopesOn" | "heldBodiesOf";

describe("the keys of the state", () => {
  it("tell of every row which partition it belongs to", () => {
    for (let i = 0; i < 50; i += 1) {
      const [id, tx] = [random(16), random(32)];
      const position = { partition: 5, seq: 9, index: 2 };
      // By name, so that a new kind of row does not compile until it is said here where it belongs.
      const rows: Record<Exclude<keyof typeof keys, Ranges>, readonly [Uint8Array, number]> = {
        applied: [keys.applied(5), 5],
        node: [keys.node(5, id), 5],
        kept: [keys.kept(5, 1), 5],
        block: [keys.block(position), 5],
        open: [keys.open(position), 5],
        place: [keys.place(position), 5],
        batch: [keys.batch(5, 1), 5],
        openBatch: [keys.openBatch(5, 1), 5],
        decided: [keys.decided(5, 1), 5],
        batchHead: [keys.batchHead(5), 5],
        head: [keys.head(id), partitionOf(id, 16)],
        step: [keys.step(id, tx), partitionOf(id, 16)],
        vault: [keys.vault(id), partitionOf(id, 16)],
        directory: [keys.directory(id), partitionOf(id, 16)],
        grant: [keys.grant(id, random(16)), partitionOf(id, 16)],
        envelope: [keys.envelope(id, random(16), tx), partitionOf(id, 16)],
        tx: [keys.tx(tx), partitionOf(tx, 16)],
        erasing: [keys.erasing(id), partitionOf(id, 16)],
        heldBody: [keys.heldBody(id, tx), partitionOf(id, 16)],
        offeredKey: [keys.offeredKey, 0],
        usedKey: [keys.usedKey(5), 5],
      };
      for (const [name, [key, partition]] of Object.entries(rows))
        assert.equal(partitionOfRow(key, 16), partition, name);
    }
  });
});
