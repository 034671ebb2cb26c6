import { Fault } from "../../relayer/errors.ts";
import type { LogEntry, PartitionLog } from "../../relayer/ports.ts";
import type { Engine } from "./engine.ts";
import type { Random } from "./random.ts";
import type { Owner, World } from "./world.ts";

const LATE_MS_MAX = 12_000;
const POLL_MS = 2_000;

/** What a node suffers when it speaks to the engine. */
export interface Troubles {
  /** The tail that the node is told, while it is told an old one. */
  readonly staleTail: (partition: number) => number | undefined;
  readonly isAway: (partition: number) => boolean;
}

interface LogPorts {
  readonly world: World;
  readonly engine: Engine;
  readonly random: Random;
  readonly owner: Owner;
  readonly troubles: Troubles;
}

/** One node's way to the engine. Every answer takes a while, and some never come. */
export function simulatedLog(partitions: number, ports: LogPorts): PartitionLog {
  const { world, engine, random, owner, troubles } = ports;
  const listeners = new Set<(partition: number) => void>();
  const reject = (code: "LOG_UNAVAILABLE" | "LOG_LOST" | "LOG_HOLE" | "LOG_TRIMMED"): never => {
    throw new Fault(code, "simulated");
  };
  const onTheWay = (): Promise<void> => world.sleep(random.between(1, 30), owner);
  const ring = (partition: number): void => {
    for (const listener of listeners) listener(partition);
  };
  const poll = (): void => {
    for (let partition = 0; partition < partitions; partition += 1) ring(partition);
    world.after(POLL_MS, poll, owner);
  };
  world.after(POLL_MS, poll, owner);
  return {
    partitions,
    append: (partition, record) => appendTo(partition, record, { ...ports, onTheWay, ring, reject }),
    async read(partition, fromSeq, max) {
      await onTheWay();
      if (troubles.isAway(partition)) reject("LOG_UNAVAILABLE");
      const entries: LogEntry[] = [];
      for (let seq = fromSeq; entries.length < max; seq += 1) {
        const found = engine.readAt(partition, seq);
        if (found.kind === "record") {
          entries.push({ seq, bytes: found.bytes });
          continue;
        }
        if (entries.length > 0 || found.kind === "end") break;
        reject(found.kind === "hole" ? "LOG_HOLE" : found.kind === "trimmed" ? "LOG_TRIMMED" : "LOG_LOST");
      }
      return entries;
    },
    async tail(partition) {
      await onTheWay();
      if (troubles.isAway(partition)) reject("LOG_UNAVAILABLE");
      if (!engine.exists(partition)) reject("LOG_LOST");
      return troubles.staleTail(partition) ?? engine.tail(partition);
    },
    follow(onNews) {
      listeners.add(onNews);
      return () => listeners.delete(onNews);
    },
    close: () => Promise.resolve(),
  };
}

async function appendTo(
  partition: number,
  record: Uint8Array,
  ports: LogPorts & {
    readonly onTheWay: () => Promise<void>;
    readonly ring: (partition: number) => void;
    readonly reject: (code: "LOG_UNAVAILABLE" | "LOG_LOST") => never;
  },
): Promise<number> {
  const { world, engine, random, onTheWay, ring, reject } = ports;
  const generation = engine.generation(partition);
  await onTheWay();
  const mishap = engine.mishaps[partition]?.shift();
  if (ports.troubles.isAway(partition) || mishap === "lost before") reject("LOG_UNAVAILABLE");
  if (mishap === "late") {
    // It is on a wire somewhere, and comes when nobody waits for it; nobody's death stops it.
    world.after(random.between(500, LATE_MS_MAX), () => engine.append(partition, record, generation));
    reject("LOG_UNAVAILABLE");
  }
  const seq = engine.append(partition, record, generation) ?? reject("LOG_LOST");
  if (mishap === "doubled") engine.append(partition, record, generation);
  world.after(
    random.between(0, 20),
    () => {
      ring(partition);
    },
    ports.owner,
  );
  await onTheWay();
  if (mishap === "lost ack") reject("LOG_UNAVAILABLE");
  return seq;
}
