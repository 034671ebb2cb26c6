import { equalBytes, toHex, type Hex } from "../../protocol/bytes.ts";
import { encodeSubmission, type Submission } from "../../protocol/request.ts";
import type { Clock } from "../ports.ts";
import { payersOf } from "./guard.ts";
import { request } from "./request.ts";
import { refuse, type Refusal } from "./verdict.ts";

/**
 * Requests that wait for signatures of their other parties. They are kept in this node's memory only, bounded and for a
 * day at most: nothing has been promised before every party has signed, and whoever proposed can propose again.
 */

export const PROPOSALS_MAX = 10_000;
export const PROPOSALS_PER_ACCOUNT_MAX = 100;
const PROPOSALS_BYTES_MAX = 256 * 1024 * 1024;
export const PROPOSAL_MS_MAX = 24 * 3600 * 1000;

interface Proposal {
  readonly id: Uint8Array;
  readonly submission: Submission;
  readonly signatures: Uint8Array[];
  readonly dealSignatures: Uint8Array[];
  readonly proposer: Hex;
  readonly bytes: number;
  readonly at: number;
}

export interface ProposalView {
  readonly id: Hex;
  readonly at: number;
  readonly kind: string;
  /** Per party, in order. */
  readonly signed: readonly boolean[];
}

export interface PartySignature {
  readonly signature: Uint8Array;
  readonly dealSignature?: Uint8Array | undefined;
}

export interface Proposals {
  /** `bytes` is a submission in which signatures that are not there yet are empty; only the caller's own are kept. */
  readonly propose: (
    account: Uint8Array,
    bytes: Uint8Array,
  ) => Refusal | { readonly kind: "proposed"; readonly id: Hex };
  /** What the account still has to sign, oldest first. */
  readonly waitingFor: (account: Uint8Array) => readonly ProposalView[];
  /** The submission as far as it is signed; for its parties only. */
  readonly read: (account: Uint8Array, id: Uint8Array) => Uint8Array | undefined;
  /** Adds a party's signatures; gives the whole submission when nothing is missing any more. */
  readonly sign: (
    account: Uint8Array,
    id: Uint8Array,
    given: PartySignature,
  ) => { readonly view: ProposalView; readonly complete?: Uint8Array } | undefined;
  readonly drop: (id: Uint8Array) => void;
  /** Drops whatever names a chain: it was erased. */
  readonly forget: (chainId: Uint8Array) => void;
}

const NONE = new Uint8Array(0);
const partyOf = ({ submission }: Pick<Proposal, "submission">, account: Uint8Array): number =>
  submission.body.parties.findIndex((party) => equalBytes(party.account, account));
const bytesOf = (proposal: Proposal): Uint8Array => encodeSubmission({ ...proposal.submission, ...proposal });
const viewOf = (proposal: Proposal): ProposalView => ({
  id: toHex(proposal.id),
  at: proposal.at,
  kind: proposal.submission.body.kind,
  signed: proposal.signatures.map(({ length }) => length > 0),
});

export function createProposals(clock: Pick<Clock, "now">): Proposals {
  const store = createStore(clock);
  const find = (account: Uint8Array, id: Uint8Array): Proposal | undefined =>
    store.of(account).find((proposal) => equalBytes(proposal.id, id));
  return {
    propose(account, bytes) {
      const parsed = request(bytes);
      if (parsed.kind === "refused") return parsed;
      const begun = begin(account, parsed, clock.now());
      if ("kind" in begun) return begun;
      const id = toHex(parsed.id);
      if (store.has(id) || store.add({ ...begun, bytes: bytes.length })) return { kind: "proposed", id };
      return refuse("AP-040", "too many proposals wait for signatures", "wait until some are signed or expire");
    },
    waitingFor: (account) =>
      store
        .of(account)
        .filter((proposal) => proposal.signatures[partyOf(proposal, account)]?.length === 0)
        .map(viewOf),
    read(account, id) {
      const proposal = find(account, id);
      return proposal === undefined ? undefined : bytesOf(proposal);
    },
    sign(account, id, given) {
      const proposal = find(account, id);
      if (proposal === undefined) return undefined;
      put(proposal, account, given);
      const isComplete = [...proposal.signatures, ...proposal.dealSignatures].every(({ length }) => length > 0);
      return { view: viewOf(proposal), ...(isComplete ? { complete: bytesOf(proposal) } : {}) };
    },
    drop: (id) => {
      store.drop(toHex(id));
    },
    forget: store.dropChain,
  };
}

/** The proposals in the order they came, and by each of their parties. */
function createStore(clock: Pick<Clock, "now">) {
  const all = new Map<string, Proposal>();
  const byAccount = new Map<Hex, Set<string>>();
  let bytesHeld = 0;
  const drop = (name: string): void => {
    const proposal = all.get(name);
    if (proposal === undefined) return;
    all.delete(name);
    bytesHeld -= proposal.bytes;
    for (const party of proposal.submission.body.parties) {
      const account = toHex(party.account);
      const names = byAccount.get(account);
      names?.delete(name);
      if (names?.size === 0) byAccount.delete(account);
    }
  };
  /** Oldest first, so the first live one ends the walk. */
  const dropExpired = (): void => {
    for (const [name, { at }] of all) {
      if (at + PROPOSAL_MS_MAX > clock.now()) return;
      drop(name);
    }
  };
  const of = (account: Uint8Array): readonly Proposal[] => {
    dropExpired();
    return [...(byAccount.get(toHex(account)) ?? [])].flatMap((name) => all.get(name) ?? []);
  };
  return {
    drop,
    dropChain: (chainId: Uint8Array): void => {
      for (const [name, { submission }] of all)
        if (submission.body.parties.some((party) => equalBytes(party.chainId, chainId))) drop(name);
    },
    of,
    has: (name: string) => all.has(name),
    /** False when there is no room, for this proposer or at all. */
    add(proposal: Proposal): boolean {
      dropExpired();
      const own = [...all.values()].filter(({ proposer }) => proposer === proposal.proposer);
      const full = all.size >= PROPOSALS_MAX || bytesHeld + proposal.bytes > PROPOSALS_BYTES_MAX;
      if (full || own.length >= PROPOSALS_PER_ACCOUNT_MAX) return false;
      const name = toHex(proposal.id);
      all.set(name, proposal);
      bytesHeld += proposal.bytes;
      for (const { account } of proposal.submission.body.parties) {
        const key = toHex(account);
        byAccount.set(key, (byAccount.get(key) ?? new Set()).add(name));
      }
      return true;
    },
  };
}

/** A proposal that holds nobody's signatures but its proposer's: the others speak for themselves. */
function begin(
  account: Uint8Array,
  { id, submission }: { readonly id: Uint8Array; readonly submission: Submission },
  at: number,
): Refusal | Omit<Proposal, "bytes"> {
  const party = partyOf({ submission }, account);
  const payers = payersOf(submission.body.deal?.legs ?? []);
  if (party < 0) return refuse("AP-030", "the caller is not a party", "propose what you are a party of");
  if (submission.signatures.length !== submission.body.parties.length)
    return refuse("AP-030", "not one signature slot per party", "leave missing signatures empty");
  if (submission.dealSignatures.length !== payers.length)
    return refuse("AP-030", "not one deal signature slot per payer", "leave missing signatures empty");
  const signature = submission.signatures[party] ?? NONE;
  if (signature.length === 0) return refuse("AP-030", "the proposer has not signed", "sign before you propose");
  const proposal = {
    id,
    submission,
    signatures: submission.body.parties.map(() => NONE),
    dealSignatures: payers.map(() => NONE),
    proposer: toHex(account),
    at,
  };
  const payer = payers.findIndex((candidate) => equalBytes(candidate, account));
  put(proposal, account, { signature, dealSignature: submission.dealSignatures[payer] });
  return proposal;
}

function put(
  proposal: Pick<Proposal, "submission" | "signatures" | "dealSignatures">,
  account: Uint8Array,
  { signature, dealSignature }: PartySignature,
): void {
  proposal.signatures[partyOf(proposal, account)] = signature;
  const payers = payersOf(proposal.submission.body.deal?.legs ?? []);
  const payer = payers.findIndex((candidate) => equalBytes(candidate, account));
  if (payer >= 0 && dealSignature !== undefined) proposal.dealSignatures[payer] = dealSignature;
}
