import { Gauge, type Registry } from "prom-client";
import type { ClusterView } from "../cluster/view.ts";

/** What an operator of a cluster watches; nothing for a node that stands alone. */
export function clusterGauges(cluster: { readonly view: () => ClusterView } | undefined, registers: Registry[]): void {
  if (cluster === undefined) return;
  const gauge = (name: string, help: string, read: (view: ClusterView) => number): void => {
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
