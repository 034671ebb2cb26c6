import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keys, partitionOf, partitionOfRow } from "../../../relayer/midc/keys.ts";
import { random } from "../../support/relayer.ts";

describe("the keys of the state", () => {
  it("tell of every row which partition it belongs to", () => {
    for (let i = 0; i < 50; i += 1) {
      const [id, tx] = [random(16), random(32)];
      const position = { partition: 5, seq: 9, index: 2 };
      const placed = [
        keys.applied(5),
        keys.node(5, id),
        keys.block(position),
        keys.open(position),
        keys.batch(5, 1),
        keys.batchHead(5),
      ];
      for (const key of placed) assert.equal(partitionOfRow(key, 16), 5);
      const byId = [keys.head(id), keys.step(id, tx), keys.vault(id), keys.directory(id), keys.grant(id, random(16))];
      for (const key of byId) assert.equal(partitionOfRow(key, 16), partitionOf(id, 16));
      assert.equal(partitionOfRow(keys.envelope(id, random(16), tx), 16), partitionOf(id, 16));
      assert.equal(partitionOfRow(keys.tx(tx), 16), partitionOf(tx, 16));
    }
  });
});
