import { encodeOutcomeBody, VOID_ROOT, type ItemProof } from "../../protocol/body.ts";
import { concat, equalBytes } from "../../protocol/bytes.ts";
import { merkleTree, outcomeLeaf, proofAt, type MerkleTree } from "../../protocol/merkle.ts";
import type { Keccak } from "../../protocol/typedData.ts";
import { Fault } from "../errors.ts";
import type { Replica } from "../log/replica.ts";
import type { BlockDraft } from "../midc/command.ts";
import { keys, partitionOf } from "../midc/keys.ts";
import { decodeTx, type Outcome } from "../midc/rows.ts";
import type { Clock, ItemOutcome, Notarized } from "../ports.ts";
import { sealBody } from "../privacy/shred.ts";
import type { Vault } from "../privacy/vault.ts";
import type { BuiltBatch, Member } from "./batch.ts";

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
}

/**
 * Stage five: a final batch -> an outcome on every chain of every member. Three rounds, each durable before the next
 * and each a no-op where it has been done: decide (first wins), blocks, end.
 */
export async function settleBatch(
  batch: { readonly built: BuiltBatch; readonly members: readonly Member[]; readonly notarized: Notarized },
  outcomes: readonly ItemOutcome[],
  ports: SettlePorts,
): Promise<void> {
  const { built, members, notarized } = batch;
  const tree = checkedOutcomes(built, outcomes, notarized, ports.keccak);
  const itemOf = new Map(built.deals.map(({ member }, item) => [member, item]));
  const home = (txId: Uint8Array): number => partitionOf(txId, ports.replica.partitions);

  await Promise.all(
    members.map(({ txId }, i) => {
      const item = itemOf.get(i);
      const outcome = outcomeOf(item === undefined ? undefined : outcomes[item], notarized);
      return ports.replica.submit(home(txId), { kind: "decide", txId, outcome });
    }),
  );
  // A crash here: the decisions stand, and whoever runs this next lays the blocks that follow from them.
  const drafts = members.flatMap(({ txId }, i) => {
    const item = itemOf.get(i);
    const proof = item === undefined || tree === undefined ? undefined : itemProof(item, outcomes[item], tree);
    return draftOutcomes({ txId, index: i, proof, built, notarized }, ports);
  });
  await Promise.all(
    drafts.map((block) =>
      ports.replica.submit(partitionOf(block.chainId, ports.replica.partitions), { kind: "block", block }),
    ),
  );
  // A crash here: every chain has its outcome; only the home record still looks open.
  await Promise.all(members.map(({ txId }) => ports.replica.submit(home(txId), { kind: "end", txId })));
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

function outcomeOf(item: ItemOutcome | undefined, notarized: Notarized): Outcome {
  const failed = isVoid(notarized) || (item !== undefined && item.status !== SETTLED);
  const named = isVoid(notarized)
    ? "BatchVoided"
    : item?.reasonName === ""
      ? STATUS_NAMES[item.status]
      : item?.reasonName;
  return {
    state: failed ? "failed" : "completed",
    status: item?.status ?? 0,
    reason: failed ? (named ?? "unknown").slice(0, REASON_CHARS_MAX) : "",
    blockNumber: notarized.blockNumber,
    blockHash: notarized.blockHash,
    txHash: notarized.txHash,
  };
}

function itemProof(index: number, outcome: ItemOutcome | undefined, tree: MerkleTree): ItemProof | undefined {
  if (outcome === undefined) return undefined;
  const { dealId, status, reason } = outcome;
  return { index, dealId, status, reason, outcomeRoot: tree.root, proof: proofAt(tree, index) };
}

interface Placed {
  readonly txId: Uint8Array;
  readonly index: number;
  readonly proof: ItemProof | undefined;
  readonly built: BuiltBatch;
  readonly notarized: Notarized;
}

function draftOutcomes({ txId, index, proof, built, notarized }: Placed, ports: SettlePorts): readonly BlockDraft[] {
  const bytes = ports.replica.view.get(keys.tx(txId));
  const tx = bytes === undefined ? undefined : decodeTx(bytes);
  if (tx?.outcome === undefined) throw new Fault("STATE_UNAVAILABLE", "a decided transaction without its outcome");
  const body = encodeOutcomeBody({
    batch: built.header,
    inputProof: proofAt(built.inputs, index),
    ...(proof === undefined ? {} : { item: proof }),
    txHash: notarized.txHash,
    blockHash: notarized.blockHash,
    blockNumber: notarized.blockNumber,
  });
  const day = Math.floor(ports.clock.now() / DAY_MS);
  const labels = { category: 0, jurisdiction: 0, retentionClass: 0 };
  const { state } = tx.outcome;
  return tx.parties.flatMap(({ chainId, codedId }) => {
    const shredKey = ports.vault.shredKey(chainId);
    // An erased party has no key to seal under, and nobody left to read it.
    if (shredKey === undefined) return [];
    return [
      {
        chainId,
        kind: state,
        txId,
        codedId,
        ...labels,
        day,
        ...sealBody(shredKey, body, concat(chainId, txId, OUTCOME_BOUND)),
      },
    ];
  });
}

/** Keeps an outcome's sealing apart from the pending block's of the same chain and transaction. */
const OUTCOME_BOUND = Uint8Array.of(1);
