import { equalBytes, toHex } from "../../protocol/bytes.ts";
import { compareAnchors } from "../../relayer/audit/anchors.ts";
import type { DigestAt, NodeReport, PartitionFacts, ServerReport } from "../../relayer/audit/facts.ts";
import { planRepair, type Plan, type RepairStep } from "../../relayer/audit/plan.ts";
import { scrub } from "../../relayer/audit/scrub.ts";
import { keptAt } from "../../relayer/log/kept.ts";
import { keys, wholeTable } from "../../relayer/midc/keys.ts";
import { decodeApplied, decodeBatch } from "../../relayer/midc/rows.ts";
import { ledgerPartition } from "../../relayer/notary/notary.ts";
import { SERVERS } from "./engine.ts";
import type { Scene, SimNode } from "./node.ts";

const AUDIT_MS = 4_000;
/** So many audits in a row leave a question to a person before one answers it. */
const PATIENCE = 3;
const ALL_ROWS = 100_000;

/** What the audit asks for and does, over and over, as one of the relayers or an operator would. */
export class Auditor {
  readonly #scene: Scene;
  readonly #undecided = new Map<number, number>();
  /** Told which nodes turned out to hold a past that did not count. */
  readonly #onOutvoted: (node: SimNode) => void;
  /** Steps after which the auditor dies in the middle of a plan; it is started again. */
  stopAfter: number | undefined;
  /** Whether the last look at every partition found nothing to do. */
  readonly quiet = new Set<number>();
  readonly log: string[] = [];

  constructor(scene: Scene, onOutvoted: (node: SimNode) => void) {
    this.#scene = scene;
    this.#onOutvoted = onOutvoted;
  }

  async run(): Promise<never> {
    for (;;) {
      await this.#scene.world.sleep(AUDIT_MS);
      for (let partition = 0; partition < this.#scene.partitions; partition += 1) await this.#audit(partition);
    }
  }

  async #audit(partition: number): Promise<void> {
    const { world, nodes } = this.#scene;
    const facts = await this.#gather(partition);
    const plan = planRepair(facts);
    if (plan.alarms.length > 0) this.log.push(`${world.now} p${partition}: ${plan.alarms.join("; ")}`);
    this.#count(partition, plan, facts);
    if (plan.readOnly) {
      for (const node of nodes) {
        await this.#travel();
        if (node.isUp) node.freeze(partition);
      }
      // What is aside is appended to a log that goes on: it stays aside until it has been applied.
    } else if (plan.steps.every(({ kind }) => kind === "salvage")) await this.#thaw(partition);
    const isQuiet = !plan.readOnly && plan.steps.length === 0 && facts.nodes.length === nodes.length;
    if (isQuiet) this.quiet.add(partition);
    else this.quiet.delete(partition);
    for (const step of plan.steps) {
      if (this.stopAfter === 0) {
        this.stopAfter = undefined;
        return;
      }
      if (this.stopAfter !== undefined) this.stopAfter -= 1;
      await this.#travel();
      if (!(await this.#take(step, facts))) return;
    }
  }

  async #thaw(partition: number): Promise<void> {
    for (const node of this.#scene.nodes) {
      await this.#travel();
      if (node.isUp && node.frozen.has(partition)) node.thaw(partition);
    }
  }

  #count(partition: number, plan: Plan, facts: PartitionFacts): void {
    const isStuck = plan.readOnly && plan.steps.length === 0 && facts.nodes.length === facts.members.length;
    this.#undecided.set(partition, isStuck ? (this.#undecided.get(partition) ?? 0) + 1 : 0);
  }

  #travel(): Promise<void> {
    return this.#scene.world.sleep(this.#scene.random.between(1, 40));
  }

  async #gather(partition: number): Promise<PartitionFacts> {
    const { nodes, engine, isLogAway } = this.#scene;
    const reports: NodeReport[] = [];
    for (const node of nodes) {
      await this.#travel();
      if (node.isUp) reports.push(this.#report(node, partition));
    }
    const servers = isLogAway(partition) || !engine.exists(partition) ? [] : this.#scrub(partition, reports);
    const undecided = (this.#undecided.get(partition) ?? 0) >= PATIENCE;
    const [furthest] = reports.toSorted((a, b) => b.applied - a.applied);
    return {
      partition,
      members: nodes.map(({ name }) => name),
      nodes: reports,
      servers,
      ...(isLogAway(partition)
        ? {}
        : {
            log: {
              exists: engine.exists(partition),
              generation: engine.generation(partition),
              leader: engine.leader(partition),
              tail: engine.tail(partition),
            },
          }),
      ...(undecided && furthest !== undefined ? { trusted: furthest.node } : {}),
    };
  }

  #report(node: SimNode, partition: number): NodeReport {
    const { seq, digest } = decodeApplied(node.disk.get(keys.applied(partition)));
    const digests: DigestAt[] = [];
    for (let at = 1; at < seq; at += 1) {
      const kept = keptAt(node.disk, partition, at);
      if (kept !== undefined) digests.push({ seq: at, digest: toHex(kept.digest) });
    }
    if (seq > 0) digests.push({ seq, digest: toHex(digest) });
    return {
      node: node.name,
      applied: seq,
      digests,
      frozen: node.isStill(partition),
      aside: node.aside.get(partition)?.length ?? 0,
      ...this.#anchors(node, partition),
    };
  }

  #anchors(node: SimNode, partition: number): { anchored: number; conflict?: number } {
    const held = new Map<number, string>();
    for (const { key, value } of node.disk.range({ ...wholeTable("c"), limit: ALL_ROWS }))
      if ((((key[1] ?? 0) << 8) | (key[2] ?? 0)) === partition) {
        const { seq, headerHash } = decodeBatch(value);
        held.set(seq, toHex(headerHash));
      }
    const name = toHex(ledgerPartition(this.#scene.networkTag, partition));
    const onChain = new Map<number, string>();
    for (const header of this.#scene.chain.headers())
      if (toHex(header.partition) === name) onChain.set(header.seq, toHex(header.headerHash));
    return compareAnchors(held, onChain);
  }

  #scrub(partition: number, reports: readonly NodeReport[]): ServerReport[] {
    const { engine } = this.#scene;
    const wanted = new Set(reports.flatMap(({ digests }) => digests.map(({ seq }) => seq)));
    const before = engine.firstSeq(partition) - 1;
    const digest = before === 0 ? undefined : mostSaid(reports, before);
    const start = {
      seq: before,
      digest: digest === undefined ? new Uint8Array(32) : Buffer.from(digest.slice(2), "hex"),
    };
    return [...engine.copies(partition)].map(([server, records]) => {
      const entries = [...records].sort(([a], [b]) => a - b).map(([seq, bytes]) => ({ seq, bytes }));
      return scrub({ server, start, expectedLast: engine.tail(partition) }, entries, wanted);
    });
  }

  /** False when the rest of the plan no longer fits. */
  async #take(step: RepairStep, facts: PartitionFacts): Promise<boolean> {
    const { engine, world, nodes } = this.#scene;
    const { partition } = facts;
    this.log.push(`${world.now} p${partition}: ${JSON.stringify(step)}`);
    switch (step.kind) {
      case "reappend":
        return this.#reappend(partition, step);
      case "new generation":
        // Somebody else was quicker: what is there now is judged by the next audit.
        if (engine.generation(partition) !== (facts.log?.generation ?? 0)) return false;
        engine.newGeneration(partition, step.firstSeq);
        for (const record of engine.readOld(partition, step.salvageFrom)) engine.append(partition, record);
        return true;
      case "salvage": {
        const node = nodes.find(({ name }) => name === step.node);
        if (node === undefined) return false;
        // The log alone may lose them again: they stay aside until this node keeps them, and the next audit looks.
        const left = (node.aside.get(partition) ?? []).filter((record) => !isKept(node, partition, record));
        for (const record of left) engine.append(partition, record);
        if (left.length > 0) node.aside.set(partition, left);
        else node.aside.delete(partition);
        return true;
      }
      case "rebuild state":
        return this.#rebuild(partition, step);
      case "move leader":
        engine.moveLeader(partition, SERVERS.indexOf(step.to as (typeof SERVERS)[number]));
        return true;
      case "rebuild replica":
        engine.rebuildReplica(partition, SERVERS.indexOf(step.server as (typeof SERVERS)[number]));
        return true;
    }
  }

  async #reappend(partition: number, step: RepairStep & { kind: "reappend" }): Promise<boolean> {
    const { engine, nodes } = this.#scene;
    const node = nodes.find(({ name }) => name === step.node);
    for (let seq = step.from; seq <= step.to; seq += 1) {
      const kept = node === undefined ? undefined : keptAt(node.disk, partition, seq);
      // Only onto its own place: the engine takes an append that expects another tail for none.
      if (kept === undefined || engine.tail(partition) !== seq - 1) return false;
      engine.append(partition, kept.bytes);
      await this.#travel();
    }
    return true;
  }

  async #rebuild(partition: number, step: RepairStep & { kind: "rebuild state" }): Promise<boolean> {
    const { nodes, partitions } = this.#scene;
    const node = nodes.find(({ name }) => name === step.node);
    const source = nodes.find(({ name }) => name === step.source);
    if (node === undefined || source === undefined) return false;
    node.crash();
    if (step.asideFrom !== undefined) {
      this.#onOutvoted(node);
      const aside = node.aside.get(partition) ?? [];
      for (let seq = step.asideFrom; seq <= node.applied(partition); seq += 1) {
        const kept = keptAt(node.disk, partition, seq);
        if (kept !== undefined) aside.push(kept.bytes);
      }
      node.aside.set(partition, aside);
    }
    node.disk.rebuild(partition, source.disk, partitions);
    await this.#travel();
    node.start();
    return true;
  }
}

function isKept(node: SimNode, partition: number, record: Uint8Array): boolean {
  for (let seq = 1; seq <= node.applied(partition); seq += 1) {
    const kept = keptAt(node.disk, partition, seq);
    if (kept !== undefined && equalBytes(kept.bytes, record)) return true;
  }
  return false;
}

function mostSaid(reports: readonly NodeReport[], seq: number): string | undefined {
  const votes = new Map<string, number>();
  for (const { digests } of reports) {
    const digest = digests.find((each) => each.seq === seq)?.digest;
    if (digest !== undefined) votes.set(digest, (votes.get(digest) ?? 0) + 1);
  }
  return [...votes].sort(([, a], [, b]) => b - a)[0]?.[0];
}
