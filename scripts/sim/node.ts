import { createPrivateKey, createPublicKey, sign as signEd25519 } from "node:crypto";
import { equalBytes, toHex } from "../../protocol/bytes.ts";
import type { Keccak } from "../../protocol/typedData.ts";
import { executorOf } from "../../relayer/cluster/rendezvous.ts";
import { accept } from "../../relayer/flow/flow.ts";
import type { Network } from "../../relayer/flow/guard.ts";
import { createPending } from "../../relayer/flow/pending.ts";
import { sweepChain } from "../../relayer/flow/sweep.ts";
import { freezable, type FreezableLog } from "../../relayer/log/freezable.ts";
import { checkedLog, createSupplies, keptAt, readingKept } from "../../relayer/log/kept.ts";
import { startReplica, type Replica } from "../../relayer/log/replica.ts";
import { keys, partitionOf, wholeTable } from "../../relayer/midc/keys.ts";
import { nodeIdOf } from "../../relayer/midc/record.ts";
import { decodeApplied } from "../../relayer/midc/rows.ts";
import { Notary } from "../../relayer/notary/notary.ts";
import { createTurns } from "../../relayer/notary/turns.ts";
import type { Committee, Keyring, PartitionLog } from "../../relayer/ports.ts";
import { shredKeyOf } from "../../relayer/privacy/shred.ts";
import { ledgerOn, type Chain, type Outbox } from "./chain.ts";
import type { Engine } from "./engine.ts";
import { simulatedLog } from "./log.ts";
import type { Random } from "./random.ts";
import { Disk, stateOn } from "./state.ts";
import type { Owner, World } from "./world.ts";

const RESTART_MS = 1_000;
const ALONE_AFTER_MS = 4_000;
const SWEEP_MS = 2_000;
const SWEPT_MAX = 16;
const POLICY = { inputsMax: 8, legsMax: 16, closeAfterMs: 400 } as const;

/** What all nodes of a simulation share. */
export interface Scene {
  readonly world: World;
  readonly random: Random;
  readonly engine: Engine;
  readonly chain: Chain;
  readonly partitions: number;
  readonly network: Network;
  readonly networkTag: Uint8Array;
  readonly keccak: Keccak;
  readonly separators: { readonly dealSeparator: Uint8Array; readonly ledgerSeparator: Uint8Array };
  readonly committeeFor: (owner: Owner) => Committee;
  readonly nodes: SimNode[];
  readonly isLogAway: (partition: number) => boolean;
}

interface Life {
  readonly owner: Owner;
  readonly log: FreezableLog;
  readonly below: PartitionLog;
  dead: boolean;
  replica?: Replica;
  notaries: readonly Notary[];
}

/** One user's key for all chains: what is sealed matters here, not for whom. */
const SHRED_KEY = shredKeyOf(new Uint8Array(32).fill(7));

/** A relayer of the simulation: the real replica and notaries on a simulated disk, log, chain and clock. */
export class SimNode {
  readonly name: string;
  readonly disk = new Disk();
  readonly outbox: Outbox = new Map();
  /** Partitions that are stopped for repair, and records that a rebuild has set aside: both survive a crash. */
  readonly frozen = new Set<number>();
  readonly aside = new Map<number, Uint8Array[]>();
  readonly identity: Pick<Keyring, "nodeId" | "nodePublicKey" | "sign">;
  readonly staleTails = new Map<number, { readonly tail: number; readonly until: number }>();
  readonly #scene: Scene;
  #life: Life | undefined;
  #pausedUntil = 0;
  #silentUntil = 0;
  #diedAt = 0;
  lives = 0;

  constructor(name: string, scene: Scene) {
    this.name = name;
    this.#scene = scene;
    this.identity = identityOf(scene.random.bytes(32));
  }

  get isUp(): boolean {
    return this.#life?.replica !== undefined && this.#pausedUntil <= this.#scene.world.now;
  }

  get replica(): Replica | undefined {
    return this.#life?.replica;
  }

  get owner(): Owner | undefined {
    return this.#life?.owner;
  }

  start(): void {
    if (this.#life !== undefined) return;
    const { world, engine, random, partitions } = this.#scene;
    this.lives += 1;
    const owner: Owner = { isDead: () => life.dead, pausedUntil: () => this.#pausedUntil };
    const troubles = { staleTail: (partition: number) => this.#staleTail(partition), isAway: this.#scene.isLogAway };
    const told = simulatedLog(partitions, { world, engine, random, owner, troubles });
    const below = checkedLog(told, this.disk, createSupplies());
    const life: Life = { owner, below, log: freezable(below, this.frozen), dead: false, notaries: [] };
    this.#life = life;
    this.#begin(life).catch(() => {
      // As under a supervisor: a node that cannot start is started again.
      if (life.dead) return;
      this.crash();
      world.after(RESTART_MS, () => {
        this.start();
      });
    });
  }

  async #begin(life: Life): Promise<void> {
    const { world, random, nodes } = this.#scene;
    const genesisNodes = new Map(nodes.map(({ identity }) => [toHex(identity.nodeId), identity.nodePublicKey]));
    const state = stateOn(this.disk, { world, random, owner: life.owner });
    const options = { genesisNodes, onFault: () => undefined, keepRecords: true };
    const clock = world.clock(life.owner);
    const replica = await startReplica(options, { log: life.log, state, keyring: this.identity, clock });
    life.notaries = this.#notaries(life, replica);
    life.replica = replica;
    this.#drive(life, replica);
  }

  #notaries(life: Life, replica: Replica): Notary[] {
    const { world, random, chain, keccak, separators, networkTag, partitions, committeeFor } = this.#scene;
    const ledger = ledgerOn(chain, {
      world,
      random,
      owner: life.owner,
      outbox: this.outbox,
      isSilent: () => this.#silentUntil > world.now,
    });
    const ports = {
      replica,
      ledger,
      keccak,
      ...separators,
      log: readingKept(life.below, this.disk),
      vault: this.vault,
      clock: world.clock(life.owner),
      committee: committeeFor(life.owner),
      onFault: () => undefined,
      turns: createTurns(),
      isShared: (partition: number, seq: number) => this.#isShared(life.owner, partition, seq),
    };
    return Array.from({ length: partitions }, (_, partition) => new Notary({ partition, networkTag }, POLICY, ports));
  }

  readonly vault = {
    shredKey: (chainId: Uint8Array) => (this.disk.get(keys.vault(chainId)) === undefined ? undefined : SHRED_KEY),
    dealKey: (chainId: Uint8Array) =>
      this.disk.get(keys.erasing(chainId)) === undefined ? this.vault.shredKey(chainId) : SHRED_KEY,
  };

  /** Looks at each partition when there is news and when its notary said so: what flow/executor.ts does with timers. */
  #drive(life: Life, replica: Replica): void {
    const { world, partitions } = this.#scene;
    const busy = new Set<number>();
    const look = (partition: number): void => {
      const notary = life.notaries[partition];
      if (notary === undefined || busy.has(partition)) return;
      if (!this.#owns(partition)) {
        world.after(
          ALONE_AFTER_MS,
          () => {
            look(partition);
          },
          life.owner,
        );
        return;
      }
      busy.add(partition);
      void notary.step().then((again) => {
        world.after(
          Math.max(20, Math.min(again, 1_000)),
          () => {
            busy.delete(partition);
            look(partition);
          },
          life.owner,
        );
      });
    };
    replica.onHappened((happened, partition) => {
      life.notaries[partition]?.note(happened);
    });
    for (let partition = 0; partition < partitions; partition += 1) look(partition);
    this.#sweep(life, replica);
  }

  /** What flow/sweep.ts does with a clock: finishes the erasures of the partitions that this node works on. */
  #sweep(life: Life, replica: Replica): void {
    const { world, partitions } = this.#scene;
    const look = async (): Promise<void> => {
      for (const { key } of this.disk.range({ ...wholeTable("x"), limit: SWEPT_MAX }))
        if (this.#owns(partitionOf(key.subarray(1), partitions))) await sweepChain(key.slice(1), { replica });
    };
    const again = (): void => {
      world.after(SWEEP_MS, tend, life.owner);
    };
    const tend = (): void => {
      void look().then(again, again);
    };
    again();
  }

  /** By the nodes that seem alive: one that died a moment ago still seems so. */
  #owns(partition: number): boolean {
    const { nodes, world } = this.#scene;
    const alive = nodes.filter((node) => node === this || node.#seemsAlive(world.now));
    const executor = executorOf(
      partition,
      alive.map(({ identity }) => identity.nodeId),
    );
    return executor !== undefined && equalBytes(executor, this.identity.nodeId);
  }

  #seemsAlive(now: number): boolean {
    return (this.#life !== undefined && this.#pausedUntil <= now) || now - this.#diedAt < ALONE_AFTER_MS;
  }

  async #isShared(owner: Owner, partition: number, seq: number): Promise<boolean> {
    const { world, random, nodes } = this.#scene;
    await world.sleep(random.between(1, 20), owner);
    const mine = keptAt(this.disk, partition, seq)?.digest;
    if (mine === undefined) return false;
    const same = nodes.filter((node) => {
      const theirs = node === this || node.isUp ? keptAt(node.disk, partition, seq)?.digest : undefined;
      return theirs !== undefined && equalBytes(theirs, mine);
    });
    return same.length * 2 > nodes.length;
  }

  applied(partition: number): number {
    return decodeApplied(this.disk.get(keys.applied(partition))).seq;
  }

  /** Takes a request as a client gives it. Never answers when the node dies first. */
  async accept(bytes: Uint8Array): Promise<void> {
    const life = this.#life;
    if (life?.replica === undefined) throw new Error("nobody answers");
    const { replica, owner } = life;
    const { world, network, keccak } = this.#scene;
    const log = readingKept(life.below, this.disk);
    const ports = { replica, log, vault: this.vault, clock: world.clock(owner), keccak };
    const accepted = await accept(bytes, {
      guard: ({ id, submission }) =>
        Promise.resolve(
          this.disk.get(keys.tx(id)) === undefined
            ? { kind: "admitted", weight: submission.body.deal?.legs.length ?? 0 }
            : { kind: "known" },
        ),
      pending: createPending(network, ports),
    });
    if (accepted.kind === "refused") throw new Error(accepted.reason);
  }

  isStill(partition: number): boolean {
    return this.#life?.log.isStill(partition) === true;
  }

  freeze(partition: number): void {
    this.frozen.add(partition);
    if (this.#life?.log.isFrozen(partition) === false) this.#life.log.freeze(partition);
  }

  thaw(partition: number): void {
    this.frozen.delete(partition);
    this.#life?.log.thaw(partition);
  }

  crash(): void {
    if (this.#life === undefined) return;
    this.#life.dead = true;
    this.#life = undefined;
    this.#diedAt = this.#scene.world.now;
  }

  pause(ms: number): void {
    this.#pausedUntil = this.#scene.world.now + ms;
  }

  silenceChain(ms: number): void {
    this.#silentUntil = this.#scene.world.now + ms;
  }

  heal(): void {
    this.#pausedUntil = 0;
    this.#silentUntil = 0;
    this.staleTails.clear();
    this.disk.failing = 0;
    this.start();
  }

  #staleTail(partition: number): number | undefined {
    const stale = this.staleTails.get(partition);
    return stale !== undefined && stale.until > this.#scene.world.now ? stale.tail : undefined;
  }
}

/** A node's signing identity, from a seed. */
export function identityOf(seed: Uint8Array): Pick<Keyring, "nodeId" | "nodePublicKey" | "sign"> {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const nodePublicKey = new Uint8Array(spki.subarray(spki.length - 32));
  return {
    nodeId: nodeIdOf(nodePublicKey),
    nodePublicKey,
    sign: (message) => new Uint8Array(signEd25519(null, message, key)),
  };
}
