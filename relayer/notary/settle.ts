import { encodeOutcomeBody, VOID_ROOT, type ItemProof } from "../../protocol/body.ts";
import { concat, equalBytes } from "../../protocol/bytes.ts";
import { merkleTree, outcomeLeaf, proofAt, type MerkleTree } from "../../protocol/merkle.ts";
import type { Keccak } from "../../protocol/typedData.ts";
import { Fault } from "../errors.ts";
import { layBlocks } from "../log/lay.ts";
import type { Replica } from "../log/replica.ts";
import type { BlockDraft } from "../midc/command.ts";
import { keys } from "../midc/keys.ts";
import { decodeDecided, outcomeAt, type Decision, type Verdict } from "../midc/rows.ts";
import type { Clock, ItemOutcome, Notarized } from "../ports.ts";
import { sealBody, unreadBody } from "../privacy/shred.ts";
import type { Vault } from "../privacy/vault.ts";
import type { BuiltBatch, Member } from "./batch.ts";
import type { Turns } from "./turns.ts";

const DAY_MS = 86_400_000;
const SETTLED = 1;
const REASON_CHARS_MAX = 64;
/** SettlementEngine statuses that carry no revert data of their own. */
const STATUS_NAMES = [
  "",
  "Settled",
  "Reverted",
  "BadSignature",
  "NonceUsed",
  "OutsideWindow",
  "TokenNotAllowed",
  "BadDeal",
];

export interface SettlePorts {
  readonly replica: Pick<Replica, "submit" | "partitions" | "view">;
  readonly vault: Pick<Vault, "shredKey">;
  readonly clock: Pick<Clock, "now">;
  readonly keccak: Keccak;
  readonly turns: Turns;
}

/**
 * Stage five: a final batch -> an outcome on every chain of every member. Three rounds, each durable before the next
 * and each a no-op where it has been done: decide (first wins), blocks, end.
 */
export async function settleBatch(
  partition: number,
  batch: { readonly built: BuiltBatch; readonly members: readonly Member[]; readonly notarized: Notarized },
  outcomes: readonly ItemOutcome[],
  ports: SettlePorts,
): Promise<void> {
  const { built, members, notarized } = batch;
  const { replica } = ports;
  const batchSeq = Number(built.header.seq);
  const tree = checkedOutcomes(built, outcomes, notarized, ports.keccak);
  await replica.submit(partition, { kind: "decide", batchSeq, decision: decisionOf(built, outcomes, notarized) });
  // A crash here: the decision stands, and whoever runs this next lays the blocks that follow from it.
  const bytes = replica.view.get(keys.decided(partition, batchSeq));
  if (bytes === undefined) throw new Fault("STATE_UNAVAILABLE", "a decided batch without its decision");
  const { decision } = decodeDecided(bytes);
  await layOutcomes({ built, members, decision, outcomes, tree }, ports);
  // A crash here: every chain has its outcome; only the batch still looks open.
  await replica.submit(partition, { kind: "end", batchSeq });
}

/** What is laid in one turn: new requests wait for no longer than drafting that takes. */
const MEMBERS_AT_ONCE = 16;

interface Outcomes {
  readonly built: BuiltBatch;
  readonly members: readonly Member[];
  readonly decision: Decision;
  readonly outcomes: readonly ItemOutcome[];
  readonly tree: MerkleTree | undefined;
}

async function layOutcomes({ built, members, decision, outcomes, tree }: Outcomes, ports: SettlePorts): Promise<void> {
  const { replica } = ports;
  const itemOf = new Map(built.deals.map(({ member }, item) => [member, item]));
  const drafted = (index: number): readonly BlockDraft[] => {
    const [member, item] = [members[index], itemOf.get(index)];
    if (member === undefined) return [];
    const proof = item === undefined || tree === undefined ? undefined : itemProof(item, outcomes[item], tree);
    return draftOutcomes({ ...member, index, proof, built, decision }, ports);
  };
  const firsts = Array.from({ length: Math.ceil(members.length / MEMBERS_AT_ONCE) }, (_, i) => i * MEMBERS_AT_ONCE);
  await Promise.all(
    firsts.map((first) =>
      ports.turns(() => {
        const drafts = Array.from({ length: MEMBERS_AT_ONCE }, (_, i) => drafted(first + i)).flat();
        return layBlocks(drafts, replica);
      }),
    ),
  );
}

/** The chain's own root must follow from the outcomes that were read: an RPC endpoint that lies is found out here. */
function checkedOutcomes(
  built: BuiltBatch,
  outcomes: readonly ItemOutcome[],
  notarized: Notarized,
  keccak: Keccak,
): MerkleTree | undefined {
  if (built.deals.length === 0 || isVoid(notarized)) return undefined;
  const inOrder = built.deals.every(({ deal }, i) => {
    const outcome = outcomes[i];
    return outcome !== undefined && equalBytes(outcome.dealId, deal.id);
  });
  if (outcomes.length !== built.deals.length || !inOrder) throw new Fault("LEDGER_REFUSED", "outcomes of other deals");
  const leaves = outcomes.map(({ dealId, status, reason }, index) =>
    outcomeLeaf({ index, dealId, status, reasonHash: keccak(reason) }, keccak),
  );
  const tree = merkleTree(leaves, keccak);
  if (!equalBytes(tree.root, notarized.outcomeRoot))
    throw new Fault("LEDGER_REFUSED", "outcomes do not make the outcome root");
  return tree;
}

const isVoid = (notarized: Notarized): boolean => equalBytes(notarized.outcomeRoot, VOID_ROOT);

/** Members without a deal share a verdict; each deal has its own. A voided batch fails as one. */
function decisionOf(built: BuiltBatch, outcomes: readonly ItemOutcome[], notarized: Notarized): Decision {
  const { blockNumber, blockHash, txHash } = notarized;
  const mined = { blockNumber, blockHash, txHash };
  if (isVoid(notarized)) return { ...mined, rest: { state: "failed", status: 0, reason: "BatchVoided" }, named: [] };
  const dealt = built.deals.map(({ member }, item) => ({ index: member, verdict: verdictOf(outcomes[item]) }));
  const named = [...dealt, ...built.unread.map((index) => ({ index, verdict: UNREAD }))];
  named.sort((a, b) => a.index - b.index);
  return { ...mined, rest: { state: "completed", status: 0, reason: "" }, named };
}

/** Nothing was executed: all parties had been erased, and what they had agreed with them. */
const UNREAD: Verdict = { state: "failed", status: 0, reason: "PartiesErased" };

function verdictOf(item: ItemOutcome | undefined): Verdict {
  if (item?.status === SETTLED) return { state: "completed", status: SETTLED, reason: "" };
  const named = item?.reasonName === "" ? STATUS_NAMES[item.status] : item?.reasonName;
  return { state: "failed", status: item?.status ?? 0, reason: (named ?? "unknown").slice(0, REASON_CHARS_MAX) };
}

function itemProof(index: number, outcome: ItemOutcome | undefined, tree: MerkleTree): ItemProof | undefined {
  if (outcome === undefined) return undefined;
  const { dealId, status, reason } = outcome;
  return { index, dealId, status, reason, outcomeRoot: tree.root, proof: proofAt(tree, index) };
}

interface Placed extends Member {
  readonly index: number;
  readonly proof: ItemProof | undefined;
  readonly built: BuiltBatch;
  readonly decision: Decision;
}

function draftOutcomes({ txId, tx, index, proof, built, decision }: Placed, ports: SettlePorts): readonly BlockDraft[] {
  const { state, txHash, blockHash, blockNumber } = outcomeAt(decision, index);
  const body = encodeOutcomeBody({
    batch: built.header,
    inputProof: proofAt(built.inputs, index),
    ...(proof === undefined ? {} : { item: proof }),
    txHash,
    blockHash,
    blockNumber,
  });
  const day = Math.floor(ports.clock.now() / DAY_MS);
  const labels = { category: 0, jurisdiction: 0, retentionClass: 0 };
  return tx.parties.map(({ chainId, codedId }) => {
    const shredKey = ports.vault.shredKey(chainId);
    // An erased party has no key to seal under, and nobody left to read it; its chain says all the same how it ended.
    const sealed =
      shredKey === undefined ? unreadBody(body) : sealBody(shredKey, body, concat(chainId, txId, OUTCOME_BOUND));
    return { chainId, kind: state, txId, codedId, ...labels, day, ...sealed };
  });
}

/** Keeps an outcome's sealing apart from the pending block's of the same chain and transaction. */
const OUTCOME_BOUND = Uint8Array.of(1);
