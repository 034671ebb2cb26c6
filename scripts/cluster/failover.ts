import { randomBytes } from "node:crypto";
import { partitionOf } from "../../relayer/midc/keys.ts";
import type { ClusterView } from "../../relayer/cluster/view.ts";
import { toHex } from "../../protocol/bytes.ts";
import type { Arena } from "./arena.ts";
import { pick } from "./faults/fault.ts";

/** How long a cluster needs to go on without somebody, measured from the kill to the first effect of somebody else. */
export interface Failover {
  readonly kind: "relayer" | "server";
  readonly killed: string;
  readonly tookMs: number;
  readonly lost: readonly string[];
}

const STRONG_READ_MS_MAX = 20_000;

/** Kills the relayer that executes the most partitions; ends when all of those have executed something elsewhere. */
export async function relayerFailover(arena: Arena): Promise<Failover> {
  const view = await settledView(arena);
  const most = view.nodes.toSorted((a, b) => b.executes - a.executes)[0];
  const relayer = arena.cluster.relayers.find(({ url }) => url === most?.url) ?? pick(arena.cluster.relayers, () => 0);
  const left = new Set(
    view.partitions.filter(({ executor }) => executor === most?.id).map(({ partition }) => partition),
  );
  const witness = arena.cluster.relayers.find((other) => other !== relayer) ?? relayer;
  const hearing = await hear(witness.url);
  const homeOf = (id: string): number =>
    partitionOf(new Uint8Array(Buffer.from(id.slice(2), "hex")), view.partitions.length);
  // One transaction for each of its partitions, signed before and sent right after the kill.
  const prepared = new Map<number, () => Promise<void>>();
  while (prepared.size < left.size) {
    const { id, send } = await arena.load.prepare();
    if (left.has(homeOf(id))) prepared.set(homeOf(id), send);
  }
  arena.load.start();
  await relayer.kill("SIGKILL");
  const killedAt = performance.now();
  const sent = Promise.all([...prepared.values()].map((send) => send()));
  // A transaction that began after the kill can only be put into a batch by somebody else.
  const begun = new Set<string>();
  try {
    for await (const { id, state } of hearing.events) {
      if (state === "pending") begun.add(id);
      if (state === "batched" && begun.has(id)) left.delete(homeOf(id));
      if (left.size === 0) break;
    }
  } finally {
    hearing.stop();
  }
  const tookMs = Math.round(performance.now() - killedAt);
  await sent;
  await relayer.start();
  return { kind: "relayer", killed: relayer.name, tookMs, lost: await lostIn(arena) };
}

/** Kills the server that leads the most partitions; ends when all of those have taken an append. */
export async function serverFailover(arena: Arena): Promise<Failover> {
  const view = await settledView(arena);
  const most = view.servers.toSorted((a, b) => b.leads - a.leads)[0];
  const server = arena.cluster.nats.servers.find(({ name }) => name === most?.name);
  if (server === undefined) throw new RangeError("no server leads");
  const led = view.partitions.filter(({ leader }) => leader === server.name).map(({ partition }) => partition);
  arena.load.start();
  await server.kill("SIGKILL");
  const killedAt = performance.now();
  const relayer = pick(arena.cluster.relayers, Math.random);
  await Promise.all(led.map((partition) => append(relayer.url, partition, view.partitions.length)));
  const tookMs = Math.round(performance.now() - killedAt);
  await server.start();
  return { kind: "server", killed: server.name, tookMs, lost: await lostIn(arena) };
}

/** A strong read appends an empty record to the partition and answers when it has been applied. */
async function append(url: string, partition: number, partitions: number): Promise<void> {
  const id = new Uint8Array(randomBytes(32));
  while (partitionOf(id, partitions) !== partition) id.set(randomBytes(2));
  const deadline = performance.now() + STRONG_READ_MS_MAX;
  while (performance.now() < deadline) {
    const response = await fetch(`${url}/v1/transactions/${toHex(id)}?strong=true`).catch(() => undefined);
    if (response?.status === 404) return;
  }
  throw new Error(`partition ${partition} took no append within ${STRONG_READ_MS_MAX} ms`);
}

async function lostIn(arena: Arena): Promise<readonly string[]> {
  const { violations } = await arena.judge();
  return violations.map(({ rule, about }) => `${rule}: ${about}`);
}

/** Everybody is there, and every partition has somebody who leads it and somebody who works on it. */
async function settledView(arena: Arena): Promise<ClusterView> {
  const isSettled = (view: ClusterView | undefined): view is ClusterView =>
    view !== undefined &&
    view.nodes.every(({ live }) => live) &&
    view.partitions.every(({ leader, executor }) => leader !== null && executor !== null);
  const view = await arena.until("a settled cluster", () => arena.view(), isSettled);
  if (!isSettled(view)) throw new Error("the cluster did not settle");
  return view;
}

interface Moved {
  readonly id: string;
  readonly state: string;
}

/** The public stream of a node, as it happens. */
async function hear(url: string): Promise<{ readonly events: AsyncGenerator<Moved>; readonly stop: () => void }> {
  const stopping = new AbortController();
  const { body } = await fetch(`${url}/v1/events`, { signal: stopping.signal });
  if (body === null) throw new Error("a stream without a body");
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  async function* read(): AsyncGenerator<Moved> {
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const parts = text.split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const data = /^event: transaction\ndata: (.*)$/m.exec(part)?.[1];
        if (data !== undefined) yield JSON.parse(data) as Moved;
      }
    }
  }
  return {
    events: read(),
    stop: () => {
      stopping.abort();
    },
  };
}
