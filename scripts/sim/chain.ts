import { createHash } from "node:crypto";
import { concat, equalBytes, toHex } from "../../protocol/bytes.ts";
import { merkleTree, outcomeLeaf } from "../../protocol/merkle.ts";
import { batchDigest, type Keccak } from "../../protocol/typedData.ts";
import { Fault } from "../../relayer/errors.ts";
import type { ItemOutcome, Ledger, Notarized, SignedDeal, SubmitCall } from "../../relayer/ports.ts";
import type { Random } from "./random.ts";
import type { Owner, World } from "./world.ts";

const BLOCK_MS = 500;
export const FINAL_AFTER = 4;
const SETTLED = 1;
const REVERTED = 2;
const NONCE_USED = 4;
const ZERO32 = new Uint8Array(32);

interface Included {
  readonly call: SubmitCall;
  readonly headerHash: Uint8Array;
  readonly outcomeRoot: Uint8Array;
  readonly outcomes: readonly ItemOutcome[];
  readonly txHash: Uint8Array;
}

interface Block {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly included: readonly Included[];
}

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash("sha256")
      .update(concat(...parts))
      .digest(),
  );

/** A public chain with one ledger and one token: blocks every half second, final after four, sometimes taken back. */
export class Chain {
  readonly #world: World;
  readonly #keccak: Keccak;
  readonly #separator: Uint8Array;
  readonly #blocks: Block[] = [];
  readonly #waiting = new Map<string, SubmitCall>();
  readonly #deals = new Map<string, SignedDeal>();
  readonly #genesis = new Map<string, bigint>();
  #forks = 0;
  readonly #listeners = new Set<() => void>();

  constructor(world: World, keccak: Keccak, separator: Uint8Array) {
    this.#world = world;
    this.#keccak = keccak;
    this.#separator = separator;
    const mine = (): void => {
      this.#mine();
      this.#world.after(BLOCK_MS, mine);
    };
    world.after(BLOCK_MS, mine);
  }

  give(account: string, amount: bigint): void {
    this.#genesis.set(account, amount);
  }

  /** A call that reaches the network; twice is once. */
  broadcast(call: SubmitCall): void {
    const header = toHex(batchDigest(call.batch, this.#separator, this.#keccak));
    this.#waiting.set(header, call);
  }

  remember(deals: readonly SignedDeal[]): Uint8Array {
    for (const deal of deals) this.#deals.set(toHex(deal.id), deal);
    return concat(...deals.map(({ id }) => id));
  }

  /** The last blocks never happened; what was in them waits again, if somebody sends it again. */
  reorg(depth: number): void {
    this.#forks += 1;
    for (let i = 0; i < Math.min(depth, FINAL_AFTER - 1); i += 1) this.#blocks.pop();
    this.#mine();
  }

  find(partition: Uint8Array, seq: bigint): Notarized | undefined {
    for (const block of this.#blocks) {
      const found = block.included.find(
        ({ call }) => call.batch.seq === seq && equalBytes(call.batch.partition, partition),
      );
      if (found === undefined) continue;
      const confirmations = this.#blocks.length - block.number;
      return {
        headerHash: found.headerHash,
        outcomeRoot: found.outcomeRoot,
        txHash: found.txHash,
        blockHash: block.hash,
        blockNumber: block.number,
        confirmations,
        final: confirmations >= FINAL_AFTER,
      };
    }
    return undefined;
  }

  outcomesOf(txHash: Uint8Array): readonly ItemOutcome[] {
    for (const { included } of this.#blocks)
      for (const each of included) if (equalBytes(each.txHash, txHash)) return each.outcomes;
    throw new Fault("LEDGER_UNREACHABLE", "no such transaction");
  }

  /** Every header on the chain, by partition name and sequence. */
  *headers(): Generator<{ readonly partition: Uint8Array; readonly seq: number; readonly headerHash: Uint8Array }> {
    for (const { included } of this.#blocks)
      for (const { call, headerHash } of included)
        yield { partition: call.batch.partition, seq: Number(call.batch.seq), headerHash };
  }

  balances(): Map<string, bigint> {
    const balances = new Map(this.#genesis);
    for (const { included } of this.#blocks)
      for (const { outcomes } of included)
        for (const { dealId, status } of outcomes) if (status === SETTLED) this.#move(dealId, balances);
    return balances;
  }

  onHead(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #move(dealId: Uint8Array, balances: Map<string, bigint>): boolean {
    const moved = new Map(balances);
    for (const { from, to, amount } of this.#deals.get(toHex(dealId))?.terms.legs ?? []) {
      const [payer, payee] = [toHex(from), toHex(to)];
      const left = (moved.get(payer) ?? 0n) - amount;
      if (left < 0n) return false;
      moved.set(payer, left);
      moved.set(payee, (moved.get(payee) ?? 0n) + amount);
    }
    for (const [account, amount] of moved) balances.set(account, amount);
    return true;
  }

  #mine(): void {
    const number = this.#blocks.length;
    const included: Included[] = [];
    const block: Block = { number, hash: sha256(Uint8Array.of(number & 255, number >> 8, this.#forks)), included };
    this.#blocks.push(block);
    // A call whose predecessor has just gone in can follow it in the same block.
    for (let again = true; again;) {
      again = false;
      for (const [header, call] of this.#waiting) {
        const taken = this.#execute(header, call, block);
        if (taken === "wait") continue;
        this.#waiting.delete(header);
        if (taken !== "drop") {
          included.push(taken);
          again = true;
        }
      }
    }
    for (const listener of this.#listeners) listener();
  }

  #execute(header: string, call: SubmitCall, block: Block): Included | "wait" | "drop" {
    const { batch } = call;
    const known = this.find(batch.partition, batch.seq);
    // The ledger takes a known header as done, and refuses another one for the same place.
    if (known !== undefined) return "drop";
    const before = batch.seq === 0n ? undefined : this.find(batch.partition, batch.seq - 1n);
    if (batch.seq > 0n && before === undefined) return "wait";
    if (!equalBytes(batch.prev, before?.headerHash ?? ZERO32)) return "drop";
    const balances = this.balances();
    const done = new Set<string>();
    for (const { included } of this.#blocks)
      for (const { outcomes } of included) for (const { dealId } of outcomes) done.add(toHex(dealId));
    const outcomes: ItemOutcome[] = [];
    for (let at = 0; at < call.items.length; at += 32) {
      const dealId = call.items.slice(at, at + 32);
      const status = done.has(toHex(dealId)) ? NONCE_USED : this.#move(dealId, balances) ? SETTLED : REVERTED;
      outcomes.push({ dealId, status, reason: new Uint8Array(0), reasonName: "" });
    }
    const leaves = outcomes.map(({ dealId, status, reason }, index) =>
      outcomeLeaf({ index, dealId, status, reasonHash: this.#keccak(reason) }, this.#keccak),
    );
    const headerHash = batchDigest(batch, this.#separator, this.#keccak);
    return {
      call,
      headerHash,
      outcomeRoot: leaves.length === 0 ? ZERO32 : merkleTree(leaves, this.#keccak).root,
      outcomes,
      txHash: sha256(headerHash, block.hash, Buffer.from(header)),
    };
  }
}

/** What a node has signed and sent, kept on its disk: it is sent again until it is final. */
export type Outbox = Map<string, SubmitCall>;

/** One node's view of the chain. */
export function ledgerOn(
  chain: Chain,
  ports: {
    readonly world: World;
    readonly random: Random;
    readonly owner: Owner;
    readonly outbox: Outbox;
    readonly isSilent: () => boolean;
  },
): Ledger {
  const { world, random, owner, outbox } = ports;
  const ask = async <Answer>(question: () => Answer): Promise<Answer> => {
    await world.sleep(random.between(1, 40), owner);
    if (ports.isSilent()) throw new Fault("LEDGER_UNREACHABLE", "simulated");
    return question();
  };
  const listeners = new Set<() => void>();
  const resend = (): void => {
    if (owner.isDead()) return;
    for (const [key, call] of outbox) {
      if (chain.find(call.batch.partition, call.batch.seq)?.final === true) outbox.delete(key);
      else if (!ports.isSilent()) chain.broadcast(call);
    }
    for (const listener of listeners) listener();
  };
  chain.onHead(() => {
    world.after(random.between(0, 100), resend, owner);
  });
  return {
    encodeItems: (deals) => chain.remember(deals),
    find: (partition, seq) => ask(() => chain.find(partition, seq)),
    outcomes: (txHash) => ask(() => ({ outcomes: chain.outcomesOf(txHash), gasUsed: 0 })),
    async submit(key, call) {
      await world.sleep(random.between(0, 3), owner);
      outbox.set(key, call);
      await world.sleep(random.between(0, 10), owner);
      if (!ports.isSilent()) chain.broadcast(call);
    },
    sending: (key) => (outbox.has(key) ? { state: "broadcast", nonce: 0, hashes: [] } : undefined),
    onHead(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
