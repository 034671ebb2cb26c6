import type { Hex } from "../../protocol/bytes.ts";
import type { ClusterView, PartitionView } from "../../protocol/cluster.ts";
import type { Fault } from "../errors.ts";
import type { EngineLook } from "../ports.ts";
import type { Peer } from "./peers.ts";

export type { ClusterView };

export function viewOf(seen: {
  readonly look: EngineLook;
  readonly peers: readonly Peer[];
  readonly live: readonly Peer[];
  readonly node: Hex;
  readonly partitions: number;
  readonly executorOf: (partition: number) => Hex | undefined;
  readonly applied: (partition: number) => number;
  readonly frozen: ReadonlyMap<number, Fault>;
  readonly now: number;
}): ClusterView {
  const { look, peers, live, node, now } = seen;
  const groups = new Map(look.partitions.map((group) => [group.partition, group]));
  const partitions = Array.from({ length: seen.partitions }, (_, partition): PartitionView => {
    const group = groups.get(partition);
    return {
      partition,
      stream: group?.stream ?? "",
      leader: group?.leader ?? null,
      replicas: group?.replicas ?? [],
      first: group?.first ?? null,
      tail: group?.tail ?? null,
      bytes: group?.bytes ?? null,
      applied: seen.applied(partition),
      executor: seen.executorOf(partition) ?? null,
      state: seen.frozen.get(partition)?.code ?? "ok",
    };
  });
  const liveIds = new Set(live.map(({ id }) => id));
  return {
    node,
    nodes: peers.map(({ id, url, heardAt, applied }) => ({
      id,
      url,
      live: liveIds.has(id),
      heardMsAgo: heardAt === 0 ? -1 : now - heardAt,
      executes: partitions.filter(({ executor }) => executor === id).length,
      behind: partitions.reduce((sum, row) => sum + Math.max(0, row.applied - (applied[row.partition] ?? 0)), 0),
    })),
    servers: look.servers.map((server) => ({
      ...server,
      leads: partitions.filter(({ leader }) => leader === server.name).length,
    })),
    unsafe: look.unsafe,
    partitions,
  };
}
