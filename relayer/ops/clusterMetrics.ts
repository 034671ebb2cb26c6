import { Gauge, type Registry } from "prom-client";
import type { ClusterView } from "../cluster/view.ts";
import { firstKept } from "../log/kept.ts";
import type { StateView } from "../ports.ts";

export interface MeasuredCluster {
  readonly cluster: { readonly view: () => ClusterView } | undefined;
  readonly snapshots:
    { readonly newest: () => { readonly manifest: { readonly takenAt: string } } | undefined } | undefined;
  readonly replica: { readonly view: StateView };
}

/** What an operator of a cluster watches; nothing for a node that stands alone. */
export function clusterGauges(node: MeasuredCluster, registers: Registry[]): void {
  const { cluster } = node;
  if (cluster === undefined) return;
  const gauge: MakeGauge = (name, help, read) => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(cluster.view()));
      },
    });
  };
  const own = (view: ClusterView): ClusterView["nodes"][number] | undefined =>
    view.nodes.find(({ id }) => id === view.node);
  gauge(
    "midchain_cluster_nodes_live",
    "Nodes heard within two seconds, this one included",
    (view) => view.nodes.filter(({ live }) => live).length,
  );
  gauge(
    "midchain_cluster_unsafe",
    "Settings of servers that make their acknowledgements worthless",
    (view) => view.unsafe.length,
  );
  gauge(
    "midchain_partitions_executed",
    "Partitions whose side effects this node runs",
    (view) => own(view)?.executes ?? 0,
  );
  gauge(
    "midchain_partitions_frozen",
    "Partitions that take no appends here",
    (view) => view.partitions.filter(({ state }) => state !== "ok").length,
  );
  gauge(
    "midchain_partitions_leaderless",
    "Partitions whose group has no leader now",
    (view) => view.partitions.filter(({ leader }) => leader === null).length,
  );
  gauge("midchain_partitions_behind_records", "Records in the logs that this node has not applied", (view) =>
    view.partitions.reduce((sum, { tail, applied }) => sum + Math.max(0, (tail ?? applied) - applied), 0),
  );
  storageGauges(gauge, node);
  new Gauge({
    name: "midchain_server_leads",
    help: "Partitions led by each server",
    labelNames: ["server"],
    registers,
    collect() {
      this.reset();
      for (const { name, leads } of cluster.view().servers) this.set({ server: name }, leads);
    },
  });
}

type MakeGauge = (name: string, help: string, read: (view: ClusterView) => number) => void;

/** What keeps growing unless it is trimmed, and what it is trimmed behind. */
function storageGauges(gauge: MakeGauge, node: MeasuredCluster): void {
  gauge("midchain_log_bytes", "What the logs take on a server that has a copy of each", (view) =>
    view.partitions.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
  );
  gauge("midchain_log_bytes_largest", "What the largest log takes on a server", (view) =>
    view.partitions.reduce((most, { bytes }) => Math.max(most, bytes ?? 0), 0),
  );
  gauge("midchain_log_trimmed_records", "Records that have been trimmed from the logs", (view) =>
    view.partitions.reduce((sum, { first }) => sum + (first ?? 1) - 1, 0),
  );
  gauge("midchain_kept_records", "Records that this node keeps beside its state", ({ partitions }) =>
    partitions.reduce((sum, { partition, applied }) => {
      const first = firstKept(node.replica.view, partition);
      return sum + (first === undefined ? 0 : applied - first + 1);
    }, 0),
  );
  gauge("midchain_snapshot_age_seconds", "Age of this node's newest snapshot; -1 while it has none", () => {
    const newest = node.snapshots?.newest();
    return newest === undefined ? -1 : (Date.now() - Date.parse(newest.manifest.takenAt)) / 1_000;
  });
}
