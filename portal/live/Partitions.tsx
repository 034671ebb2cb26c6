import type { ReactNode } from "react";
import type { ClusterView, Partition } from "../../sdk/index.ts";
import { shortHash } from "../ui/format.ts";
import { Hash } from "../ui/parts.tsx";

/** The logs that people's chains lie in: who leads each, and which node batches and notarizes for it. */
export function Partitions(props: {
  readonly partitions: readonly Partition[];
  readonly cluster: ClusterView;
}): ReactNode {
  const { partitions, cluster } = props;
  return (
    <section className="card" aria-labelledby="partitions">
      <h2 id="partitions">Partitions</h2>
      <p className="hint">
        People&apos;s chains are spread over {partitions.length} logs.{" "}
        {cluster.servers.length === 0
          ? "This node keeps them alone, so they have no leader; it executes all of them."
          : `${cluster.servers.length} servers keep a copy each and elect a leader for every log; nodes share the executing.`}
      </p>
      <Nodes cluster={cluster} />
      <ul className="partitions">
        {cluster.partitions.map((row) => (
          <Tile key={row.partition} row={row} waiting={partitions[row.partition]} own={cluster.node} />
        ))}
      </ul>
    </section>
  );
}

function Nodes({ cluster }: { readonly cluster: ClusterView }): ReactNode {
  return (
    <ul className="stack tight small">
      {cluster.nodes.map(({ id, live, executes, behind }) => (
        <li key={id} className="row">
          <span className={live ? "tag good-tag" : "tag bad-tag"}>{live ? "live" : "silent"}</span>
          <span>
            Node <Hash value={id} label="node" /> executes {executes} of {cluster.partitions.length}
            {behind === 0 ? "" : `, ${behind} records behind`}
          </span>
        </li>
      ))}
      {cluster.servers.map(({ name, version, leads }) => (
        <li key={name} className="row">
          <span className="tag">server</span>
          <span>
            {name} leads {leads} of {cluster.partitions.length}, version {version}
          </span>
        </li>
      ))}
    </ul>
  );
}

type Row = ClusterView["partitions"][number];

interface TileProps {
  readonly row: Row;
  readonly waiting: Partition | undefined;
  /** The node that answers. */
  readonly own: string;
}

function Tile({ row, waiting, own }: TileProps): ReactNode {
  const { partition, applied, leader, executor, state, replicas } = row;
  const busy = (waiting?.unbatched ?? 0) + (waiting?.openBatches.length ?? 0) > 0;
  const behind = replicas.filter(({ current }) => !current).length;
  return (
    <li className={busy ? "partition busy" : "partition"}>
      <b>P{partition}</b> {state === "ok" ? null : <span className="tag bad-tag">{state}</span>}
      <div className="number">{applied} records</div>
      {leader === null ? null : <div>led by {leader}</div>}
      <div className="muted">
        run by {executor === null ? "nobody yet" : executor === own ? "this node" : shortHash(executor)}
      </div>
      {behind === 0 ? null : <div className="warn">{behind} copies catch up</div>}
      <div className="muted number">
        {waiting?.unbatched ?? 0} waiting, {waiting?.openBatches.length ?? 0} open
      </div>
    </li>
  );
}
