import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PublicClient } from "viem";
import { createEventReader } from "../../portal/net/readEvents.ts";

interface Sighting {
  readonly blockNumber: bigint;
  readonly name: string;
}

/** A chain with an event in every block that was named, and an endpoint that answers for so many blocks at a time. */
function chainOf(blocks: Map<bigint, string>, at: { head: bigint; final: bigint }, blocksMax = 1n << 40n) {
  const asked: [bigint, bigint][] = [];
  const client = {
    getBlock: (of?: { readonly blockTag: string }) =>
      Promise.resolve({ number: of === undefined ? at.head : at.final }),
  } as unknown as Pick<PublicClient, "getBlock">;
  const read = (from: bigint, to: bigint): Promise<Sighting[]> => {
    asked.push([from, to]);
    if (to - from >= blocksMax) return Promise.reject(new Error("too many blocks"));
    const found = [...blocks].map(([blockNumber, name]) => ({ blockNumber, name }));
    return Promise.resolve(found.filter(({ blockNumber }) => blockNumber >= from && blockNumber <= to));
  };
  return { client, read, asked };
}

describe("reading events again and again", () => {
  it("asks for final blocks once, and for the others until they are final", async () => {
    const at = { head: 20n, final: 15n };
    const blocks = new Map([
      [12n, "final"],
      [18n, "taken back later"],
    ]);
    const { client, read, asked } = chainOf(blocks, at);
    const events = createEventReader<Sighting>();
    const names = async () => (await events(client, 10n, read)).map(({ name }) => name);
    assert.deepEqual(await names(), ["final", "taken back later"]);
    blocks.delete(18n);
    blocks.set(19n, "in its place");
    at.head = 25n;
    assert.deepEqual(await names(), ["final", "in its place"]);
    at.final = 25n;
    assert.deepEqual(await names(), ["final", "in its place"]);
    assert.deepEqual(await names(), ["final", "in its place"]);
    assert.deepEqual(asked, [
      [10n, 20n],
      [16n, 25n],
      [16n, 25n],
    ]);
  });

  it("reads pieces where the whole is too much, in the order of the chain", async () => {
    const blocks = new Map([
      [3n, "a"],
      [7_000n, "b"],
      [12_000n, "c"],
    ]);
    const { client, read } = chainOf(blocks, { head: 12_000n, final: 11_000n }, 5_000n);
    const found = await createEventReader<Sighting>()(client, 1n, read);
    assert.deepEqual(
      found.map(({ name }) => name),
      ["a", "b", "c"],
    );
  });

  it("begins again on a chain that has begun again", async () => {
    const events = createEventReader<Sighting>();
    const old = chainOf(new Map([[5n, "of the old chain"]]), { head: 30n, final: 28n });
    assert.equal((await events(old.client, 1n, old.read)).length, 1);
    const fresh = chainOf(new Map([[4n, "of the new one"]]), { head: 6n, final: 5n });
    const found = await events(fresh.client, 1n, fresh.read);
    assert.deepEqual(
      found.map(({ name }) => name),
      ["of the new one"],
    );
  });
});
