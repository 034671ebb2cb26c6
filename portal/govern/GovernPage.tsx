import type { ReactNode } from "react";
import { useConnection } from "wagmi";
import { useNetwork } from "../net/NetworkContext.ts";
import { useChainQuery } from "../net/useChainQuery.ts";
import type { Contracts } from "../net/useContracts.ts";
import { Empty, Skeleton } from "../ui/parts.tsx";
import { NeedsContracts } from "../ui/NeedsContracts.tsx";
import { ConnectButton } from "../wallet/WalletMenu.tsx";
import { PowerCard } from "./PowerCard.tsx";
import { ProposalCard } from "./ProposalCard.tsx";
import { ProposeForm } from "./ProposeForm.tsx";
import { readProposals } from "./readGovern.ts";
import { SendSigned } from "./SendSigned.tsx";
import { usePower } from "./usePower.ts";

const LOOK_MS = 2_000;

export function GovernPage(): ReactNode {
  return (
    <>
      <div className="stack tight">
        <h1>Govern</h1>
        <p className="lead">
          Stakers decide the platform&apos;s rules. A proposal changes one, waits for the vote and then in the timelock,
          and is executed by anybody. Nobody can change a rule in another way.
        </p>
      </div>
      <NeedsContracts>{(contracts) => <Wired contracts={contracts} />}</NeedsContracts>
    </>
  );
}

function Wired({ contracts }: { readonly contracts: Contracts }): ReactNode {
  const { address } = useConnection();
  const power = usePower(contracts, address);
  return (
    <>
      {address === undefined ? (
        <Empty title="Connect a wallet to vote and propose">
          <p>Everything can be read without one.</p>
          <ConnectButton />
        </Empty>
      ) : power === undefined ? (
        <Skeleton lines={5} />
      ) : (
        <div className="grid">
          <PowerCard contracts={contracts} account={address} power={power} />
          <ProposeForm contracts={contracts} power={power} />
        </div>
      )}
      <Proposals contracts={contracts} />
      {address === undefined ? null : <SendSigned contracts={contracts} />}
    </>
  );
}

function Proposals({ contracts }: { readonly contracts: Contracts }): ReactNode {
  const { fromBlock } = useNetwork();
  const { data, isError } = useChainQuery({
    key: ["govern", "proposals"],
    everyMs: LOOK_MS,
    read: (client) => readProposals(client, contracts, BigInt(fromBlock)),
  });
  return (
    <section className="stack" aria-labelledby="proposals">
      <h2 id="proposals">Proposals</h2>
      {isError ? (
        <p role="alert">The chain&apos;s endpoint does not answer. Trying again.</p>
      ) : data === undefined ? (
        <Skeleton lines={5} />
      ) : data.length === 0 ? (
        <Empty title="No proposal yet">
          <p>Whoever has the votes and the deposit can make the first one.</p>
        </Empty>
      ) : (
        data.map((proposal) => <ProposalCard key={proposal.id.toString()} contracts={contracts} proposal={proposal} />)
      )}
    </section>
  );
}
