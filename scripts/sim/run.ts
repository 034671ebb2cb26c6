import { createHash } from "node:crypto";
import { Hash } from "ox/wasm";
import { ascii, concat, toHex } from "../../protocol/bytes.ts";
import { domainSeparator, type Keccak } from "../../protocol/typedData.ts";
import { memoryJournal } from "../../relayer/adapters/memory/journal.ts";
import { createCommittee } from "../../relayer/dv/committee.ts";
import { createDvSigner, type DvSigner } from "../../relayer/dv/signer.ts";
import { keys, wholeTable } from "../../relayer/midc/keys.ts";
import { encodeRecord } from "../../relayer/midc/record.ts";
import { ledgerPartition } from "../../relayer/notary/notary.ts";
import { judgeLines, type Verdict } from "../history/check.ts";
import { exportState } from "../history/exportState.ts";
import type { Line } from "../history/line.ts";
import { Auditor } from "./auditor.ts";
import { Chain } from "./chain.ts";
import { Clients } from "./clients.ts";
import { Engine, SERVERS } from "./engine.ts";
import { identityOf, SimNode, type Scene } from "./node.ts";
import { randomOf } from "./random.ts";
import { TROUBLE_MS, type Action, type Scenario } from "./scenario.ts";
import { World, type Owner } from "./world.ts";

const REST_MS_MAX = 600_000;
const LOOK_MS = 500;
const BACKUP_MS = 5_000;
const GIFT = 100n;
const DV_SIGNERS = 4;
const DV_QUORUM = 3;
const CHAIN_ID = 31_337;
const LEDGER = new Uint8Array(20).fill(0xaa);
const ENGINE = new Uint8Array(20).fill(0xbb);

export interface Simulated {
  readonly verdict: Verdict;
  /** What the audit saw and did, for people. */
  readonly told: readonly string[];
  readonly virtualMs: number;
  readonly events: number;
}

let keccakEngine: Keccak | undefined;
async function fastKeccak(): Promise<Keccak> {
  const { keccak256 } = await Hash.engine();
  return (keccakEngine ??= (bytes) => keccak256(bytes));
}

/** Lives through one scenario, lets the world heal and come to rest, and judges what everybody then has and was told. */
export async function simulate(scenario: Scenario): Promise<Simulated> {
  const stage = await setUp(scenario);
  const { scene, clients, auditor } = stage;
  const { world } = scene;
  for (const action of scenario.actions)
    world.after(action.at, () => {
      happen(action, stage);
    });
  void auditor.run();
  await world.run(TROUBLE_MS);
  stage.awayUntil.clear();
  stage.signersAway.clear();
  for (const node of scene.nodes) node.heal();
  for (const mishaps of scene.engine.mishaps) mishaps.length = 0;
  auditor.quiet.clear();
  const healedAt = world.now;
  let looked = 0;
  await world.run(healedAt + REST_MS_MAX, () => {
    if (world.now - looked < LOOK_MS) return false;
    looked = world.now;
    return isAtRest(stage);
  });
  const verdict = judgeLines(historyOf(stage));
  const stuck = isAtRest(stage)
    ? []
    : [{ rule: "C12 no rest", about: `${REST_MS_MAX / 1000} s after everything healed` }];
  const violations = [...stuck, ...verdict.violations];
  return {
    verdict: { ...verdict, ok: violations.length === 0, violations },
    told: [...auditor.log, `${clients.ops.length} operations, ${world.now - healedAt} ms to rest`],
    virtualMs: world.now,
    events: world.happened,
  };
}

interface Stage {
  readonly scene: Scene;
  readonly clients: Clients;
  readonly auditor: Auditor;
  readonly awayUntil: Map<number, number>;
  readonly signersAway: Map<number, number>;
  readonly backups: Map<SimNode, ReturnType<SimNode["disk"]["copy"]>>;
}

async function setUp(scenario: Scenario): Promise<Stage> {
  const keccak = await fastKeccak();
  const random = randomOf(scenario.seed + 1);
  const world = new World();
  const separators = {
    dealSeparator: domainSeparator({ name: "SettlementEngine", chain: CHAIN_ID, contract: ENGINE }),
    ledgerSeparator: domainSeparator({ name: "NotaryLedger", chain: CHAIN_ID, contract: LEDGER }),
  };
  const awayUntil = new Map<number, number>();
  const signersAway = new Map<number, number>();
  const signers = Array.from({ length: DV_SIGNERS }, (_, i) => signerOf(i, keccak));
  const scene: Scene = {
    world,
    random,
    engine: new Engine(scenario.partitions),
    chain: new Chain(world, keccak, separators.ledgerSeparator),
    partitions: scenario.partitions,
    network: { chain: CHAIN_ID, ledger: LEDGER, engine: ENGINE, tokens: new Set() },
    networkTag: ascii("sim"),
    keccak,
    separators,
    nodes: [],
    isLogAway: (partition) => (awayUntil.get(partition) ?? 0) > world.now,
    committeeFor: (owner) =>
      createCommittee(
        signers.map((signer, i) => remote(signer, owner, () => (signersAway.get(i) ?? 0) > world.now, scene)),
        DV_QUORUM,
      ),
  };
  for (let i = 0; i < scenario.nodes; i += 1) scene.nodes.push(new SimNode(`n${i}`, scene));
  for (const node of scene.nodes) node.start();
  const clients = new Clients(scene, scenario.users);
  for (const { account } of clients.users) scene.chain.give(toHex(account), GIFT);
  for (const index of clients.users.keys())
    world.after(500 + 100 * index, () => {
      clients.enrol(index);
    });
  const auditor = new Auditor(scene, (node) => {
    clients.excuse(node);
  });
  const backups: Stage["backups"] = new Map();
  const back = (): void => {
    for (const node of scene.nodes) backups.set(node, node.disk.copy());
    world.after(BACKUP_MS, back);
  };
  world.after(BACKUP_MS, back);
  return { scene, clients, auditor, awayUntil, signersAway, backups };
}

const signerOf = (index: number, keccak: Keccak): DvSigner =>
  createDvSigner(
    {
      account: new Uint8Array(20).fill(index + 1),
      signDigest: (digest) => Promise.resolve(concat(digest, new Uint8Array(33).fill(index))),
      chain: CHAIN_ID,
      ledger: LEDGER,
    },
    { journal: memoryJournal(), keccak },
  );

/** A signer in a process of its own: it takes its time, and sometimes it does not answer. */
const remote = (signer: DvSigner, owner: Owner, isAway: () => boolean, { world, random }: Scene): DvSigner => ({
  account: signer.account,
  async sign(batch, items) {
    await world.sleep(random.between(1, 30), owner);
    if (isAway()) throw new Error("away");
    const signature = await signer.sign(batch, items);
    await world.sleep(random.between(1, 30), owner);
    return signature;
  },
});

function happen(action: Action, stage: Stage): void {
  const { scene, clients, auditor } = stage;
  const { world, engine, chain } = scene;
  const node = "node" in action ? scene.nodes[action.node] : undefined;
  switch (action.kind) {
    case "tx":
    case "read":
    case "erase":
      askAs(clients, action);
      break;
    case "append":
      engine.mishaps[action.partition]?.push(action.mishap);
      break;
    case "foreign record": {
      const record = foreignRecord(action, scene);
      if (record !== undefined) engine.append(action.partition, record);
      break;
    }
    case "stale tail":
      node?.staleTails.set(action.partition, { tail: engine.tail(action.partition), until: world.now + action.ms });
      break;
    case "lost suffix":
      engine.loseSuffix(action.partition, action.records);
      break;
    case "hole":
      engine.loseRecord(action.partition, action.server, action.place);
      break;
    case "truncated leader":
      engine.truncateLeader(action.partition, action.server);
      break;
    case "deleted stream":
      engine.delete(action.partition);
      break;
    case "log away":
      stage.awayUntil.set(action.partition, world.now + action.ms);
      break;
    case "leader moves":
      engine.moveLeader(action.partition, action.server);
      break;
    case "reorg":
      chain.reorg(action.depth);
      break;
    case "signer away":
      stage.signersAway.set(action.signer, world.now + action.ms);
      break;
    case "auditor stops":
      auditor.stopAfter = action.steps;
      break;
    case "crash":
    case "pause":
    case "commits fail":
    case "old state":
    case "bad digest":
    case "chain silent":
      if (node !== undefined) trouble(action, node, stage);
      break;
  }
}

function askAs(clients: Clients, action: Extract<Action, { kind: "tx" | "read" | "erase" }>): void {
  switch (action.kind) {
    case "tx":
      clients.transact(action.parties, action.pays, action.node);
      break;
    case "read":
      clients.read(action.user, action.node, action.strong);
      break;
    case "erase":
      clients.erase(action.user, action.node);
      break;
  }
}

function foreignRecord(
  { partition, what }: Action & { kind: "foreign record" },
  { engine, random }: Scene,
): Uint8Array | undefined {
  switch (what) {
    case "noise":
      return random.bytes(random.between(0, 300));
    case "stranger": {
      const { nodeId, sign } = identityOf(random.bytes(32));
      return encodeRecord({ nodeId, partition, commands: [random.bytes(20)] }, sign);
    }
    case "replay": {
      const records = [...(engine.copies(partition).get(engine.leader(partition))?.values() ?? [])];
      return records.length === 0 ? undefined : random.pick(records);
    }
  }
}

type NodeTrouble = Extract<
  Action,
  { kind: "crash" | "pause" | "commits fail" | "old state" | "bad digest" | "chain silent" }
>;

function trouble(action: NodeTrouble, node: SimNode, { scene, backups }: Stage): void {
  const restart = (ms: number): void => {
    scene.world.after(ms, () => {
      node.start();
    });
  };
  switch (action.kind) {
    case "crash":
      node.crash();
      restart(action.ms);
      break;
    case "pause":
      node.pause(action.ms);
      break;
    case "commits fail":
      node.disk.failing = action.times;
      break;
    case "old state":
      node.crash();
      node.disk.restore(backups.get(node) ?? new Map());
      restart(action.ms);
      break;
    case "bad digest":
      node.disk.spoilDigest(action.partition);
      break;
    case "chain silent":
      node.silenceChain(action.ms);
      break;
  }
}

function isAtRest({ scene, clients, auditor }: Stage): boolean {
  if (clients.busy > 0 || auditor.quiet.size < scene.partitions) return false;
  for (const node of scene.nodes) {
    if (!node.isUp || node.frozen.size > 0) return false;
    for (let partition = 0; partition < scene.partitions; partition += 1)
      if (node.applied(partition) !== scene.engine.tail(partition)) return false;
    // What is unfinished has rows of its own.
    if (node.disk.range({ ...wholeTable("x"), limit: 1 }).length > 0) return false;
    for (let partition = 0; partition < scene.partitions; partition += 1)
      for (const open of [keys.openOf(partition), keys.openBatchesOf(partition)])
        if (node.disk.range({ ...open, limit: 1 }).length > 0) return false;
  }
  return true;
}

function* historyOf({ scene, clients }: Stage): Generator<Line> {
  const { nodes, partitions, engine, chain, networkTag } = scene;
  yield { k: "expect", nodes: nodes.map(({ name }) => name), servers: [...SERVERS] };
  for (const { op } of clients.ops) yield op;
  for (const node of nodes) yield* exportState(node.disk, { node: node.name, partitions });
  for (let partition = 0; partition < partitions; partition += 1) {
    for (const server of engine.copies(partition).keys())
      yield { k: "copy", server, partition, first: engine.firstSeq(partition), last: engine.tail(partition) };
    for (const [server, records] of engine.copies(partition))
      for (const [seq, bytes] of [...records].sort(([a], [b]) => a - b))
        yield { k: "record", server, partition, seq, sha256: `0x${createHash("sha256").update(bytes).digest("hex")}` };
    const name = toHex(ledgerPartition(networkTag, partition));
    for (const header of chain.headers())
      if (toHex(header.partition) === name)
        yield { k: "anchor", partition, seq: header.seq, headerHash: toHex(header.headerHash) };
  }
  const balances = chain.balances();
  for (const { account } of clients.users)
    yield { k: "balance", account: toHex(account), before: String(GIFT), after: String(balances.get(toHex(account))) };
}
