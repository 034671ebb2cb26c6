import { id, ZeroAddress, type ContractTransactionResponse } from "ethers";

import { DAY, deployStakes, TOKEN, type Connection, type Signer } from "./stakes.ts";

export const TIMELOCK_DELAY = 2 * DAY;
export const GOVERNOR_RULES = {
  votingDelay: BigInt(DAY),
  votingPeriod: BigInt(5 * DAY),
  voteExtension: BigInt(DAY),
  spanMax: BigInt(21 * DAY),
  guardianTerm: BigInt(365 * DAY),
  proposalThreshold: 100n * TOKEN,
  quorumBps: 1_000n,
  quorumFloor: 5_000n * TOKEN,
  quorumFloorMax: 1_000_000n * TOKEN,
  deposit: 50n * TOKEN,
  depositMax: 500n * TOKEN,
};

export const VOTE = { against: 0, for: 1, abstain: 2 } as const;
export const STATE = { pending: 0n, active: 1n, canceled: 2n, defeated: 3n, succeeded: 4n, queued: 5n, executed: 7n };

/** Stakes ruled by a governor through a timelock: alice, bob and carol stake 30,000, 20,000 and 10,000 tokens. */
export async function deployGovernment(connection: Connection) {
  const { ethers, networkHelpers } = connection;
  const stakes = await deployStakes(connection);
  const { admin, alice, bob, carol, token, staking, authority, guardian } = stakes;
  const timelock = await ethers.deployContract("TimelockController", [TIMELOCK_DELAY, [], [ZeroAddress], admin]);
  const rules = { ...GOVERNOR_RULES, guardian: guardian.address };
  const governor = await ethers.deployContract("PlatformGovernor", [staking, token, timelock, rules]);
  await timelock.grantRole(id("PROPOSER_ROLE"), governor);
  await timelock.grantRole(id("CANCELLER_ROLE"), governor);
  await timelock.renounceRole(`0x${"00".repeat(32)}`, admin);
  await authority.grantRole(0n, timelock, 0);
  await token.setInflation(0);
  for (const [index, voter] of [alice, bob, carol].entries()) {
    await staking.connect(voter).stakeAndDelegate(10_000n * TOKEN * BigInt(3 - index), voter);
    await token.connect(voter).approve(governor, 2n ** 256n - 1n);
  }
  await networkHelpers.time.increase(1);
  return { ...stakes, timelock, governor };
}

export type Government = Awaited<ReturnType<typeof deployGovernment>>;

/** One call a proposal makes. */
export interface Action {
  readonly target: string;
  readonly data: string;
}

/** A proposal and everything one does with it, by the clock of the chain. */
export function proposalOf(connection: Connection, government: Government, action: Action, description = "a proposal") {
  const { governor, alice } = government;
  const { time } = connection.networkHelpers;
  const notBefore = async (timestamp: bigint) => {
    if (BigInt(await time.latest()) < timestamp) await time.increaseTo(timestamp);
  };
  const content = [[action.target], [0n], [action.data]] as [string[], bigint[], string[]];
  const hashed = [...content, id(description)] as [string[], bigint[], string[], string];
  const proposalId = async () => governor.hashProposal(...hashed);
  return {
    id: proposalId,
    propose: (by: Signer = alice) => governor.connect(by).propose(...content, description),
    cancel: (by: Signer) => governor.connect(by).cancel(...hashed),
    queue: () => governor.queue(...hashed),
    execute: () => governor.execute(...hashed),
    vote: async (by: Signer, support: number): Promise<ContractTransactionResponse> =>
      governor.connect(by).castVote(await proposalId(), support),
    state: async () => governor.state(await proposalId()),
    /** To the first second in which votes count. */
    toVote: async () => notBefore((await governor.proposalSnapshot(await proposalId())) + 1n),
    /** To the first second after the vote. */
    toResult: async () => notBefore((await governor.proposalDeadline(await proposalId())) + 1n),
    toExecution: async () => notBefore(await governor.proposalEta(await proposalId())),
  };
}

/** Takes an action all the way through a vote and the timelock. */
export async function enact(connection: Connection, government: Government, action: Action, description: string) {
  const proposal = proposalOf(connection, government, action, description);
  await proposal.propose();
  await proposal.toVote();
  await proposal.vote(government.alice, VOTE.for);
  await proposal.toResult();
  await proposal.queue();
  await proposal.toExecution();
  return proposal.execute();
}
