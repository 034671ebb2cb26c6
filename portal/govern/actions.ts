import { keccak256, stringToBytes, type Address, type Hex } from "viem";
import type { Config } from "wagmi";
import { getPublicClient, signTypedData } from "wagmi/actions";
import { platformGovernorAbi } from "../../protocol/abi/PlatformGovernor.ts";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import type { Contracts } from "../net/useContracts.ts";
import { tokens } from "../ui/format.ts";
import { signing, type Action } from "../wallet/action.ts";
import { sendBatch } from "../wallet/batch.ts";
import { sending, type Call } from "../wallet/send.ts";
import type { Power, Proposal } from "./readGovern.ts";

/** What can be done with proposals: each is one window with the chain's own stages. */

const call = (contracts: Contracts, functionName: string, args: readonly unknown[]): Call => ({
  address: contracts.governor,
  abi: platformGovernorAbi,
  functionName,
  args,
});

export interface NewProposal {
  readonly target: Address;
  readonly calldata: Hex;
  readonly description: string;
}

/** The deposit must be allowed first: in one transaction where the wallet can (EIP-5792), else in two. */
export function propose(
  config: Config,
  contracts: Contracts,
  of: { readonly proposal: NewProposal; readonly power: Power; readonly batches: boolean },
): Action {
  const { proposal, power, batches } = of;
  const { target, calldata, description } = proposal;
  const proposing = call(contracts, "propose", [[target], [0n], [calldata], description]);
  const allowing: Call = {
    address: contracts.token,
    abi: platformTokenAbi,
    functionName: "approve",
    args: [contracts.governor, power.deposit],
  };
  const base = { title: "Propose", done: "It is proposed. The vote begins after the voting delay." };
  const label = `Let the governor take the deposit of ${tokens(power.deposit)} tokens`;
  if (power.allowed >= power.deposit) return { ...base, steps: [sending(config, "Propose", proposing)] };
  if (batches) {
    const run = (): Promise<Hex> => sendBatch(config, [allowing, proposing]);
    return { ...base, steps: [{ label: `${label}, and propose`, kind: "send", run }] };
  }
  return { ...base, steps: [sending(config, label, allowing), sending(config, "Propose", proposing)] };
}

export const SUPPORTS = ["Against", "For", "Abstain"] as const;

export interface Ballot {
  readonly id: bigint;
  /** Index into `SUPPORTS`. */
  readonly support: number;
  readonly reason: string;
}

export const vote = (config: Config, contracts: Contracts, { id, support, reason }: Ballot): Action => ({
  title: "Vote",
  done: "Your vote counts.",
  steps: [
    sending(config, `Vote ${SUPPORTS[support] ?? ""}`, call(contracts, "castVoteWithReason", [id, support, reason])),
  ],
});

/** A vote that anybody may send in the voter's name: the voter pays no gas. */
export interface SignedBallot {
  readonly id: string;
  readonly support: number;
  readonly voter: Address;
  readonly reason: string;
  readonly signature: Hex;
}

type OwnBallot = Ballot & { readonly voter: Address };

export const signBallot = (
  config: Config,
  contracts: Contracts,
  ballot: OwnBallot,
  onSigned: (signed: SignedBallot) => void,
): Action => ({
  title: "Sign a vote",
  done: "Signed, and not sent. Give the text to somebody who sends it; it can be used once.",
  steps: [
    signing("Sign the vote", async () => {
      onSigned(await signedBallot(config, contracts, ballot));
    }),
  ],
});

async function signedBallot(
  config: Config,
  contracts: Contracts,
  { id, support, reason, voter }: OwnBallot,
): Promise<SignedBallot> {
  const client = getPublicClient(config);
  if (client === undefined) throw new Error("There is no endpoint of the chain.");
  const governor = { address: contracts.governor, abi: platformGovernorAbi } as const;
  const [[, name, version, chainId, verifyingContract], nonce] = await Promise.all([
    client.readContract({ ...governor, functionName: "eip712Domain" }),
    client.readContract({ ...governor, functionName: "nonces", args: [voter] }),
  ]);
  const signature = await signTypedData(config, {
    account: voter,
    domain: { name, version, chainId: Number(chainId), verifyingContract },
    types: {
      ExtendedBallot: [
        { name: "proposalId", type: "uint256" },
        { name: "support", type: "uint8" },
        { name: "voter", type: "address" },
        { name: "nonce", type: "uint256" },
        { name: "reason", type: "string" },
        { name: "params", type: "bytes" },
      ],
    },
    primaryType: "ExtendedBallot",
    message: { proposalId: id, support, voter, nonce, reason, params: "0x" },
  });
  return { id: id.toString(), support, voter, reason, signature };
}

export const sendSigned = (config: Config, contracts: Contracts, ballot: SignedBallot): Action => ({
  title: "Send a signed vote",
  done: "The vote counts; its voter has paid nothing.",
  steps: [
    sending(
      config,
      "Send the vote",
      call(contracts, "castVoteWithReasonAndParamsBySig", [
        BigInt(ballot.id),
        ballot.support,
        ballot.voter,
        ballot.reason,
        "0x",
        ballot.signature,
      ]),
    ),
  ],
});

const operation = ({ targets, values, calldatas, description }: Proposal): readonly unknown[] => [
  targets,
  values,
  calldatas,
  keccak256(stringToBytes(description)),
];

export const queue = (config: Config, contracts: Contracts, proposal: Proposal): Action => ({
  title: "Queue",
  done: "It waits in the timelock now, so that whoever disagrees has time to leave.",
  steps: [sending(config, "Queue", call(contracts, "queue", operation(proposal)))],
});

export const execute = (config: Config, contracts: Contracts, proposal: Proposal): Action => ({
  title: "Execute",
  done: "The rule has changed.",
  steps: [sending(config, "Execute", call(contracts, "execute", operation(proposal)))],
});

export const settleDeposit = (config: Config, contracts: Contracts, { id }: Proposal): Action => ({
  title: "Settle the deposit",
  done: "The deposit is where the vote sent it.",
  steps: [sending(config, "Settle the deposit", call(contracts, "settleDeposit", [id]))],
});
