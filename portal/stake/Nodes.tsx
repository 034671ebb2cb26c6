import type { ReactNode } from "react";
import { useExplorer, useNetwork } from "../net/NetworkContext.ts";
import { useChainQuery } from "../net/useChainQuery.ts";
import type { Contracts } from "../net/useContracts.ts";
import { share, tokens } from "../ui/format.ts";
import { Empty, Hash, Skeleton } from "../ui/parts.tsx";
import { readNodes, type NodeRow } from "./readStakes.ts";

const LOOK_MS = 10_000;

/** The nodes that have registered a signing key, and which of them sit in the committee. */
export function Nodes(props: { readonly contracts: Contracts; readonly totalStaked: bigint }): ReactNode {
  const { contracts, totalStaked } = props;
  const { fromBlock } = useNetwork();
  const { data } = useChainQuery({
    key: ["nodes"],
    everyMs: LOOK_MS,
    read: (client) => readNodes(client, contracts, BigInt(fromBlock)),
  });
  return (
    <section className="card" aria-labelledby="nodes">
      <h2 id="nodes">DV nodes</h2>
      {data === undefined ? (
        <Skeleton />
      ) : data.length === 0 ? (
        <Empty title="No node yet">A node registers its signing key with a proof that it holds it.</Empty>
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label="Table of DV nodes">
          <table className="wide">
            <thead>
              <tr>
                <th scope="col">Node</th>
                <th scope="col">Signing key</th>
                <th scope="col" className="number">
                  Stake
                </th>
                <th scope="col" className="number">
                  Share of all
                </th>
                <th scope="col">Committee</th>
              </tr>
            </thead>
            <tbody>
              {data.map((row) => (
                <Row key={row.node} row={row} totalStaked={totalStaked} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row({ row, totalStaked }: { readonly row: NodeRow; readonly totalStaked: bigint }): ReactNode {
  const explorer = useExplorer();
  const { node, key, stake, weight, ejected } = row;
  return (
    <tr>
      <td>
        <Hash value={node} label="node" href={explorer("address", node)} />
      </td>
      <td>
        <Hash value={key} label="signing key" />
      </td>
      <td className="number">{tokens(stake)}</td>
      <td className="number">{share(stake, totalStaked)}</td>
      <td>
        {ejected ? (
          <span className="tag bad-tag">ejected</span>
        ) : weight > 0n ? (
          <span className="tag good-tag">seated</span>
        ) : (
          <span className="tag">not seated</span>
        )}
      </td>
    </tr>
  );
}
