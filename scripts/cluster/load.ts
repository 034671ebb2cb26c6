import { parseEther, type Hex } from "viem";
import { toHex } from "../../protocol/bytes.ts";
import type { PrivateKeyAccount } from "viem/accounts";
import { createClient, MidchainError, type Client } from "../../sdk/index.ts";
import { openSession, type Session } from "../../sdk/session.ts";
import { openWire, type Wire } from "../../sdk/wire.ts";
import type { Line } from "../history/line.ts";
import type { ClusterStack } from "../local/cluster.ts";
import { balance, seeded, type Balancer } from "./balancer.ts";

type Op = Extract<Line, { k: "op" }>;

/** People who agree, pay and read at whichever node answers, and write down what they were told. */
export interface Load {
  /** Everything that was asked and answered until now. */
  readonly ops: readonly Op[];
  /** Acknowledged transactions. */
  readonly acknowledged: () => number;
  readonly start: () => void;
  /** A transaction that is signed and not sent yet; sending it is written down like any other. */
  readonly prepare: () => Promise<{ readonly id: Hex; readonly send: () => Promise<void> }>;
  /** Erases everything of a person while the others go on, and lets it enrol anew; the chain that was erased. */
  readonly erase: (person: number) => Promise<Hex>;
  readonly chainOf: (person: number) => Hex;
  /** Everybody opens the page anew: nobody asks any more for what was there when they were answered last. */
  readonly openAnew: () => Promise<void>;
  /** Forgets where the blocks lay that this node has shown, and when it gave its promises; not the promises. */
  readonly excuse: (node: string) => void;
  /** Resolves when what was under way has been answered. */
  readonly stop: () => Promise<void>;
}

interface Person {
  readonly name: string;
  readonly wallet: PrivateKeyAccount;
  client: Client;
  balancer: Balancer;
  wire: Wire;
  session: Session;
  /** Another one once it was erased. */
  chain: Hex;
}

const PAUSE_MS = 40;
const GIVE_UP_MS = 60_000;
const PAID = parseEther("0.001");

export const PEOPLE = ["ada", "ben", "cho", "dot", "eve", "fay"] as const;

/** Enrols everybody. The nodes are asked through a balancer each, in an order that follows from the seed. */
export async function openLoad(cluster: ClusterStack, seed: number): Promise<Load> {
  const ops: Op[] = [];
  const people = await Promise.all(PEOPLE.map((name, i) => enter(name, seed + i, cluster, ops)));
  let running: { readonly stopping: AbortController; readonly done: Promise<unknown> } | undefined;
  return {
    ops,
    acknowledged: () => ops.filter(({ f, result }) => f === "tx" && result === "ok").length,
    async prepare() {
      const [one, other] = people;
      if (one === undefined || other === undefined) throw new RangeError("nobody is there");
      const prepared = await draftOne(one, other, false, cluster);
      return {
        id: prepared.op.tx,
        send: async () => {
          ops.push(await submit(one, prepared));
        },
      };
    },
    chainOf: (index) => personAt(people, index).chain,
    async openAnew() {
      for (const [i, person] of people.entries()) {
        const connected = connect(person.wallet, seed - i, cluster);
        await again(() => connected.client.unlock());
        Object.assign(person, connected);
      }
    },
    excuse(node) {
      const kept = ops.filter((op) => op.node !== node || op.f !== "read");
      const told = kept.map((op) => (op.node === node ? { ...op, t1: Number.MAX_SAFE_INTEGER } : op));
      ops.splice(0, ops.length, ...told);
    },
    async erase(index) {
      const person = personAt(people, index);
      const { chain } = person;
      ops.push(await erase(person));
      await enrol(person, ops);
      return chain;
    },
    start() {
      const stopping = new AbortController();
      const pairs = people.map((person, i) => [person, people[(i + 1) % people.length] ?? person] as const);
      const done = Promise.all(
        pairs.map(([one, other], i) =>
          live(one, other, { ops, random: seeded(seed * 31 + i), cluster }, stopping.signal),
        ),
      );
      running = { stopping, done };
    },
    async stop() {
      running?.stopping.abort();
      await running?.done;
      running = undefined;
    },
  };
}

async function enter(name: string, seed: number, cluster: ClusterStack, ops: Op[]): Promise<Person> {
  const wallet = cluster.wallets[name];
  if (wallet === undefined) throw new RangeError(`no wallet for ${name}`);
  const person: Person = { name, wallet, ...connect(wallet, seed, cluster), chain: "0x" };
  await enrol(person, ops);
  return person;
}

function connect(wallet: PrivateKeyAccount, seed: number, cluster: ClusterStack) {
  const urls = cluster.relayers.map(({ url }) => url);
  const balancer = balance(urls, seeded(seed));
  const client = createClient({ url: cluster.url, origin: cluster.url, wallet, fetch: balancer.fetch });
  const wire = openWire(cluster.url, balancer.fetch);
  const session = openSession(wire, { wallet, origin: cluster.url, network: client.network });
  return { client, balancer, wire, session };
}

const personAt = (people: readonly Person[], index: number): Person => {
  const person = people[index % people.length];
  if (person === undefined) throw new RangeError("nobody is there");
  return person;
};

async function enrol(person: Person, ops: Op[]): Promise<void> {
  const { name, client, balancer } = person;
  const t0 = performance.now();
  const { chainId } = await again(async () => {
    // An answer may have been lost: then there is a chain already, and it is read.
    await client.enrol().catch(async (error: unknown) => {
      if (!(error instanceof MidchainError) || error.code !== "HAS_CHAIN") throw error;
      await client.unlock();
    });
    // The client knows where it enrolled; a new connection may reach a node that is a moment behind.
    return client.myChain();
  });
  person.chain = chainId;
  const op = { k: "op", proc: name, f: "enrol", result: "ok", node: balancer.answered(), chain: chainId } as const;
  ops.push({ ...op, t0, t1: performance.now() });
}

const AGAIN_MS = 300;

/** As a person would who is not answered: asks again, for a while. */
async function again<Result>(work: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

async function erase({ name, client, session, balancer, chain }: Person): Promise<Op> {
  const op = { k: "op", proc: name, f: "erase", chain } as const;
  const t0 = performance.now();
  await again(async () => {
    try {
      await client.eraseAccount();
    } catch (error) {
      // Nobody else erases: an answer was lost.
      if (!(error instanceof MidchainError) || error.code !== "NO_CHAIN") throw error;
    }
  });
  session.forget();
  return { ...op, t0, t1: performance.now(), result: "ok", node: balancer.answered() };
}

interface Scene {
  readonly ops: Op[];
  readonly random: () => number;
  readonly cluster: ClusterStack;
}

async function live(one: Person, other: Person, scene: Scene, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const dice = scene.random();
    try {
      if (dice < 0.25) scene.ops.push(await read(one, dice < 0.12));
      else scene.ops.push(await submit(one, await draftOne(one, other, dice < 0.5, scene.cluster)));
    } catch {
      // Nothing was asked for yet (a draft could not be made): nothing is to be written down.
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

type Prepared = Awaited<ReturnType<typeof draftOne>>;

async function draftOne(one: Person, other: Person, pays: boolean, cluster: ClusterStack) {
  const parties = [
    { account: one.wallet.address, role: pays ? ("payer" as const) : ("initiator" as const) },
    { account: other.wallet.address, role: pays ? ("payee" as const) : ("counterparty" as const) },
  ];
  const leg = { token: cluster.token, from: one.wallet.address, to: other.wallet.address, amount: PAID };
  const draft = await one.client.draft({ kind: pays ? "payment" : "data", parties, ...(pays ? { legs: [leg] } : {}) });
  const signatures = [await one.client.sign(draft), await other.client.sign(draft)];
  const lower = (text: string): string => text.toLowerCase();
  const op = {
    k: "op" as const,
    proc: one.name,
    f: "tx" as const,
    tx: draft.id,
    chains: draft.body.parties.map(({ chainId }) => toHex(chainId)),
    ...(pays ? { legs: [{ from: lower(leg.from), to: lower(leg.to), amount: PAID.toString() }] } : {}),
  };
  return { draft, signatures, op };
}

async function submit(one: Person, { draft, signatures, op }: Prepared): Promise<Op> {
  const t0 = performance.now();
  for (let tries = 1; ; tries += 1) {
    try {
      await one.client.submit(draft, signatures);
      return { ...op, t0, t1: performance.now(), result: "ok", node: one.balancer.answered() };
    } catch (error) {
      const isRefused = error instanceof MidchainError && error.rule !== undefined;
      // What was not answered before may have been taken then, before a party was erased.
      if (isRefused) return { ...op, t0, t1: performance.now(), result: tries === 1 ? "fail" : "unknown" };
      // Whether it was taken is not known; sending it again finds out.
      if (performance.now() - t0 > GIVE_UP_MS) return { ...op, t0, t1: performance.now(), result: "unknown" };
    }
  }
}

interface Page {
  readonly chainId: Hex;
  readonly blocks: readonly { readonly height: number; readonly hash: Hex; readonly body?: unknown }[];
}

async function read(one: Person, strong: boolean): Promise<Op> {
  const token = await one.session.token();
  const t0 = performance.now();
  const path = `/chains/mine/blocks?limit=20${strong ? "&strong=true" : ""}`;
  const { chainId, blocks } = await one.wire.get<Page>(path, token);
  const seen = blocks.map(({ height, hash, body }) => ({ height, hash, body: body !== undefined })).reverse();
  const base = { k: "op", proc: one.name, f: "read", result: "ok", node: one.balancer.answered() } as const;
  return { ...base, t0, t1: performance.now(), chain: chainId, seen, strong };
}
