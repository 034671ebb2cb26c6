import { parseEventLogs, type Hex, type Log, type PublicClient } from "viem";
import { notaryLedgerAbi } from "../../../protocol/abi/NotaryLedger.ts";
import { VOID_ROOT } from "../../../protocol/body.ts";
import { fromHex, toHex } from "../../../protocol/bytes.ts";
import { keepNewest } from "../../ops/newest.ts";
import type { Clock, Notarized } from "../../ports.ts";
import { ask, shortOf } from "./rpc.ts";

/** How a chain says that a block will stay. */
export type Finality = { readonly kind: "tag" } | { readonly kind: "depth"; readonly blocks: number };

const RANGE_BLOCKS_MAX = 2_000n;
/** Blocks whose hashes are remembered to notice a reorg; deeper than any that a testnet has shown. */
const REMEMBERED_BLOCKS = 256;

interface Seen {
  readonly headerHash: Uint8Array;
  readonly outcomeRoot: Uint8Array;
  readonly txHash: Uint8Array;
  readonly blockHash: Uint8Array;
  readonly blockNumber: number;
}

/**
 * Follows the ledger's events at the chain's head. What always holds: an entry is here only while its block is on the
 * chain that the endpoint shows; when a remembered block's hash has changed, everything from there on is read again.
 */
export class Watch {
  readonly #client: PublicClient;
  readonly #ledger: Hex;
  readonly #finality: Finality;
  readonly #seen = new Map<string, Seen>();
  readonly #hashes = new Map<bigint, Hex>();
  readonly #listeners = new Set<() => void>();
  #scanned: bigint;
  #head = 0n;
  #finalized = 0n;
  #lastError: string | undefined;

  constructor(options: {
    readonly client: PublicClient;
    readonly ledger: Uint8Array;
    readonly finality: Finality;
    readonly fromBlock: bigint;
  }) {
    this.#client = options.client;
    this.#ledger = toHex(options.ledger);
    this.#finality = options.finality;
    this.#scanned = options.fromBlock - 1n;
  }

  get head(): number {
    return Number(this.#head);
  }
  get finalized(): number {
    return Number(this.#finalized);
  }
  get lastError(): string | undefined {
    return this.#lastError;
  }

  onHead(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  find(partition: Uint8Array, seq: bigint): Notarized | undefined {
    const seen = this.#seen.get(`${toHex(partition)}:${seq}`);
    if (seen === undefined) return undefined;
    const confirmations = Math.max(0, this.head - seen.blockNumber + 1);
    return { ...seen, confirmations, final: seen.blockNumber <= this.finalized };
  }

  /** Polls until the signal is aborted. */
  async run(pollMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (await this.poll()) for (const listener of this.#listeners) listener();
        this.#lastError = undefined;
      } catch (error) {
        this.#lastError = shortOf(error);
      }
      await clock.sleep(pollMs, signal);
    }
  }

  /** Reads what is new; true when the head or the final block has moved. */
  async poll(): Promise<boolean> {
    const head = await ask(() => this.#client.getBlock({ blockTag: "latest" }));
    const finalized = await this.#finalNumber(head.number);
    await this.#forgetReplaced(head.number);
    while (this.#scanned < head.number) await this.#scan(head.number);
    this.#remember(head.number, head.hash);
    const moved = head.number !== this.#head || finalized !== this.#finalized;
    this.#head = head.number;
    // An endpoint behind another may show an older final block; what was final stays final.
    if (finalized > this.#finalized) this.#finalized = finalized;
    return moved;
  }

  async #finalNumber(head: bigint): Promise<bigint> {
    if (this.#finality.kind === "depth") {
      const depth = BigInt(this.#finality.blocks);
      return head > depth ? head - depth : 0n;
    }
    const block = await ask(() => this.#client.getBlock({ blockTag: "finalized" }));
    return block.number;
  }

  async #scan(head: bigint): Promise<void> {
    const fromBlock = this.#scanned + 1n;
    const toBlock = fromBlock + RANGE_BLOCKS_MAX - 1n < head ? fromBlock + RANGE_BLOCKS_MAX - 1n : head;
    const logs = await ask(() => this.#client.getLogs({ address: this.#ledger, fromBlock, toBlock }));
    for (const log of logs) this.#note(log);
    this.#scanned = toBlock;
  }

  /** Logs of a receipt, for a block that an endpoint showed without them. */
  noteReceipt(logs: readonly Log[]): void {
    for (const log of logs) if (log.address.toLowerCase() === this.#ledger) this.#note(log);
  }

  #note(log: Log): void {
    const [event] = parseEventLogs({ abi: notaryLedgerAbi, logs: [log], eventName: ["BatchNotarized", "BatchVoided"] });
    if (event?.blockNumber == null || event.removed) return;
    const { partition, seq, headerHash } = event.args;
    const outcomeRoot = event.eventName === "BatchNotarized" ? event.args.outcomeRoot : toHex(VOID_ROOT);
    this.#remember(event.blockNumber, event.blockHash);
    this.#seen.set(`${partition}:${seq}`, {
      headerHash: bytesOf(headerHash),
      outcomeRoot: bytesOf(outcomeRoot),
      txHash: bytesOf(event.transactionHash),
      blockHash: bytesOf(event.blockHash),
      blockNumber: Number(event.blockNumber),
    });
  }

  #remember(number: bigint, hash: Hex): void {
    this.#hashes.set(number, hash);
    keepNewest(this.#hashes, REMEMBERED_BLOCKS);
  }

  /** Goes back over the remembered blocks until one is still on the chain, and forgets what came after it. */
  async #forgetReplaced(head: bigint): Promise<void> {
    const numbers = [...this.#hashes.keys()]
      .filter((number) => number > this.#finalized)
      .sort((a, b) => (a < b ? 1 : -1));
    let valid: bigint | undefined;
    let replaced = false;
    for (const number of numbers) {
      const remembered = this.#hashes.get(number);
      const now = number > head ? undefined : (await ask(() => this.#client.getBlock({ blockNumber: number }))).hash;
      if (now === remembered) {
        valid = number;
        break;
      }
      replaced = true;
    }
    if (!replaced) return;
    const keep = valid ?? this.#finalized;
    for (const number of this.#hashes.keys()) if (number > keep) this.#hashes.delete(number);
    for (const [key, seen] of this.#seen) if (BigInt(seen.blockNumber) > keep) this.#seen.delete(key);
    if (this.#scanned > keep) this.#scanned = keep;
  }
}

function bytesOf(hex: Hex | null): Uint8Array {
  return (hex === null ? undefined : fromHex(hex)) ?? new Uint8Array(32);
}
