import { equalBytes, toHex, uintToBytes } from "../../protocol/bytes.ts";
import { batchDigest, type BatchHeader } from "../../protocol/typedData.ts";
import { Fault, mayRetry } from "../errors.ts";
import { isLaid, layMissing } from "../log/lay.ts";
import type { Replica } from "../log/replica.ts";
import type { Happened } from "../midc/apply.ts";
import { keys } from "../midc/keys.ts";
import { decodeBatch, decodeBatchHead } from "../midc/rows.ts";
import type { Clock, Committee, Ledger, Notarized, PartitionLog, Sending } from "../ports.ts";
import { buildBatch, type BatchPorts, type BuiltBatch, type Member } from "./batch.ts";
import { msUntilClosing } from "./closing.ts";
import { settleBatch, type SettlePorts } from "./settle.ts";
import { Waiting } from "./waiting.ts";

/** When a batch is closed, and how many may be on their way at once. */
export interface BatchPolicy {
  readonly inputsMax: number;
  readonly legsMax: number;
  /** How often a partition closes a batch, however small: the longest that a transaction waits for others. */
  readonly closeAfterMs: number;
}

export const OPEN_BATCHES_MAX = 8;
const DEALS_MAX = 200;
const LAY_AFTER_MS = 2_000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 15_000;

export interface NotaryPorts extends Omit<BatchPorts, "view" | "vault">, Omit<SettlePorts, "replica" | "vault"> {
  readonly replica: Pick<Replica, "submit" | "partitions" | "view" | "applied">;
  readonly log: Pick<PartitionLog, "read">;
  readonly ledger: Ledger;
  readonly committee: Committee;
  readonly clock: Clock;
  /** Hears of every step that failed; what it was about is in the explanations. */
  readonly onFault: (error: unknown) => void;
  /** EIP-712 separator of the ledger. */
  readonly ledgerSeparator: Uint8Array;
  /**
   * Whether a majority of the nodes holds the same past of the partition up to this sequence; absent where there is one
   * node. What reaches the chain cannot be taken back, so it must not be something that only this node has seen.
   */
  readonly isShared?: (partition: number, seq: number) => Promise<boolean>;
  readonly vault: BatchPorts["vault"] & SettlePorts["vault"];
  readonly keccak: BatchPorts["keccak"];
}

/** The name of a log partition on the ledger. */
export const ledgerPartition = (networkTag: Uint8Array, partition: number): Uint8Array => {
  const name = new Uint8Array(32);
  name.set(networkTag.subarray(0, 30));
  name.set(uintToBytes(BigInt(partition), 2), 30);
  return name;
};

/** Why a transaction or batch does not move, for people. */
export interface Explanation {
  readonly blockedBy: string;
  readonly nextAttemptAt: number;
  readonly lastError?: string;
}

interface ClosedBatch {
  readonly built: BuiltBatch;
  readonly members: readonly Member[];
}

/**
 * Stage four for one partition: closes batches of what is pending, has them signed, sends them, follows them to
 * finality, and hands them to stage five. Safe to run twice at once and to stop anywhere: every step is idempotent,
 * and what is to be done is always read from the state, never remembered.
 */
export class Notary {
  readonly #partition: number;
  readonly #name: Uint8Array;
  readonly #policy: BatchPolicy;
  readonly #ports: NotaryPorts;
  readonly #waiting: Waiting;
  readonly #explanations = new Map<number, Explanation>();
  readonly #failures = new Map<number, number>();
  /** Batches on their way, as built; each can be built again from the state, so losing one costs time only. */
  readonly #built = new Map<number, ClosedBatch>();
  /** A sequence of the partition by which a batch was closed, as first seen here. */
  readonly #closedBy = new Map<number, number>();
  #lastFault: Explanation | undefined;

  constructor(
    place: { readonly partition: number; readonly networkTag: Uint8Array },
    policy: BatchPolicy,
    ports: NotaryPorts,
  ) {
    this.#partition = place.partition;
    this.#name = ledgerPartition(place.networkTag, place.partition);
    this.#policy = policy;
    this.#ports = ports;
    this.#waiting = new Waiting(place.partition, ports.replica.view);
  }

  /** To be called for everything that happens in this partition, in order. */
  note(happened: Happened): void {
    this.#waiting.note(happened);
  }

  get backlog(): { readonly unbatched: number; readonly openBatches: readonly number[] } {
    return { unbatched: this.#waiting.count, openBatches: this.#waiting.openBatches };
  }

  explain(batchSeq: number | undefined): Explanation | undefined {
    return batchSeq === undefined ? this.#lastFault : (this.#explanations.get(batchSeq) ?? this.#lastFault);
  }

  /**
   * One look at everything that is open: moves each batch as far as it will go now. Returns when to look again at the
   * latest, in milliseconds; news (a head, a transaction) should make it look sooner.
   */
  async step(): Promise<number> {
    let again = RETRY_MS_MAX;
    try {
      again = await this.#closeWhatIsDue();
      this.#lastFault = undefined;
    } catch (error) {
      this.#lastFault = this.#explanation(error, RETRY_MS_MIN);
      again = RETRY_MS_MIN;
    }
    for (const seq of this.#waiting.openBatches) {
      const explained = this.#explanations.get(seq);
      if (explained !== undefined && explained.nextAttemptAt > this.#ports.clock.now()) continue;
      try {
        // A later batch must not be sent before the ones it links to; once they are sent, each moves by itself.
        if (!(await this.#drive(seq))) break;
        this.#explanations.delete(seq);
        this.#failures.delete(seq);
      } catch (error) {
        this.#defer(seq, error);
        again = Math.min(again, RETRY_MS_MIN);
        break;
      }
    }
    return again;
  }

  #defer(seq: number, error: unknown): void {
    const failures = (this.#failures.get(seq) ?? 0) + 1;
    this.#failures.set(seq, failures);
    const wait = mayRetry(error) ? Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures, 10)) : RETRY_MS_MAX;
    this.#explanations.set(seq, this.#explanation(error, wait));
  }

  #explanation(error: unknown, waitMs: number): Explanation {
    this.#ports.onFault(error);
    const blockedBy = error instanceof Fault ? error.code : "UNEXPECTED";
    const lastError = error instanceof Error ? error.message : String(error);
    return { blockedBy, nextAttemptAt: this.#ports.clock.now() + waitMs, lastError };
  }

  /** Closes a batch when it is full or old enough. Returns how long the oldest may still wait. */
  async #closeWhatIsDue(): Promise<number> {
    if (this.#waiting.openBatches.length >= OPEN_BATCHES_MAX) return RETRY_MS_MAX;
    const youngMs = this.#youngMs();
    if (youngMs > 0) return youngMs;
    const { members, full } = await this.#ready();
    const [oldest] = members;
    if (oldest === undefined) return this.#waiting.count > 0 ? RETRY_MS_MIN : RETRY_MS_MAX;
    const waitMs = this.#msUntilDue(oldest.tx.at);
    if (!full && waitMs > 0) return waitMs;
    const head = decodeBatchHead(this.#ports.replica.view.get(keys.batchHead(this.#partition)));
    const place = { partition: this.#name, seq: head.next, prev: head.headerHash };
    const built = buildBatch(place, members, { ...this.#ports, view: this.#ports.replica.view });
    if (built === undefined) throw new Fault("VAULT_KEY_MISSING");
    const { prev, root, itemsHash } = built.header;
    const closed = await this.#ports.replica.submit(this.#partition, {
      kind: "close",
      batchSeq: head.next,
      prev,
      root,
      itemsHash,
      headerHash: this.#hashOf(built.header),
      txIds: members.map(({ txId }) => txId),
    });
    // What has just been built need not be built again; a batch that another node closed is built from the state.
    if (closed.kind === "done") this.#built.set(head.next, { built, members });
    return 0;
  }

  /** How long nothing can be due: too few wait to fill a batch, and the oldest came after the last closing. */
  #youngMs(): number {
    if (this.isFull) return 0;
    const [oldest] = this.#waiting.unbatched;
    return oldest === undefined ? RETRY_MS_MAX : this.#msUntilDue(oldest.at);
  }

  #msUntilDue(at: number): number {
    const { clock, replica } = this.#ports;
    const place = { partition: this.#partition, partitions: replica.partitions };
    return msUntilClosing(at, clock.now(), { ...place, closeAfterMs: this.#policy.closeAfterMs });
  }

  /** Whether a single transaction waits: the one that sets the time of the next look. */
  get isFirst(): boolean {
    return this.#waiting.count === 1;
  }

  /** Whether enough wait to fill a batch, whatever their age. */
  get isFull(): boolean {
    return this.#waiting.count >= this.#policy.inputsMax || this.#waiting.legs >= this.#policy.legsMax;
  }

  /** The waiting transactions whose pending blocks are all laid, up to one batch. */
  async #ready(): Promise<{ readonly members: readonly Member[]; readonly full: boolean }> {
    const members: Member[] = [];
    let legs = 0;
    let deals = 0;
    for (const { txId } of this.#waiting.unbatched) {
      const tx = this.#waiting.tx(txId);
      if (tx === undefined || !(await this.#isLaid(txId, tx))) continue;
      const full = legs + tx.legs > this.#policy.legsMax || (tx.legs > 0 && deals >= DEALS_MAX);
      if (full) return { members, full };
      members.push({ txId, tx });
      legs += tx.legs;
      deals += tx.legs > 0 ? 1 : 0;
      if (members.length >= this.#policy.inputsMax) return { members, full: true };
    }
    return { members, full: false };
  }

  /** Whether every party has its pending block. If the node that took the request died first, they are laid here. */
  async #isLaid(txId: Uint8Array, tx: Member["tx"]): Promise<boolean> {
    const { replica, clock } = this.#ports;
    if (isLaid(txId, tx, replica.view)) return true;
    if (clock.now() - tx.at < LAY_AFTER_MS) return false;
    await layMissing(txId, this.#ports);
    return isLaid(txId, tx, replica.view);
  }

  #hashOf(header: BatchHeader): Uint8Array {
    return batchDigest(header, this.#ports.ledgerSeparator, this.#ports.keccak);
  }

  /** Moves one closed batch on. True when it is at least sent, so that the next one may go too. */
  async #drive(seq: number): Promise<boolean> {
    const batch = await this.#read(seq);
    const found = await this.#ports.ledger.find(this.#name, BigInt(seq));
    if (found === undefined) {
      // On its way already: the sender goes on by itself, and the committee need not sign the same header again.
      if (this.#ports.ledger.sending(this.#sendingKey(seq)) !== undefined) return true;
      await this.#requireShared(seq);
      const { header, items, deals } = batch.built;
      const signatures = await this.#ports.committee.sign(header, items);
      const call = { batch: header, items, signatures, deals: deals.length };
      await this.#ports.ledger.submit(this.#sendingKey(seq), call);
      return true;
    }
    if (!equalBytes(found.headerHash, this.#hashOf(batch.built.header)))
      throw new Fault("LEDGER_CONFLICT", `batch ${seq}`);
    if (found.final) await this.#complete(batch, found);
    return true;
  }

  async #requireShared(seq: number): Promise<void> {
    const { isShared, replica } = this.#ports;
    if (isShared === undefined) return;
    const closedBy = this.#closedBy.get(seq) ?? replica.applied(this.#partition);
    this.#closedBy.set(seq, closedBy);
    if (!(await isShared(this.#partition, closedBy))) throw new Fault("BATCH_NOT_SHARED", `batch ${seq}`);
    this.#closedBy.delete(seq);
  }

  #sendingKey(seq: number): string {
    return `${toHex(this.#name)}:${seq}`;
  }

  /** How far the sending of a batch has come, for the state of its transactions. */
  async progress(
    seq: number,
  ): Promise<{ readonly found: Notarized | undefined; readonly sending: Sending | undefined }> {
    const found = await this.#ports.ledger.find(this.#name, BigInt(seq));
    return { found, sending: this.#ports.ledger.sending(this.#sendingKey(seq)) };
  }

  async #read(seq: number): Promise<ClosedBatch> {
    const known = this.#built.get(seq);
    if (known !== undefined) return known;
    const batch = await this.#rebuild(seq);
    this.#built.set(seq, batch);
    return batch;
  }

  async #rebuild(seq: number): Promise<ClosedBatch> {
    const { view } = this.#ports.replica;
    const bytes = view.get(keys.batch(this.#partition, seq));
    if (bytes === undefined) throw new Fault("STATE_UNAVAILABLE", "a batch without its row");
    const row = decodeBatch(bytes);
    const members = row.txIds.map((txId) => {
      const tx = this.#waiting.tx(txId);
      if (tx === undefined) throw new Fault("STATE_UNAVAILABLE", "a batch member without its row");
      return { txId, tx };
    });
    // After a repair a batch can be back before the pending blocks of its members are.
    for (const { txId, tx } of members)
      if (!(await this.#isLaid(txId, tx))) throw new Fault("STATE_UNAVAILABLE", "a batch member is not laid yet");
    const built = buildBatch({ partition: this.#name, seq, prev: row.prev }, members, { ...this.#ports, view });
    if (built === undefined || !equalBytes(this.#hashOf(built.header), row.headerHash)) {
      throw new Fault("STATE_UNAVAILABLE", "a batch that does not make its own header");
    }
    return { built, members };
  }

  async #complete(batch: ClosedBatch, notarized: Notarized): Promise<void> {
    const { outcomes } = await this.#ports.ledger.outcomes(notarized.txHash);
    await settleBatch(this.#partition, { ...batch, notarized }, outcomes, this.#ports);
    this.#built.delete(Number(batch.built.header.seq));
  }
}
