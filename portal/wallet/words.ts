import { BaseError, ContractFunctionRevertedError, UserRejectedRequestError } from "viem";
import { MidchainError } from "../../sdk/index.ts";
import { dateOf, tokens } from "../ui/format.ts";

/** What went wrong, for people: what happened, and what to do now. */
export interface Trouble {
  readonly what: string;
  readonly next: string;
}

type Args = readonly unknown[];
const amount = (args: Args, index: number): string => {
  const value = args[index];
  return typeof value === "bigint" ? tokens(value) : "?";
};

/** The contracts' own errors, by name. */
const reverts: Readonly<Record<string, (args: Args) => Trouble>> = {
  ERC20InsufficientBalance: (args) => ({
    what: `The account holds ${amount(args, 1)} tokens, and ${amount(args, 2)} are needed.`,
    next: "Choose a smaller amount.",
  }),
  ERC20InsufficientAllowance: (args) => ({
    what: `The contract may move ${amount(args, 1)} tokens, and ${amount(args, 2)} are needed.`,
    next: "Try again and confirm the permission too.",
  }),
  DVStakingTooMuch: (args) => ({ what: `Only ${amount(args, 1)} tokens are there.`, next: "Choose a smaller amount." }),
  DVStakingNothing: () => ({ what: "There is nothing to pay out.", next: "Come back when something has accrued." }),
  DVStakingLocked: (args) => ({
    what: `The stake unlocks ${dateOf(Number(args[0]))}.`,
    next: "Withdraw it then.",
  }),
  GovernorInsufficientProposerVotes: (args) => ({
    what: `Proposing takes ${amount(args, 2)} votes, and this account had ${amount(args, 1)} a second ago.`,
    next: "Stake and delegate to yourself first.",
  }),
  GovernorAlreadyCastVote: () => ({ what: "This account has voted already.", next: "A vote cannot be changed." }),
  GovernorUnexpectedProposalState: () => ({
    what: "The proposal has moved on in the meantime.",
    next: "Look at its state and go on from there.",
  }),
  GovernorInvalidSignature: () => ({
    what: "The signed vote does not fit this proposal or has been used.",
    next: "Ask the voter to sign it again.",
  }),
  GovernorDepositVoteOpen: () => ({ what: "The vote is still open.", next: "Settle the deposit when it is over." }),
};

const unknownRevert = (name: string | undefined): Trouble => ({
  what: name === undefined ? "The chain refused the transaction." : `The chain refused the transaction: ${name}.`,
  next: "Nothing was moved. Check the figures and try again.",
});

export function revertInWords(name: string | undefined, args: Args = []): Trouble {
  return (name === undefined ? undefined : reverts[name]?.(args)) ?? unknownRevert(name);
}

/** Wallets answer 4001 when a person says no (EIP-1193). */
const isRejection = (error: unknown): boolean => {
  if (error instanceof BaseError && error.walk((inner) => inner instanceof UserRejectedRequestError) !== null)
    return true;
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return code === 4001;
};

export function inWords(error: unknown): Trouble {
  if (isRejection(error))
    return { what: "You declined in your wallet.", next: "Nothing was sent. Try again whenever you like." };
  if (error instanceof MidchainError) return ofRelayer(error);
  if (error instanceof BaseError) return ofChain(error);
  return { what: error instanceof Error ? error.message : String(error), next: "Try again." };
}

const CHAIN_AWAY: Trouble = {
  what: "The chain's endpoint does not answer.",
  next: "Check the connection and try again.",
};

function ofRelayer({ code, cause, fix, rule }: MidchainError): Trouble {
  if (code === "UNREACHABLE")
    return { what: "The relayer does not answer.", next: "Try again when it is back; nothing was sent." };
  if (code === "CHAIN_UNREACHABLE") return CHAIN_AWAY;
  if (code === "NO_SUCH_OBJECT" || code === "NO_CHAIN")
    return { what: "That account has no chain yet.", next: "Its owner has to enrol on this page first." };
  return { what: `${cause}${rule === undefined ? "" : ` (rule ${rule})`}.`, next: `${fix}.` };
}

function ofChain(error: BaseError): Trouble {
  const reverted = error.walk((inner) => inner instanceof ContractFunctionRevertedError);
  if (reverted instanceof ContractFunctionRevertedError)
    return revertInWords(reverted.data?.errorName, reverted.data?.args ?? []);
  if (/insufficient funds/i.test(error.message))
    return { what: "The account has too little ether for the gas.", next: "Send it some, then try again." };
  if (/timed? ?out|took too long/i.test(error.message))
    return { what: "The chain's endpoint did not answer in time.", next: "Try again in a moment." };
  if (/HTTP request failed|fetch/i.test(error.message)) return CHAIN_AWAY;
  return { what: error.shortMessage, next: "Nothing was moved. Try again." };
}
