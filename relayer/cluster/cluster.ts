import { equalBytes, toHex, type Hex } from "../../protocol/bytes.ts";
import type { Replica } from "../log/replica.ts";
import type { Clock, EngineLook, Keyring, LogEngine } from "../ports.ts";
import type { Health } from "./health.ts";
import { followPeers, type Peers } from "./peers.ts";
import { executorOf } from "./rendezvous.ts";
import { furthestOf, lookWhenBack } from "./returning.ts";
import { nextMove, type Move } from "./spread.ts";
import { viewOf, type ClusterView } from "./view.ts";
import type { Words } from "./words.ts";

const LOOK_MS = 2_000;
/** Leaders that are uneven for less than this are left alone: a restart evens out by itself or comes back. */
const UNEVEN_MS_MIN = 8_000;
/** A partition number that no partition has: its executor does what one node does for all. */
const STEWARD = 65_535;

/** This node's part in a cluster: who is there, who works on what, and how the servers below are. */
export interface Cluster {
  readonly view: () => ClusterView;
  readonly owns: (partition: number) => boolean;
  /** Whether it is this node that tends the spread of the leaders and audits for everybody. */
  readonly isSteward: () => boolean;
  readonly peers: Peers;
  readonly words: Words;
  /** Called whenever another node may have become a partition's executor. */
  readonly onChange: (listener: () => void) => () => void;
  readonly stop: () => Promise<void>;
}

export interface ClusterPorts {
  readonly words: Words;
  readonly engine: LogEngine;
  readonly replica: Pick<Replica, "applied" | "partitions">;
  /** Ids of the nodes whose records count. */
  readonly members: () => readonly Hex[];
  readonly health: Health;
  readonly clock: Clock;
  readonly keyring: Pick<Keyring, "nodeId" | "nodePublicKey">;
  readonly onFault: (error: unknown) => void;
}

export function joinCluster(
  options: { readonly url: () => string; readonly acceptUnsafe: boolean },
  ports: ClusterPorts,
): Cluster {
  const { replica, keyring } = ports;
  const applied = (): readonly number[] => Array.from({ length: replica.partitions }, (_, p) => replica.applied(p));
  const peers = followPeers({ keyring, url: options.url }, { ...ports, applied });
  const executor = (partition: number): Uint8Array | undefined =>
    executorOf(
      partition,
      peers.live().map(({ nodeId }) => nodeId),
    );
  const owns = (partition: number): boolean => {
    const node = executor(partition);
    return node !== undefined && equalBytes(node, keyring.nodeId);
  };
  const isSteward = (): boolean => owns(STEWARD);
  let last: EngineLook = { servers: [], unsafe: [], partitions: [] };
  const stopping = new AbortController();
  const others = (): readonly Hex[] => ports.members().filter((id) => id !== toHex(keyring.nodeId));
  const unwatch = lookWhenBack({ ...ports, peers, others }, stopping.signal);
  const looking = lookOn(
    {
      ...ports,
      peers,
      acceptUnsafe: options.acceptUnsafe,
      isSteward,
      onLook: (look) => (last = look),
    },
    stopping.signal,
  );
  return {
    peers,
    words: ports.words,
    owns,
    isSteward,
    onChange: (listener) => peers.onChange(listener),
    view: () =>
      viewOf({
        look: last,
        peers: peers.all(),
        live: peers.live(),
        node: toHex(keyring.nodeId),
        partitions: replica.partitions,
        executorOf: (partition): Hex | undefined => {
          const node = executor(partition);
          return node === undefined ? undefined : toHex(node);
        },
        applied: replica.applied,
        frozen: ports.health.frozen(),
        now: ports.clock.now(),
      }),
    async stop() {
      peers.stop();
      stopping.abort();
      unwatch();
      await looking;
    },
  };
}

interface Looking extends ClusterPorts {
  readonly peers: Pick<Peers, "all">;
  readonly acceptUnsafe: boolean;
  readonly isSteward: () => boolean;
  readonly onLook: (look: EngineLook) => void;
}

/** Looks at the servers again and again: believes them or not, and evens out who leads. */
async function lookOn(ports: Looking, signal: AbortSignal): Promise<void> {
  const spread = evenOut(ports);
  const regressed = watchTails(ports);
  const believe = believing(ports);
  while (!signal.aborted) {
    try {
      const before = furthestOf(ports);
      const look = believe(await ports.engine.look());
      ports.onLook(look);
      regressed(look, before);
      if (ports.isSteward()) await spread(look);
    } catch (error) {
      ports.onFault(error);
    }
    await ports.clock.sleep(LOOK_MS, signal);
  }
}

/**
 * Servers that are silent are not unsafe; servers that say something unsafe are, however many are safe. One that has said
 * so and is silent now was perhaps only late to answer: it stays unsafe while a group counts on it. Gives back the look
 * with what still holds from earlier ones.
 */
function believing({ health, acceptUnsafe, onFault }: Looking): (look: EngineLook) => EngineLook {
  let standing: EngineLook["unsafe"] = [];
  return (look) => {
    if (acceptUnsafe) return look;
    const heard = new Set(look.servers.map(({ name }) => name));
    const kept = standing.filter(({ server = "" }) => !heard.has(server) && mayCountOn(server, look));
    standing = [...look.unsafe.filter(({ server }) => server !== undefined), ...kept];
    health.distrust(standing.map(({ cause, fix }) => `${cause} (${fix})`).join("; "));
    const refusal = standing.length === 0 ? undefined : health.refusal(0);
    if (refusal !== undefined) onFault(refusal);
    return { ...look, unsafe: [...look.unsafe, ...kept] };
  };
}

/** Whether an acknowledgement may rest on this server's word: a group says so, or says nothing. */
const mayCountOn = (server: string, { partitions }: EngineLook): boolean =>
  partitions.some(
    ({ stream, replicas }) =>
      stream !== "" &&
      (replicas.length === 0 || replicas.some((replica) => replica.server === server && replica.current)),
  );

/**
 * A log that ends before what a node has applied from it has lost records. Seen once it may be the word of a server that
 * only believes it leads; seen twice running the partition is frozen until its log reaches as far again.
 */
function watchTails({ health, replica, onFault }: Looking): (look: EngineLook, furthest: readonly number[]) => void {
  const suspected = new Set<number>();
  return (look, furthest) => {
    for (const { partition, first, tail, stream } of look.partitions) {
      // A log that begins beyond the next record cannot be caught up with: only a start from a snapshot can.
      if (first !== undefined && first > replica.applied(partition) + 1)
        health.freeze(partition, "LOG_TRIMMED", `partition ${partition} begins at ${first}`);
      else if (health.frozen().get(partition)?.code === "LOG_TRIMMED") health.thaw(partition);
      const isShort = stream === "" || (tail !== undefined && tail < (furthest[partition] ?? 0));
      if (!isShort) {
        suspected.delete(partition);
        if (tail !== undefined && health.frozen().get(partition)?.code === "LOG_LOST") health.thaw(partition);
        continue;
      }
      if (!suspected.has(partition)) {
        suspected.add(partition);
        continue;
      }
      const detail = `partition ${partition} ends at ${tail ?? 0}, applied ${furthest[partition] ?? 0}`;
      health.freeze(partition, "LOG_LOST", detail);
      const refusal = health.refusal(partition);
      if (refusal !== undefined) onFault(refusal);
    }
  };
}

function evenOut({ engine, clock, onFault }: Looking): (look: EngineLook) => Promise<void> {
  let unevenSince: number | undefined;
  return async (look) => {
    const move: Move | undefined = nextMove(look.partitions.filter(({ stream }) => stream !== ""));
    if (move === undefined) {
      unevenSince = undefined;
      return;
    }
    unevenSince ??= clock.now();
    if (clock.now() - unevenSince < UNEVEN_MS_MIN) return;
    await engine.lead(move.partition, move.to).catch(onFault);
  };
}
