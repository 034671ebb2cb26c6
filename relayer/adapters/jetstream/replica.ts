import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "../../errors.ts";
import type { LogEntry } from "../../ports.ts";
import { logFault } from "./streams.ts";

/** A consumer lands on a server of the engine's choice; with three servers, missing one forty times does not happen. */
const TRIES_MAX = 40;
const BATCH = 256;
const WAIT_MS = 1_500;
const READS_MAX = 5;
const AGAIN_MS = 300;

/**
 * One server's own copy of a stream, record by record. A consumer with a single replica reads the copy of the server it
 * lives on, so consumers are made until one lands there; nothing else the engine offers reads a chosen copy.
 */
export async function* readReplica(
  nc: NatsConnection,
  at: { readonly stream: string; readonly server: string; readonly fromSeq?: number },
): AsyncGenerator<LogEntry> {
  let next = at.fromSeq ?? 1;
  for (let tries = 1; ; tries += 1) {
    try {
      for await (const entry of readOnce(nc, { ...at, fromSeq: next })) {
        next = entry.seq + 1;
        yield entry;
      }
      return;
    } catch (error) {
      // A consumer that has just been made may not be known everywhere yet; a restarted server has forgotten it.
      if (tries >= READS_MAX) throw logFault(error);
      await sleep(AGAIN_MS);
    }
  }
}

async function* readOnce(
  nc: NatsConnection,
  at: { readonly stream: string; readonly server: string; readonly fromSeq: number },
): AsyncGenerator<LogEntry> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const { name, pending } = await consumerOn(jsm, at);
  try {
    if (pending === 0) return;
    const consumer = await jetstream(nc).consumers.get(at.stream, name);
    for (;;) {
      let left = -1;
      for await (const message of await consumer.fetch({ max_messages: BATCH, expires: WAIT_MS })) {
        left = message.info.pending;
        yield { seq: message.seq, bytes: message.data };
        if (left === 0) return;
      }
      // A copy with a hole promises more than it has: what does not come in time is not there.
      if (left === -1) return;
    }
  } finally {
    await jsm.consumers.delete(at.stream, name).catch(() => undefined);
  }
}

async function consumerOn(
  jsm: JetStreamManager,
  at: { readonly stream: string; readonly server: string; readonly fromSeq: number },
): Promise<{ readonly name: string; readonly pending: number }> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const name = `scrub-${randomUUID()}`;
    const info = await jsm.consumers.add(at.stream, {
      name,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: at.fromSeq,
      num_replicas: 1,
      mem_storage: true,
      inactive_threshold: 60_000_000_000,
    });
    if (info.cluster?.leader === at.server) return { name, pending: info.num_pending };
    await jsm.consumers.delete(at.stream, name);
  }
  throw new Fault("LOG_UNAVAILABLE", `no reader of ${at.stream} could be had on ${at.server}`);
}
