import type { ReactNode } from "react";
import type { Address } from "viem";
import { useConnection } from "wagmi";
import { useChainQuery } from "../net/useChainQuery.ts";
import type { Contracts } from "../net/useContracts.ts";
import { percentOfBps, span, tokens } from "../ui/format.ts";
import { NeedsContracts } from "../ui/NeedsContracts.tsx";
import { Empty, Figure, Skeleton } from "../ui/parts.tsx";
import { ConnectButton } from "../wallet/WalletMenu.tsx";
import { Leaving } from "./Leaving.tsx";
import { Nodes } from "./Nodes.tsx";
import { readMine, readPlatform, type Mine, type Platform } from "./readStakes.ts";
import { Rewards } from "./Rewards.tsx";
import { StakeForm } from "./StakeForm.tsx";

const LOOK_MS = 2_000;

export function StakePage(): ReactNode {
  return (
    <>
      <div className="stack tight">
        <h1>Stake</h1>
        <p className="lead">
          Staked tokens vouch for the nodes that sign batches. They earn the inflation and a share of every fee, carry
          the votes, and can be lost in part by a node that signs two things for one place.
        </p>
      </div>
      <NeedsContracts>{(contracts) => <Wired contracts={contracts} />}</NeedsContracts>
    </>
  );
}

function Wired({ contracts }: { readonly contracts: Contracts }): ReactNode {
  const { address } = useConnection();
  const platform = useChainQuery({
    key: ["stake", "platform"],
    everyMs: LOOK_MS,
    read: (client) => readPlatform(client, contracts),
  });
  if (platform.isError) return <p role="alert">The chain&apos;s endpoint does not answer. Trying again.</p>;
  if (platform.data === undefined) return <Skeleton lines={8} />;
  return (
    <>
      {address === undefined ? (
        <Empty title="Connect a wallet to stake">
          <p>What everybody can see is below.</p>
          <ConnectButton />
        </Empty>
      ) : (
        <Own contracts={contracts} account={address} platform={platform.data} />
      )}
      <Rules platform={platform.data} />
      <Nodes contracts={contracts} totalStaked={platform.data.totalStaked} />
    </>
  );
}

function Own(props: {
  readonly contracts: Contracts;
  readonly account: Address;
  readonly platform: Platform;
}): ReactNode {
  const { contracts, account, platform } = props;
  const { data: mine } = useChainQuery({
    key: ["stake", "mine", account],
    everyMs: LOOK_MS,
    read: (client) => readMine(client, contracts, account),
  });
  if (mine === undefined) return <Skeleton lines={6} />;
  return (
    <>
      <Summary mine={mine} />
      <div className="grid">
        <StakeForm contracts={contracts} account={account} mine={mine} />
        <Rewards contracts={contracts} mine={mine} />
        <Leaving contracts={contracts} mine={mine} unbondDelay={platform.unbondDelay} />
      </div>
    </>
  );
}

function Summary({ mine }: { readonly mine: Mine }): ReactNode {
  return (
    <section className="card" aria-label="Your stake">
      <div className="figures">
        <Figure label="on your account">{tokens(mine.balance)}</Figure>
        <Figure label="staked">{tokens(mine.staked)}</Figure>
        <Figure label="leaving">{tokens(mine.unbonding)}</Figure>
        <Figure label="rewards, about">{tokens(mine.rewards)}</Figure>
      </div>
    </section>
  );
}

function Rules({ platform }: { readonly platform: Platform }): ReactNode {
  const { totalStaked, inflationBps, unbondDelay, stakersShareBps, equivocationBps } = platform;
  return (
    <section className="card" aria-labelledby="rules">
      <h2 id="rules">The rules now</h2>
      <dl className="facts">
        <dt>Staked by everybody</dt>
        <dd className="number">{tokens(totalStaked)} tokens</dd>
        <dt>Inflation, shared by all stakes</dt>
        <dd>{percentOfBps(inflationBps)} of the supply a year</dd>
        <dt>Stakers&apos; share of fees</dt>
        <dd>{percentOfBps(stakersShareBps)}; the rest goes to the nodes that signed</dd>
        <dt>Time to leave</dt>
        <dd>{span(unbondDelay)}; leaving stake earns nothing and can still be slashed</dd>
        <dt>Slashing</dt>
        <dd>
          A node that signs two batches for one place loses {percentOfBps(equivocationBps)} of its stake, once for each
          proof. Your own stake is your own node&apos;s: without a signing key it signs nothing.
        </dd>
      </dl>
      <p className="hint">Every one of these can be changed by a proposal, within fixed bounds.</p>
    </section>
  );
}
