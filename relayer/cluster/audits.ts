import { toHex } from "../../protocol/bytes.ts";
import { digestAt } from "../log/kept.ts";
import { digestsIn } from "./answers.ts";
import type { Answers } from "./asking.ts";
import { auditPartition, type AuditOptions, type PartitionAudit } from "./auditor.ts";
import { createTrimmer, type Trimmed, type TrimPorts } from "./trims.ts";

/** A look at the nodes' digests and the logs' ends every half minute; every copy read record by record every ten. */
const LIGHT_MS = 30_000;
const DEEP_EVERY = 20;
/**
 * A node that has not applied the record yet says so at once: it is asked again soon, not waited for. A batch waits for
 * this answer, and its partition for the batch.
 */
const SHARED_MS_MAX = 2_000;
const SHARED_ASK_MS_MAX = 300;
const SHARED_AGAIN_MS = 50;

export interface Audit {
  readonly at: string;
  readonly scrubbed: boolean;
  readonly ok: boolean;
  readonly partitions: readonly PartitionAudit[];
}

export interface Audits {
  /** Audits everything now. */
  readonly run: (options: AuditOptions) => Promise<Audit>;
  /** Trims what may be trimmed now, of partitions in which a look at everybody finds nothing wrong. */
  readonly trim: () => Promise<readonly Trimmed[]>;
  /** What was found last, here. */
  readonly last: () => Audit | undefined;
  /** Whether a majority of the members holds this partition's log, up to a sequence, as this node does. */
  readonly isShared: (partition: number, seq: number) => Promise<boolean>;
  readonly stop: () => Promise<void>;
}

export interface AuditsPorts extends TrimPorts {
  readonly partitions: number;
  /** Whether it is this node's turn to audit for everybody. */
  readonly isSteward: () => boolean;
  readonly mayRepair: boolean;
}

export function startAudits(ports: AuditsPorts): Audits {
  const stopping = new AbortController();
  let last: Audit | undefined;
  let running: Promise<unknown> = Promise.resolve();
  const auditAll = async (options: AuditOptions): Promise<Audit> => {
    const all = Array.from({ length: ports.partitions }, (_, partition) => partition);
    // Looking alone disturbs nothing, so a node that does not answer is waited for once and not once for each partition.
    const width = options.scrub || options.repair ? 1 : LOOKS_AT_ONCE;
    const partitions = await inGroups(all, width, (partition) => auditPartition(partition, options, ports));
    const ok = partitions.every(({ alarms, readOnly, repaired }) => !readOnly && (alarms.length === 0 || repaired));
    last = { at: new Date(ports.clock.now()).toISOString(), scrubbed: options.scrub, ok, partitions };
    return last;
  };
  // One at a time: two audits would stop and start the same partitions, and a trim in between would mislead both.
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = running.then(work);
    running = result.catch(() => undefined);
    return result;
  };
  const run = (options: AuditOptions): Promise<Audit> => inTurn(() => auditAll(options));
  const trimOne = createTrimmer(ports);
  const trimSound = async (sound: readonly PartitionAudit[]): Promise<readonly Trimmed[]> => {
    const trimmed = await inGroups(sound, LOOKS_AT_ONCE, ({ partition }) => trimOne(partition));
    return trimmed.filter((one) => one !== undefined);
  };
  const trim = async ({ partitions }: Audit): Promise<readonly Trimmed[]> => trimSound(partitions.filter(isSound));
  const both = async (options: AuditOptions): Promise<readonly [Audit, readonly Trimmed[]]> => {
    const audit = await auditAll(options);
    return [audit, await trim(audit)];
  };
  void watch((options) => inTurn(() => both(options)), ports, stopping.signal);
  return {
    run,
    trim: () => inTurn(async () => (await both({ scrub: false, repair: false }))[1]),
    last: () => last,
    isShared: (partition, seq) => isShared(partition, seq, ports),
    // A run that is under way is left to itself: whatever it has stopped, the next audit lets go on.
    stop() {
      stopping.abort();
      return Promise.resolve();
    },
  };
}

const LOOKS_AT_ONCE = 16;

async function inGroups<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let first = 0; first < items.length; first += width)
    results.push(...(await Promise.all(items.slice(first, first + width).map(work))));
  return results;
}

const isSound = ({ alarms, readOnly, steps }: PartitionAudit): boolean =>
  !readOnly && alarms.length === 0 && steps.length === 0;

async function watch(
  run: (options: AuditOptions) => Promise<readonly [Audit, readonly Trimmed[]]>,
  ports: AuditsPorts,
  signal: AbortSignal,
): Promise<void> {
  for (let round = 1; !signal.aborted; round += 1) {
    await ports.clock.sleep(LIGHT_MS, signal);
    if (!ports.isSteward()) continue;
    try {
      const [{ partitions }, trimmed] = await run({ scrub: round % DEEP_EVERY === 0, repair: ports.mayRepair });
      for (const alarm of partitions.flatMap(({ alarms }) => alarms)) ports.onFault(new Error(`audit: ${alarm}`));
      for (const { partition, held } of trimmed)
        if (held !== undefined) ports.onFault(new Error(`the log of partition ${partition} is not trimmed: ${held}`));
    } catch (error) {
      ports.onFault(error);
    }
  }
}

export type SharedPorts = Pick<AuditsPorts, "asking" | "members" | "view" | "clock">;

/** Whether a majority of the members holds this partition's log, up to a sequence, as this node does. */
export async function isShared(partition: number, seq: number, ports: SharedPorts): Promise<boolean> {
  const deadline = ports.clock.now() + SHARED_MS_MAX;
  while (!(await isHeldByMost(partition, seq, ports))) {
    if (ports.clock.now() > deadline) return false;
    await ports.clock.sleep(SHARED_AGAIN_MS);
  }
  return true;
}

async function isHeldByMost(partition: number, seq: number, { asking, members, view }: SharedPorts): Promise<boolean> {
  const own = digestAt(view, partition, seq);
  if (own === undefined) return false;
  const needed = Math.floor(members().length / 2) + 1;
  const agreeing = (answers: Answers): number =>
    [...answers].filter(
      ([node, body]) =>
        members().includes(node) && digestsIn(body).some((one) => one.seq === seq && one.digest === toHex(own)),
    ).length;
  const enough = (answers: Answers): boolean => agreeing(answers) >= needed || answers.size === members().length;
  const answers = await asking.ask("digest", { partition, seqs: [seq] }, { waitMs: SHARED_ASK_MS_MAX, enough });
  return agreeing(answers) >= needed;
}
