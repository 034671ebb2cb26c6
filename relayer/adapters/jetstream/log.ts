import {
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  type ConsumerMessages,
  type JetStreamClient,
  type JetStreamManager,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../errors.ts";
import { AppendRefused, openAcks, type Acks } from "./acks.ts";
import type { LogEntry, PartitionLog } from "../../ports.ts";
import { Inflow } from "./inflow.ts";
import { fetchRecords, RecordMissing } from "./fetch.ts";
import {
  createStream,
  currentGenerations,
  logFault,
  safeConfig,
  streamName,
  streamSubject,
  type StreamLimits,
  type StreamPlace,
} from "./streams.ts";

export interface JetStreamLogOptions extends StreamLimits {
  readonly network: string;
  readonly partitions: number;
  /**
   * The next sequence this node wants of a partition. A partition of which records have been applied must have a
   * stream: one that has none was deleted, and making an empty one in its place would hide that.
   */
  readonly nextOf: (partition: number) => number;
}

export interface JetStreamLog extends PartitionLog {
  readonly placeOf: (partition: number) => StreamPlace;
  /** Looks which generations there are now; to be called after a repair and when a stream stops answering. */
  readonly refresh: () => Promise<void>;
  /** Tells how far a partition's stream goes, for when the engine's delivery is slow to come back after a failure. */
  readonly noteTail: (partition: number, seq: number) => void;
  /** Whether a partition's stream is gone although records of it have been applied. */
  readonly isLost: (partition: number) => boolean;
  /** The newest generation this node has known, lost or not; 0 for none. */
  readonly lastGeneration: (partition: number) => number;
}

const PUBLISH_MS_MAX = 2_000;
/** An election takes four to nine seconds; whoever appends waits it out. */
const APPEND_MS_MAX = 12_000;
const BEGIN_MS_MAX = 30_000;
const AGAIN_MS = 150;
const DELIVERY_AGAIN_MS = 500;
const PREFETCH = 256;
/** Codes that another try cannot change. */
const FULL = 10_077;
const TOO_LARGE = 10_054;

/** The partition logs of a cluster: one replicated stream each. Any node appends to any of them; apply is the judge. */
export async function openJetStreamLog(nc: NatsConnection, options: JetStreamLogOptions): Promise<JetStreamLog> {
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: PUBLISH_MS_MAX });
  const acks = openAcks(nc, PUBLISH_MS_MAX);
  const opened = new Streams({ js: jetstream(nc, { timeout: PUBLISH_MS_MAX }), jsm, acks }, options);
  await opened.begin();
  return {
    partitions: options.partitions,
    append: (partition, record, refusal) => opened.append(partition, record, refusal),
    read: (partition, fromSeq, max) => opened.read(partition, fromSeq, max),
    tail: (partition) => opened.tail(partition),
    follow: (onNews) => opened.follow(onNews),
    placeOf: (partition) => opened.place(partition),
    refresh: () => opened.refresh(),
    noteTail: (partition, seq) => {
      opened.noteTail(partition, seq);
    },
    isLost: (partition) => opened.isLost(partition),
    lastGeneration: (partition) => opened.lastGeneration(partition),
    close: () => opened.close(),
  };
}

class Streams {
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;
  readonly #acks: Acks;
  readonly #options: JetStreamLogOptions;
  readonly #generations = new Map<number, number>();
  readonly #lost = new Set<number>();
  readonly #inflows = new Map<number, Inflow>();
  readonly #deliveries = new Map<number, ConsumerMessages>();
  readonly #pumps = new Set<Promise<void>>();
  readonly #listeners = new Set<(partition: number) => void>();
  readonly #closing = new AbortController();

  constructor(
    { js, jsm, acks }: { readonly js: JetStreamClient; readonly jsm: JetStreamManager; readonly acks: Acks },
    options: JetStreamLogOptions,
  ) {
    this.#js = js;
    this.#jsm = jsm;
    this.#acks = acks;
    this.#options = options;
  }

  place(partition: number): StreamPlace {
    const generation = this.#generations.get(partition);
    if (generation === undefined || this.#lost.has(partition))
      throw new Fault("LOG_LOST", `partition ${partition} has no stream`);
    return { network: this.#options.network, partition, generation };
  }

  isLost(partition: number): boolean {
    return !this.#generations.has(partition) || this.#lost.has(partition);
  }

  lastGeneration(partition: number): number {
    return this.#generations.get(partition) ?? 0;
  }

  /**
   * The first look. Servers that start together with the node have to elect their leaders first, and a stream that
   * another node is making at this moment has a name before it can be asked anything.
   */
  async begin(): Promise<void> {
    const deadline = Date.now() + BEGIN_MS_MAX;
    for (;;) {
      try {
        await this.refresh();
        for (const partition of this.#generations.keys()) if (!this.isLost(partition)) await this.tail(partition);
        return;
      } catch (error) {
        if (Date.now() > deadline) throw logFault(error);
        await sleep(AGAIN_MS);
      }
    }
  }

  async refresh(): Promise<void> {
    const found = await currentGenerations(this.#jsm, this.#options.network);
    for (let partition = 0; partition < this.#options.partitions; partition += 1) {
      const generation = found.get(partition);
      if (generation !== undefined) this.#use(partition, generation);
      else if (this.#options.nextOf(partition) === 1) await this.#makeFirst(partition);
      else this.#lost.add(partition);
    }
  }

  async #makeFirst(partition: number): Promise<void> {
    const place = { network: this.#options.network, partition, generation: 1 };
    await createStream(this.#jsm, safeConfig(place, this.#options));
    this.#use(partition, 1);
  }

  #use(partition: number, generation: number): void {
    const before = this.#generations.get(partition);
    const wasLost = this.#lost.delete(partition);
    this.#generations.set(partition, generation);
    if (before === undefined || (before === generation && !wasLost)) return;
    this.#inflows.get(partition)?.renew();
    this.#deliveries.get(partition)?.stop();
    this.#ring(partition);
  }

  #ring(partition: number): void {
    for (const listener of this.#listeners) listener(partition);
  }

  async append(partition: number, record: Uint8Array, refusal?: () => Fault | undefined): Promise<number> {
    const deadline = Date.now() + APPEND_MS_MAX;
    for (;;) {
      const refused = refusal?.();
      if (refused !== undefined) throw refused;
      try {
        return await this.#publish(partition, record);
      } catch (error) {
        if (isFinal(error) || this.#closing.signal.aborted || Date.now() > deadline) throw logFault(error);
        await sleep(AGAIN_MS);
        // Perhaps the partition has gone on in another generation meanwhile.
        await this.refresh().catch(() => undefined);
      }
    }
  }

  async #publish(partition: number, record: Uint8Array): Promise<number> {
    const place = this.place(partition);
    const stream = streamName(place);
    const ack = await this.#acks.append(streamSubject(place), record);
    // Anything but a plain acknowledgement of this stream is no promise: the record is appended again.
    if (ack.stream !== stream || ack.duplicate || ack.seq < 1) throw new Fault("LOG_UNAVAILABLE", "not an ack");
    // The partition may have gone on in another generation while the answer was on its way: there it is not in the log.
    if (this.lastGeneration(partition) !== place.generation) throw new Fault("LOG_UNAVAILABLE", "a generation ended");
    this.#inflows.get(partition)?.offer(ack.seq, record);
    this.#ring(partition);
    return ack.seq;
  }

  noteTail(partition: number, seq: number): void {
    const inflow = this.#inflows.get(partition);
    inflow?.noteTail(seq);
    if (inflow !== undefined && inflow.next <= seq) this.#ring(partition);
  }

  async tail(partition: number): Promise<number> {
    try {
      const { state } = await this.#jsm.streams.info(streamName(this.place(partition)));
      this.#inflows.get(partition)?.noteTail(state.last_seq);
      return state.last_seq;
    } catch (error) {
      throw logFault(error);
    }
  }

  async read(partition: number, fromSeq: number, max: number): Promise<readonly LogEntry[]> {
    const inflow = this.#inflows.get(partition) ?? (await this.#startInflow(partition, fromSeq));
    const here = inflow.take(fromSeq, max);
    if (here.length > 0 || fromSeq > inflow.tail) return here;
    const toSeq = Math.min(inflow.tail, fromSeq + max - 1);
    try {
      return await fetchRecords(this.#jsm, streamName(this.place(partition)), { fromSeq, toSeq });
    } catch (error) {
      // The stream may have been emptied or replaced under us: what it holds now decides.
      if (error instanceof RecordMissing) throw await this.#whyMissing(partition, error.seq);
      throw logFault(error);
    }
  }

  async #whyMissing(partition: number, seq: number): Promise<Fault> {
    const { state } = await this.#jsm.streams.info(streamName(this.place(partition)));
    if (seq < state.first_seq) return new Fault("LOG_TRIMMED", `partition ${partition} begins at ${state.first_seq}`);
    if (seq > state.last_seq) return new Fault("LOG_LOST", `partition ${partition} ends at ${state.last_seq}`);
    return new Fault("LOG_HOLE", `partition ${partition} lacks ${seq}`);
  }

  async #startInflow(partition: number, fromSeq: number): Promise<Inflow> {
    const tail = await this.tail(partition);
    const known = this.#inflows.get(partition);
    if (known !== undefined) return known;
    const inflow = new Inflow(fromSeq, tail);
    this.#inflows.set(partition, inflow);
    const pump = this.#pump(partition, inflow);
    this.#pumps.add(pump);
    return inflow;
  }

  /** Takes what the engine delivers for as long as the log is open; what is older than its start is fetched. */
  async #pump(partition: number, inflow: Inflow): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#deliver(partition, inflow);
      } catch {
        // The servers are away, or the stream is: the next try tells.
      }
      await sleep(DELIVERY_AGAIN_MS, undefined, { signal }).catch(() => undefined);
      await this.#look(partition);
    }
  }

  /** Finds out what was missed while nothing was delivered. */
  async #look(partition: number): Promise<void> {
    try {
      await this.refresh();
      await this.tail(partition);
      this.#ring(partition);
    } catch {
      // Still away.
    }
  }

  async #deliver(partition: number, inflow: Inflow): Promise<void> {
    const { generation } = this.place(partition);
    const consumer = await this.#js.consumers.get(streamName(this.place(partition)), {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(inflow.next, inflow.tail + 1),
    });
    const messages = await consumer.consume({ max_messages: PREFETCH, idle_heartbeat: 2_000, expires: 30_000 });
    this.#deliveries.set(partition, messages);
    if (this.#closing.signal.aborted) messages.stop();
    for await (const message of messages) {
      if (this.lastGeneration(partition) !== generation) return;
      inflow.offer(message.seq, message.data);
      this.#ring(partition);
      await inflow.room();
    }
  }

  follow(onNews: (partition: number) => void): () => void {
    this.#listeners.add(onNews);
    return () => this.#listeners.delete(onNews);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#acks.close();
    for (const inflow of this.#inflows.values()) inflow.release();
    for (const messages of this.#deliveries.values()) messages.stop();
    await Promise.allSettled(this.#pumps);
  }
}

function isFinal(error: unknown): boolean {
  if (error instanceof AppendRefused) return error.code === FULL || error.code === TOO_LARGE;
  return error instanceof Fault && error.code === "LOG_LOST";
}
