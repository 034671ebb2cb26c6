import { encodePendingBody } from "../../protocol/body.ts";
import { concat } from "../../protocol/bytes.ts";
import { commitment, preCommitment } from "../../protocol/commitment.ts";
import {
  categories,
  jurisdictions,
  requestKinds,
  retentionClasses,
  type Party,
  type Submission,
} from "../../protocol/request.ts";
import type { Keccak } from "../../protocol/typedData.ts";
import { Fault } from "../errors.ts";
import { recallBlocks } from "../log/recall.ts";
import type { Replica } from "../log/replica.ts";
import type { BlockDraft } from "../midc/command.ts";
import { keys, partitionOf } from "../midc/keys.ts";
import { decodeStep, decodeTx, type TxRow } from "../midc/rows.ts";
import type { Clock, PartitionLog } from "../ports.ts";
import { freshBytes, sealBody } from "../privacy/shred.ts";
import type { Vault } from "../privacy/vault.ts";
import type { Network } from "./guard.ts";
import type { Parsed } from "./request.ts";

const DAY_MS = 86_400_000;

export interface PendingPorts {
  readonly replica: Pick<Replica, "submit" | "partitions" | "view">;
  readonly log: Pick<PartitionLog, "read">;
  readonly vault: Pick<Vault, "shredKey">;
  readonly clock: Pick<Clock, "now">;
  readonly keccak: Keccak;
}

/** `weight` is the guard's: what the deal counts for when batches are filled, in legs. */
export type Pend = (parsed: Parsed, weight: number) => Promise<void>;

/**
 * Stage three: admitted -> pending. The transaction's record at its home partition goes first and carries every block;
 * whoever finds the record can lay the blocks that are still missing. When this resolves, all of it survives a crash.
 */
export function createPending(network: Network, ports: PendingPorts): Pend {
  return async ({ id, submission }, weight) => {
    const before = ports.replica.view.get(keys.tx(id));
    if (before !== undefined) {
      await layMissing(id, decodeTx(before), ports);
      return;
    }
    const at = ports.clock.now();
    const relayerSalt = freshBytes(32);
    const blocks = submission.body.parties.map((party, index) =>
      draftPending({ id, submission, party, index, relayerSalt, day: Math.floor(at / DAY_MS) }, ports.vault),
    );
    const begun = await ports.replica.submit(partitionOf(id, ports.replica.partitions), {
      kind: "begin",
      txId: id,
      requestKind: requestKinds.indexOf(submission.body.kind),
      at,
      legs: weight,
      commitment: commitment(
        {
          chainId: BigInt(network.chain),
          contract: network.ledger,
          relayerSalt,
          pre: preCommitment(submission.body.salt, id),
        },
        ports.keccak,
      ),
      blocks,
    });
    // A crash here loses nothing: the record is durable, and its executor lays the blocks. If the same request came in
    // twice at once, the first record's blocks are the ones that count.
    const first = begun.kind === "done" ? blocks : await recallBlocks(id, { view: ports.replica.view, log: ports.log });
    await layPending(first, ports.replica);
  };
}

/**
 * The same request again: the try before may have failed after the record and before the last block. Whoever is told
 * that a transaction is pending finds it on every chain, whichever try it was.
 */
async function layMissing(id: Uint8Array, tx: TxRow, ports: PendingPorts): Promise<void> {
  const { replica, log } = ports;
  const isThere = (chainId: Uint8Array): boolean => {
    const step = replica.view.get(keys.step(chainId, id));
    return step !== undefined && decodeStep(step).pending !== undefined;
  };
  if (tx.parties.every(({ chainId }) => isThere(chainId))) return;
  const blocks = await recallBlocks(id, { view: replica.view, log });
  await layPending(
    blocks.filter(({ chainId }) => !isThere(chainId)),
    replica,
  );
}

/** Puts the pending blocks on their chains; those that are there already stay as they are. */
export async function layPending(
  blocks: readonly BlockDraft[],
  replica: Pick<Replica, "submit" | "partitions">,
): Promise<void> {
  await Promise.all(
    blocks.map((block) => replica.submit(partitionOf(block.chainId, replica.partitions), { kind: "block", block })),
  );
}

function draftPending(
  from: {
    readonly id: Uint8Array;
    readonly submission: Submission;
    readonly party: Party;
    readonly index: number;
    readonly relayerSalt: Uint8Array;
    readonly day: number;
  },
  vault: PendingPorts["vault"],
): BlockDraft {
  const { id, submission, party, index, relayerSalt, day } = from;
  const { bodyBytes, signatures, dealSignatures } = submission;
  const shredKey = vault.shredKey(party.chainId);
  if (shredKey === undefined) throw new Fault("VAULT_KEY_MISSING");
  const part = party.content === undefined ? undefined : submission.parts[party.content];
  const header = party.content === undefined ? undefined : submission.body.contents[party.content];
  const body = encodePendingBody({
    party: index,
    bodyBytes,
    signatures,
    dealSignatures,
    relayerSalt,
    ...(part === undefined ? {} : { part }),
  });
  return {
    chainId: party.chainId,
    kind: "pending",
    txId: id,
    codedId: party.codedId,
    category: header === undefined ? 0 : categories.indexOf(header.category),
    jurisdiction: header === undefined ? 0 : jurisdictions.indexOf(header.jurisdiction),
    retentionClass: header === undefined ? 0 : retentionClasses.indexOf(header.retentionClass),
    day,
    ...sealBody(shredKey, body, concat(party.chainId, id)),
  };
}
