import type { ClusterView } from "../../relayer/cluster/view.ts";

const short = (id: string | null): string => (id === null ? "-" : id.slice(0, 10));

/** The cluster as lines for a terminal. */
export function showCluster(view: ClusterView): readonly string[] {
  const mark = (good: boolean): string => (good ? "✔" : "✖");
  const nodes = view.nodes.map(
    ({ id, url, live, executes, behind }) =>
      ` ${mark(live)} ${short(id)}  ${url.padEnd(28)} executes ${String(executes).padStart(3)}   behind ${behind}`,
  );
  const servers = view.servers.map(
    ({ name, version, syncAlways, leads }) =>
      ` ${mark(syncAlways)} ${name.padEnd(10)}  nats-server ${version.padEnd(16)} leads ${String(leads).padStart(6)}`,
  );
  const partitions = view.partitions.map((row) => {
    const lagging = row.replicas.filter(({ current }) => !current).map(({ server }) => server);
    const end = row.tail === null ? "?" : String(row.tail);
    return ` ${mark(row.state === "ok" && row.leader !== null)} ${String(row.partition).padStart(3)}  leader ${(row.leader ?? "none").padEnd(8)} executor ${short(row.executor)}  ${`${row.applied}/${end}`.padStart(13)}  ${row.state}${lagging.length === 0 ? "" : `  not current: ${lagging.join(" ")}`}`;
  });
  const unsafe = view.unsafe.map(({ cause, fix }) => ` ✖ ${cause}\n   fix: ${fix}`);
  return [
    `nodes, as ${short(view.node)} sees them`,
    ...nodes,
    "servers",
    ...(servers.length === 0 ? [" none: this node stands alone"] : servers),
    ...unsafe,
    "partitions                             applied/tail",
    ...partitions,
  ];
}
