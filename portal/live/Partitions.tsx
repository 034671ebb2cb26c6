import type { ReactNode } from "react";
import type { Partition } from "../../sdk/index.ts";
import { Hash } from "../ui/parts.tsx";

/** The replicated logs, each with the node that runs its side effects. */
export function Partitions({ partitions }: { readonly partitions: readonly Partition[] }): ReactNode {
  const executors = Map.groupBy(partitions, ({ executor }) => executor);
  return (
    <section className="card" aria-labelledby="partitions">
      <h2 id="partitions">Partitions</h2>
      <p className="hint">
        People&apos;s chains are spread over {partitions.length} logs. A log has no leader of its own on one machine;
        its executor is the node that batches and notarizes for it.
      </p>
      {[...executors].map(([executor, run]) => (
        <div className="stack tight" key={executor}>
          <span className="small">
            Node <Hash value={executor} label="node key" /> executes {run.length} of {partitions.length}
          </span>
          <ul className="partitions">
            {run.map(({ partition, applied, unbatched, openBatches }) => (
              <li key={partition} className={unbatched + openBatches.length > 0 ? "partition busy" : "partition"}>
                <b>P{partition}</b>
                <div className="number">{applied} records</div>
                <div className="muted number">
                  {unbatched} waiting, {openBatches.length} open
                </div>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}
