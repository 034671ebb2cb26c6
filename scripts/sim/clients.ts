import { concat, toHex } from "../../protocol/bytes.ts";
import { encodeBody, encodeSubmission, requestId, type RequestBody } from "../../protocol/request.ts";
import type { BlockDraft, Command } from "../../relayer/midc/command.ts";
import { keys, partitionOf } from "../../relayer/midc/keys.ts";
import { decodeHead } from "../../relayer/midc/rows.ts";
import type { LineOf } from "../history/line.ts";
import type { Scene, SimNode } from "./node.ts";

const TRIES_MAX = 12;
const ANSWER_MS_MAX = 10_000;
const AGAIN_MS = 1_500;

type Op = LineOf<"op">;
type Mutable = { -readonly [Key in keyof Op]: Op[Key] };

export interface User {
  readonly account: Uint8Array;
  readonly chainId: Uint8Array;
}

/** People of the simulation, and everything they were told. */
export class Clients {
  readonly #scene: Scene;
  readonly users: readonly User[];
  readonly ops: { readonly op: Mutable; readonly served: string }[] = [];
  readonly #enrolled = new Set<User>();
  busy = 0;

  constructor(scene: Scene, users: number) {
    this.#scene = scene;
    this.users = Array.from({ length: users }, () => ({
      account: scene.random.bytes(20),
      chainId: scene.random.bytes(16),
    }));
  }

  enrol(index: number): void {
    const user = this.users[index];
    if (user === undefined) return;
    const command = enrolCommand(user, this.#scene);
    const home = partitionOf(user.chainId, this.#scene.partitions);
    void this.#ask({ f: "enrol", chain: toHex(user.chainId) }, index, async (node) => {
      const result = await node.replica?.submit(home, command);
      if (result === undefined || result.kind === "refused") throw new Error("not enrolled");
      this.#enrolled.add(user);
    });
  }

  transact(parties: readonly number[], pays: number, at: number): void {
    const members = parties.map((index) => this.users[index]).filter((user) => user !== undefined);
    if (members.some((user) => !this.#enrolled.has(user)) || members.length < 2) return;
    const { bytes, id, legs } = requestOf(members, pays, this.#scene);
    const facts = { tx: toHex(id), chains: members.map(({ chainId }) => toHex(chainId)) };
    void this.#ask({ f: "tx", ...facts, ...(legs.length > 0 ? { legs } : {}) }, at, (node) => node.accept(bytes));
  }

  /** Whoever leaves does so once, and asks until it is told that it has. */
  erase(index: number, at: number): void {
    const user = this.users[index];
    if (user === undefined || !this.#enrolled.delete(user)) return;
    const block = tombstoneOf(user, this.#scene);
    const home = partitionOf(user.chainId, this.#scene.partitions);
    void this.#ask({ f: "erase", chain: toHex(user.chainId) }, at, async (node) => {
      const result = await node.replica?.submit(home, { kind: "erase", block });
      if (result === undefined || result.kind === "refused") throw new Error("not erased");
    });
  }

  read(index: number, at: number, strong: boolean): void {
    const user = this.users[index];
    const node = this.#scene.nodes[at];
    if (user === undefined || node?.isUp !== true || node.owner === undefined) return;
    const chain = toHex(user.chainId);
    const proc = `reader ${node.name} ${node.lives}`;
    const op: Mutable = { k: "op", proc, t0: this.#now(), t1: 0, f: "read", result: "unknown", chain, strong };
    void this.#readAt(node, user, op).catch(() => undefined);
  }

  async #readAt(node: SimNode, user: User, op: Mutable): Promise<void> {
    const home = partitionOf(user.chainId, this.#scene.partitions);
    if (op.strong === true) await node.replica?.fence(home);
    if (!node.isUp) return;
    const head = node.disk.get(keys.head(user.chainId));
    if (head === undefined) return;
    const { height, hash } = decodeHead(head);
    this.ops.push({
      op: { ...op, t1: this.#now(), result: "ok", seen: [{ height, hash: toHex(hash) }] },
      served: node.name,
    });
  }

  /** What an outvoted node told people: where the blocks lie that it showed is another's to say now. */
  excuse(node: SimNode): void {
    const mine = this.ops.filter(({ served }) => served === node.name);
    for (const each of mine) {
      if (each.op.f === "read") this.ops.splice(this.ops.indexOf(each), 1);
      else each.op.t1 = Number.MAX_SAFE_INTEGER;
    }
  }

  /** Asks one node after another until one answers, as a client library does: always with the same bytes. */
  async #ask(facts: Partial<Op> & Pick<Op, "f">, first: number, ask: (node: SimNode) => Promise<void>): Promise<void> {
    const { world, nodes } = this.#scene;
    const t0 = this.#now();
    this.busy += 1;
    let served = "";
    for (let tries = 0; tries < TRIES_MAX && served === ""; tries += 1) {
      const node = nodes[(first + tries) % nodes.length];
      if (node?.isUp === true) {
        const answered = ask(node).then(
          () => true,
          () => false,
        );
        const silence = world.sleep(ANSWER_MS_MAX).then(() => false);
        if (await Promise.race([answered, silence])) served = node.name;
      }
      if (served === "") await world.sleep(AGAIN_MS);
    }
    const result = served === "" ? "unknown" : "ok";
    this.busy -= 1;
    this.ops.push({ op: { k: "op", proc: `client ${first}`, t0, t1: this.#now(), result, ...facts }, served });
  }

  /** Events of one moment have an order too. */
  #now(): number {
    return this.#scene.world.now + (this.#scene.world.happened % 1_000_000) / 1_000_000;
  }
}

const tombstoneOf = ({ chainId }: User, { random }: Scene): BlockDraft => ({
  chainId,
  kind: "tombstone",
  txId: random.bytes(32),
  codedId: new Uint8Array(32),
  category: 0,
  jurisdiction: 0,
  retentionClass: 0,
  day: 20_000,
  bodyCommitment: random.bytes(32),
  sealed: new Uint8Array(0),
});

function enrolCommand({ chainId }: User, { random }: Scene): Command & { kind: "enrol" } {
  const ownerTag = concat(chainId.slice(0, 2), random.bytes(14));
  const genesis = {
    chainId,
    kind: "genesis" as const,
    txId: random.bytes(32),
    codedId: new Uint8Array(32),
    category: 0,
    jurisdiction: 0,
    retentionClass: 0,
    day: 20_000,
    bodyCommitment: random.bytes(32),
    sealed: random.bytes(16),
  };
  const [shredKey, pepper, slots, binding] = [random.bytes(60), random.bytes(60), random.bytes(8), random.bytes(8)];
  return { kind: "enrol", ownerTag, shredKey, pepper, slots, readerKeyId: random.bytes(16), binding, genesis };
}

function requestOf(members: readonly User[], pays: number, { random, network, world }: Scene) {
  const [payer, payee] = members as readonly [User, User];
  const nowS = Math.floor(world.clock().now() / 1000);
  const legs =
    pays === 0 ? [] : [{ token: new Uint8Array(20), from: payer.account, to: payee.account, amount: BigInt(pays) }];
  const deal = { validAfter: 0, validUntil: nowS + 7_200, nonce: 1n, legs, termsSalt: random.bytes(32) };
  const body: RequestBody = {
    kind: pays === 0 ? "data" : "payment",
    chain: network.chain,
    ledger: network.ledger,
    nonce: random.bytes(16),
    validUntil: nowS + 3_600,
    parties: members.map(({ account, chainId }) => ({
      account,
      chainId,
      codedId: random.bytes(32),
      role: "initiator" as const,
    })),
    salt: random.bytes(32),
    contents: [],
    reference: "",
    ...(pays === 0 ? {} : { deal }),
  };
  const bodyBytes = encodeBody(body);
  return {
    id: requestId(bodyBytes),
    bytes: encodeSubmission({ bodyBytes, signatures: [], dealSignatures: [], parts: [] }),
    legs: legs.map(({ from, to, amount }) => ({ from: toHex(from), to: toHex(to), amount: String(amount) })),
  };
}
