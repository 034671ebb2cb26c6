import type { Address, PublicClient } from "viem";
import { dvCommitteeAbi } from "../../protocol/abi/DVCommittee.ts";
import { dvStakingAbi } from "../../protocol/abi/DVStaking.ts";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { createEventReader } from "../net/readEvents.ts";
import type { Contracts } from "../net/useContracts.ts";

/** Everything the page says about stakes, read from the contracts. */

export interface Platform {
  readonly totalStaked: bigint;
  readonly inflationBps: number;
  readonly unbondDelay: number;
  readonly stakersShareBps: number;
  readonly equivocationBps: number;
}

export interface Mine {
  readonly balance: bigint;
  readonly staked: bigint;
  readonly unbonding: bigint;
  readonly unlockAt: number;
  /** What a claim would pay now, with the part of the inflation that has not been minted yet. */
  readonly rewards: bigint;
  readonly votes: bigint;
  readonly delegate: Address;
}

export interface NodeRow {
  readonly node: Address;
  readonly key: Address;
  readonly stake: bigint;
  readonly weight: bigint;
  readonly ejected: boolean;
}

const read = (contracts: Contracts) => ({
  staking: { address: contracts.staking, abi: dvStakingAbi } as const,
  token: { address: contracts.token, abi: platformTokenAbi } as const,
  committee: { address: contracts.committee, abi: dvCommitteeAbi } as const,
});

export async function readPlatform(client: PublicClient, contracts: Contracts): Promise<Platform> {
  const { staking, token } = read(contracts);
  const [totalStaked, inflationBps, rules] = await Promise.all([
    client.readContract({ ...staking, functionName: "totalStaked" }),
    client.readContract({ ...token, functionName: "inflationBps" }),
    client.readContract({ ...staking, functionName: "rules" }),
  ]);
  const [unbondDelay, , stakersShareBps, equivocationBps] = rules;
  return { totalStaked, inflationBps, unbondDelay, stakersShareBps, equivocationBps };
}

export async function readMine(client: PublicClient, contracts: Contracts, account: Address): Promise<Mine> {
  const { staking, token } = read(contracts);
  const args = [account] as const;
  const [balance, staked, unbonding, claimable, votes, delegate, totalStaked, accrued] = await Promise.all([
    client.readContract({ ...token, functionName: "balanceOf", args }),
    client.readContract({ ...staking, functionName: "stakeOf", args }),
    client.readContract({ ...staking, functionName: "unbondingOf", args }),
    client.readContract({ ...staking, functionName: "claimable", args }),
    client.readContract({ ...staking, functionName: "getVotes", args }),
    client.readContract({ ...staking, functionName: "delegates", args }),
    client.readContract({ ...staking, functionName: "totalStaked" }),
    client.readContract({ ...token, functionName: "accrued" }),
  ]);
  const [amount, unlockAt] = unbonding;
  const coming = totalStaked === 0n ? 0n : (accrued * staked) / totalStaked;
  return { balance, staked, unbonding: amount, unlockAt, rewards: claimable + coming, votes, delegate };
}

const keysSet = createEventReader<{ readonly blockNumber: bigint; readonly node: Address }>();

/** Every account that ever registered a signing key, heaviest first. */
export async function readNodes(
  client: PublicClient,
  contracts: Contracts,
  fromBlock: bigint,
): Promise<readonly NodeRow[]> {
  const { staking, committee } = read(contracts);
  const events = await keysSet(client, fromBlock, async (from, toBlock) => {
    const set = { ...staking, eventName: "KeySet", fromBlock: from, toBlock, strict: true } as const;
    return (await client.getContractEvents(set)).map(({ args: { node }, blockNumber }) => ({ node, blockNumber }));
  });
  const nodes = [...new Set(events.map(({ node }) => node))];
  const rows = await Promise.all(
    nodes.map(async (node) => {
      const key = await client.readContract({ ...staking, functionName: "keyOf", args: [node] });
      const [stake, weight, ejected] = await Promise.all([
        client.readContract({ ...staking, functionName: "stakeOf", args: [node] }),
        client.readContract({ ...committee, functionName: "weightOf", args: [key] }),
        client.readContract({ ...committee, functionName: "isEjected", args: [key] }),
      ]);
      return { node, key, stake, weight, ejected };
    }),
  );
  return rows.toSorted((a, b) => (a.stake < b.stake ? 1 : -1));
}
