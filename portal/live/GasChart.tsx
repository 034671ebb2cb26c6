import type { ReactNode } from "react";
import { useNetwork } from "../net/NetworkContext.ts";
import { useChainQuery } from "../net/useChainQuery.ts";
import { Empty, Figure, Skeleton } from "../ui/parts.tsx";
import { gasOfBatches, type BatchCost } from "./gasOfBatches.ts";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [460, 220, 62, 34, 12, 12];
const LOOK_MS = 4_000;

/** Gas for one transaction against the size of its batch, as the chain was paid. */
export function GasChart(): ReactNode {
  const network = useNetwork();
  const { data, isError } = useChainQuery({
    key: ["gas"],
    everyMs: LOOK_MS,
    read: (client) => gasOfBatches(client, network),
  });
  return (
    <section className="card" aria-labelledby="gas">
      <h2 id="gas">Gas for one notarized transaction</h2>
      {isError ? (
        <p className="muted">The chain&apos;s endpoint does not answer; costs are read from it.</p>
      ) : data === undefined ? (
        <Skeleton />
      ) : data.length === 0 ? (
        <Empty title="No batch yet">It appears with the first one.</Empty>
      ) : (
        <Chart batches={data} />
      )}
    </section>
  );
}

const each = ({ gas, size }: BatchCost): number => gas / size;

function Chart({ batches }: { readonly batches: readonly BatchCost[] }): ReactNode {
  const [gas, size] = [batches.reduce((sum, one) => sum + one.gas, 0), batches.reduce((sum, one) => sum + one.size, 0)];
  const worst = Math.max(...batches.map(each));
  const xMax = Math.max(4, ...batches.map((batch) => batch.size));
  const x = (value: number): number => LEFT + (Math.log2(value + 1) / Math.log2(xMax + 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / worst) * (HEIGHT - BOTTOM - TOP);
  const average = Math.round(gas / size).toLocaleString("en-US");
  const xTicks = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096].filter((tick) => tick <= xMax);
  return (
    <figure className="stack tight">
      <div className="figures">
        <Figure label={`gas each, over ${size} in ${batches.length} batches`}>{average}</Figure>
        <Figure label="gas in the dearest batch">{Math.round(worst).toLocaleString("en-US")}</Figure>
      </div>
      <svg
        className="chart"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Gas each against batch size. ${average} on average over ${batches.length} batches; larger batches cost less for each.`}
      >
        {[0, 0.5, 1].map((part) => (
          <g key={part}>
            <line className="grid-line" x1={LEFT} x2={WIDTH - RIGHT} y1={y(worst * part)} y2={y(worst * part)} />
            <text x={LEFT - 6} y={y(worst * part) + 4} textAnchor="end">
              {Math.round(worst * part).toLocaleString("en-US")}
            </text>
          </g>
        ))}
        {xTicks.map((tick) => (
          <text key={tick} x={x(tick)} y={HEIGHT - 18} textAnchor="middle">
            {tick}
          </text>
        ))}
        <text x={(WIDTH + LEFT) / 2} y={HEIGHT - 3} textAnchor="middle">
          transactions in the batch
        </text>
        {batches.map((batch, index) => (
          <circle
            key={`${index}-${batch.seq}`}
            className="dot"
            cx={x(batch.size)}
            cy={y(each(batch))}
            r={4}
            opacity={0.75}
          />
        ))}
      </svg>
    </figure>
  );
}
