import type { Address, Hex, PublicClient } from "viem";
import { dvStakingAbi } from "../../protocol/abi/DVStaking.ts";
import { platformGovernorAbi } from "../../protocol/abi/PlatformGovernor.ts";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { createEventReader } from "../net/readEvents.ts";
import type { Contracts } from "../net/useContracts.ts";

/** Proposals and votes, read from the governor. */

const PROPOSALS_MAX = 20;
const STATES = ["pending", "active", "canceled", "defeated", "succeeded", "queued", "expired", "executed"] as const;
export type ProposalState = (typeof STATES)[number];

export interface Proposal {
  readonly id: bigint;
  readonly proposer: Address;
  readonly targets: readonly Address[];
  readonly values: readonly bigint[];
  readonly calldatas: readonly Hex[];
  readonly description: string;
  readonly snapshot: number;
}

export interface ProposalNow extends Proposal {
  readonly state: ProposalState;
  readonly deadline: number;
  /** When it can be executed; 0 until it is queued. */
  readonly eta: number;
  readonly votes: { readonly against: bigint; readonly for: bigint; readonly abstain: bigint };
  /** Undefined until the snapshot is over. */
  readonly quorum: bigint | undefined;
  readonly deposit: bigint;
  readonly mine?: { readonly voted: boolean; readonly power: bigint | undefined };
}

const governorOf = (contracts: Contracts) => ({ address: contracts.governor, abi: platformGovernorAbi }) as const;

const proposed = createEventReader<Proposal & { readonly blockNumber: bigint }>();

/** The newest proposals, newest first. */
export async function readProposals(
  client: PublicClient,
  contracts: Contracts,
  fromBlock: bigint,
): Promise<readonly Proposal[]> {
  const governor = governorOf(contracts);
  const proposals = await proposed(client, fromBlock, async (from, toBlock) => {
    const created = { ...governor, eventName: "ProposalCreated", fromBlock: from, toBlock, strict: true } as const;
    const events = await client.getContractEvents(created);
    return events.map(({ args, blockNumber }) => {
      const { proposalId: id, proposer, targets, values, calldatas, description, voteStart } = args;
      return { blockNumber, id, proposer, targets, values, calldatas, description, snapshot: Number(voteStart) };
    });
  });
  return proposals.slice(-PROPOSALS_MAX).toReversed();
}

/** How a proposal stands now, and for `account` what it can do about it. */
export async function readProposal(
  client: PublicClient,
  contracts: Contracts,
  of: { readonly proposal: Proposal; readonly account: Address | undefined },
): Promise<ProposalNow> {
  const { proposal, account } = of;
  const governor = governorOf(contracts);
  const args = [proposal.id] as const;
  const [state, deadline, eta, votes, [deposit], quorum, mine] = await Promise.all([
    client.readContract({ ...governor, functionName: "state", args }),
    client.readContract({ ...governor, functionName: "proposalDeadline", args }),
    client.readContract({ ...governor, functionName: "proposalEta", args }),
    client.readContract({ ...governor, functionName: "proposalVotes", args }),
    client.readContract({ ...governor, functionName: "depositOf", args }),
    pastOrNothing(client.readContract({ ...governor, functionName: "quorum", args: [BigInt(proposal.snapshot)] })),
    account === undefined ? undefined : readMine(client, contracts, { proposal, account }),
  ]);
  const [against, inFavour, abstain] = votes;
  return {
    ...proposal,
    state: STATES[state] ?? "pending",
    deadline: Number(deadline),
    eta: Number(eta),
    votes: { against, for: inFavour, abstain },
    quorum,
    deposit,
    ...(mine === undefined ? {} : { mine }),
  };
}

/** A second that is not over has no result yet: the contracts refuse to answer for it. */
const pastOrNothing = (asked: Promise<bigint>): Promise<bigint | undefined> => asked.catch(() => undefined);

async function readMine(
  client: PublicClient,
  contracts: Contracts,
  { proposal, account }: { readonly proposal: Proposal; readonly account: Address },
) {
  const staking = { address: contracts.staking, abi: dvStakingAbi } as const;
  const past = [account, BigInt(proposal.snapshot)] as const;
  const [voted, power] = await Promise.all([
    client.readContract({ ...governorOf(contracts), functionName: "hasVoted", args: [proposal.id, account] }),
    pastOrNothing(client.readContract({ ...staking, functionName: "getPastVotes", args: past })),
  ]);
  return { voted, power };
}

export interface Power {
  readonly votes: bigint;
  readonly staked: bigint;
  readonly delegate: Address;
  readonly balance: bigint;
  readonly threshold: bigint;
  readonly deposit: bigint;
  readonly allowed: bigint;
}

/** What this account can do in votes now. */
export async function readPower(client: PublicClient, contracts: Contracts, account: Address): Promise<Power> {
  const staking = { address: contracts.staking, abi: dvStakingAbi } as const;
  const token = { address: contracts.token, abi: platformTokenAbi } as const;
  const governor = governorOf(contracts);
  const args = [account] as const;
  const [votes, staked, delegate, balance, threshold, deposit, allowed] = await Promise.all([
    client.readContract({ ...staking, functionName: "getVotes", args }),
    client.readContract({ ...staking, functionName: "stakeOf", args }),
    client.readContract({ ...staking, functionName: "delegates", args }),
    client.readContract({ ...token, functionName: "balanceOf", args }),
    client.readContract({ ...governor, functionName: "proposalThreshold" }),
    client.readContract({ ...governor, functionName: "proposalDeposit" }),
    client.readContract({ ...token, functionName: "allowance", args: [account, contracts.governor] }),
  ]);
  return { votes, staked, delegate, balance, threshold, deposit, allowed };
}
