import { keccak256, type Hex, type PublicClient, type TransactionReceipt } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { Fault } from "../../errors.ts";
import type { Clock, Journal, Sending } from "../../ports.ts";
import { ask, shortOf } from "./rpc.ts";

/** When a sent transaction is pushed again, and what it may cost. */
export interface SendPolicy {
  readonly resendAfterMs: number;
  readonly bumpAfterMs: number;
  /** Wei per gas above which nothing is sent. */
  readonly feeCapWei: bigint;
  /** Wei below which the account must not fall before a sending. */
  readonly balanceMinWei: bigint;
}

const IN_FLIGHT_MAX = 64;
const BUMPS_MAX = 8;
/** Nodes want 10 % more on both fees to replace a transaction; a little over that. */
const bumped = (fee: bigint): bigint => (fee * 1125n) / 1000n + 1n;
const FEE_HEADROOM = 2n;
const TIP_WEI_MIN = 1_000_000n;

interface Variant {
  readonly raw: Hex;
  readonly hash: Hex;
  readonly maxFee: string;
  readonly tip: string;
}

/** One nonce of the signer: what it was spent on and every transaction signed for it. */
interface Row {
  readonly key: string;
  readonly nonce: number;
  readonly to: Hex;
  readonly data: Hex;
  readonly gas: string;
  readonly variants: readonly Variant[];
  readonly cancelled?: boolean;
}

interface Live {
  row: Row;
  state: Sending["state"];
  /** When its newest variant was signed here, and when it was last let out. */
  signedAt: number;
  broadcastAt: number;
  lastError?: string;
}

interface Ports {
  readonly client: PublicClient;
  readonly account: PrivateKeyAccount;
  readonly chain: number;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly onMined: (receipt: TransactionReceipt) => void;
}

/**
 * Sends transactions of one signer. The journal row is the allocation of a nonce: it is on disk, with the signed bytes,
 * before anything is broadcast; there is no other counter. A nonce is done when one of its hashes is final. Until then
 * the same bytes, or a dearer variant of the same nonce, are sent again: after a restart, a reorg, a forgetful mempool.
 */
export class Outbox {
  readonly #ports: Ports;
  readonly #policy: SendPolicy;
  readonly #live = new Map<number, Live>();
  /** Nonces are given out one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(policy: SendPolicy, ports: Ports) {
    this.#policy = policy;
    this.#ports = ports;
    for (const [name, text] of ports.journal.entries()) {
      if (!name.startsWith(this.#prefix)) continue;
      const row = JSON.parse(text) as Row;
      this.#live.set(row.nonce, { row, state: "broadcast", signedAt: ports.clock.now(), broadcastAt: 0 });
    }
  }

  /** The sending account. */
  get account(): Hex {
    return this.#ports.account.address;
  }

  get #prefix(): string {
    return `${this.#ports.chain}:${this.#ports.account.address.toLowerCase()}:`;
  }

  #nameOf(nonce: number): string {
    return `${this.#prefix}${String(nonce).padStart(12, "0")}`;
  }

  list(): readonly (Sending & { readonly key: string })[] {
    return [...this.#live.values()]
      .sort((a, b) => a.row.nonce - b.row.nonce)
      .map((live) => ({ key: live.row.key, ...sendingOf(live) }));
  }

  sending(key: string): Sending | undefined {
    for (const live of this.#live.values()) if (live.row.key === key) return sendingOf(live);
    return undefined;
  }

  /** Once per key, however often it is called; resolves when the signed bytes are durable and have been broadcast once. */
  send(call: { readonly key: string; readonly to: Hex; readonly data: Hex; readonly gas: bigint }): Promise<void> {
    const turn = this.#turn.then(() => this.#sendInTurn(call));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #sendInTurn(call: {
    readonly key: string;
    readonly to: Hex;
    readonly data: Hex;
    readonly gas: bigint;
  }): Promise<void> {
    if (this.sending(call.key) !== undefined) return;
    if (this.#live.size >= IN_FLIGHT_MAX) throw new Fault("QUEUE_FULL", "transactions in flight");
    const { client, account } = this.#ports;
    const [next, fees, balance] = await ask(() =>
      Promise.all([
        client.getTransactionCount({ address: account.address }),
        this.#fees(),
        client.getBalance({ address: account.address }),
      ]),
    );
    if (balance < this.#policy.balanceMinWei) throw new Fault("SIGNER_POOR");
    const taken = [...this.#live.keys()];
    const nonce = Math.max(next, ...taken.map((used) => used + 1));
    const row = { key: call.key, nonce, to: call.to, data: call.data, gas: call.gas.toString(), variants: [] };
    await this.#signVariant(row, fees);
  }

  async #fees(): Promise<{ readonly maxFee: bigint; readonly tip: bigint }> {
    const block = await this.#ports.client.getBlock({ blockTag: "latest" });
    const tip = TIP_WEI_MIN;
    const maxFee = (block.baseFeePerGas ?? 0n) * FEE_HEADROOM + tip;
    if (maxFee > this.#policy.feeCapWei) throw new Fault("GAS_TOO_DEAR");
    return { maxFee, tip };
  }

  /** Signs one more variant of a nonce, writes it down, and only then lets it out. */
  async #signVariant(row: Row, fees: { readonly maxFee: bigint; readonly tip: bigint }): Promise<void> {
    const raw = await this.#ports.account.signTransaction({
      type: "eip1559",
      chainId: this.#ports.chain,
      nonce: row.nonce,
      to: row.to,
      data: row.data,
      gas: BigInt(row.gas),
      maxFeePerGas: fees.maxFee,
      maxPriorityFeePerGas: fees.tip,
    });
    const variant = { raw, hash: keccak256(raw), maxFee: fees.maxFee.toString(), tip: fees.tip.toString() };
    const written: Row = { ...row, variants: [...row.variants, variant] };
    await this.#ports.journal.put([[this.#nameOf(row.nonce), JSON.stringify(written)]]);
    const live: Live = { row: written, state: "broadcast", signedAt: this.#ports.clock.now(), broadcastAt: 0 };
    this.#live.set(row.nonce, live);
    await this.#broadcast(live);
  }

  async #broadcast(live: Live): Promise<void> {
    const variant = live.row.variants.at(-1);
    if (variant === undefined) return;
    live.broadcastAt = this.#ports.clock.now();
    try {
      await this.#ports.client.sendRawTransaction({ serializedTransaction: variant.raw });
      delete live.lastError;
    } catch (error) {
      // "already known" and "nonce too low" are answers, not failures: the next look at the chain tells what is true.
      live.lastError = shortOf(error);
    }
  }

  /** One look at everything in flight; to be called at every new head and now and then. */
  async tend(finalBlock: number): Promise<void> {
    const { client, account, clock } = this.#ports;
    const used = await ask(() => client.getTransactionCount({ address: account.address, blockTag: "latest" }));
    for (const live of [...this.#live.values()].sort((a, b) => a.row.nonce - b.row.nonce)) {
      if (live.row.nonce < used) await this.#tendMined(live, finalBlock);
      else {
        if (live.state === "mined") live.state = "broadcast";
        const isNext = live.row.nonce === used;
        if (isNext && live.state !== "held" && clock.now() - live.signedAt >= this.#policy.bumpAfterMs) {
          await this.bump(live.row.nonce);
        } else if (clock.now() - live.broadcastAt >= this.#policy.resendAfterMs) await this.#broadcast(live);
      }
    }
  }

  async #tendMined(live: Live, finalBlock: number): Promise<void> {
    const receipt = await this.#receiptOf(live.row);
    if (receipt === undefined) {
      // The nonce was spent on something that was not signed here: the call has to be made again with another one.
      await this.#drop(live.row.nonce);
      return;
    }
    if (live.state !== "mined") this.#ports.onMined(receipt);
    live.state = "mined";
    if (receipt.status === "reverted") live.lastError = "the transaction was mined and reverted";
    if (Number(receipt.blockNumber) <= finalBlock) await this.#drop(live.row.nonce);
  }

  async #receiptOf(row: Row): Promise<TransactionReceipt | undefined> {
    for (const { hash } of row.variants) {
      const receipt = await ask(async () => {
        try {
          return await this.#ports.client.getTransactionReceipt({ hash });
        } catch (error) {
          if (error instanceof Error && error.name === "TransactionReceiptNotFoundError") return undefined;
          throw error;
        }
      });
      if (receipt !== undefined) return receipt;
    }
    return undefined;
  }

  async #drop(nonce: number): Promise<void> {
    await this.#ports.journal.put([[this.#nameOf(nonce), undefined]]);
    this.#live.delete(nonce);
  }

  /** Signs the same nonce again with both fees raised; held once it has been raised too often or would pass the cap. */
  async bump(nonce: number): Promise<void> {
    const live = this.#live.get(nonce);
    const last = live?.row.variants.at(-1);
    if (live === undefined || last === undefined) return;
    const fees = { maxFee: bumped(BigInt(last.maxFee)), tip: bumped(BigInt(last.tip)) };
    if (live.row.variants.length > BUMPS_MAX || fees.maxFee > this.#policy.feeCapWei) {
      live.state = "held";
      live.lastError = "raised as often as allowed, or at the fee cap; ./midchain tx bump or cancel";
      await this.#broadcast(live);
      return;
    }
    await this.#signVariant(live.row, fees);
  }

  /** Replaces what the nonce was for by a transfer of nothing to oneself. */
  async cancel(nonce: number): Promise<void> {
    const live = this.#live.get(nonce);
    const last = live?.row.variants.at(-1);
    if (live === undefined || last === undefined) return;
    const fees = { maxFee: bumped(BigInt(last.maxFee)), tip: bumped(BigInt(last.tip)) };
    const row: Row = {
      ...live.row,
      key: `cancelled:${live.row.key}`,
      to: this.#ports.account.address,
      data: "0x",
      gas: "21000",
      cancelled: true,
    };
    await this.#signVariant(row, fees);
  }
}

function sendingOf(live: Live): Sending {
  return {
    state: live.state,
    nonce: live.row.nonce,
    hashes: live.row.variants.map((variant) => variant.hash),
    ...(live.lastError === undefined ? {} : { lastError: live.lastError }),
  };
}
