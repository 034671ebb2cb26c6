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
import { layMissing, layBlocks } from "../log/lay.ts";
import type { Replica } from "../log/replica.ts";
import type { BlockDraft } from "../midc/command.ts";
import { partitionOf } from "../midc/keys.ts";
import type { Clock, PartitionLog } from "../ports.ts";
import { freshBytes, sealBody, type ShredKey } from "../privacy/shred.ts";
import type { Vault } from "../privacy/vault.ts";
import type { Admission, Network } from "./guard.ts";
import type { Parsed } from "./request.ts";
import { refuse, type Refusal } from "./verdict.ts";

const DAY_MS = 86_400_000;

export interface PendingPorts {
  readonly replica: Pick<Replica, "submit" | "refusal" | "partitions" | "view">;
  readonly log: Pick<PartitionLog, "read">;
  readonly vault: Pick<Vault, "shredKey">;
  readonly clock: Pick<Clock, "now">;
  readonly keccak: Keccak;
}

/** Refuses only what cannot be begun any more, because a party was erased since the guard looked. */
export type Pend = (parsed: Parsed, admission: Exclude<Admission, Refusal>) => Promise<Refusal | undefined>;

/**
 * Stage three: admitted -> pending. The transaction's record at its home partition goes first and carries every block;
 * whoever finds the record can lay the blocks that are still missing. When this resolves, all of it survives a crash.
 */
export function createPending(network: Network, ports: PendingPorts): Pend {
  return async ({ id, submission }, admission) => {
    if (admission.kind === "known") {
      // The try before may have failed after the record and before the last block. Whoever is told that a transaction
      // is pending finds it on every chain, whichever try it was.
      await layMissing(id, ports);
      // That nothing had to be written does not make it a promise: what wrote it may not be believed now.
      const refusal = ports.replica.refusal(partitionOf(id, ports.replica.partitions));
      if (refusal !== undefined) throw refusal;
      return undefined;
    }
    const at = ports.clock.now();
    const relayerSalt = freshBytes(32);
    const day = Math.floor(at / DAY_MS);
    const blocks: BlockDraft[] = [];
    for (const [index, party] of submission.body.parties.entries()) {
      const shredKey = ports.vault.shredKey(party.chainId);
      if (shredKey === undefined) return ERASED;
      blocks.push(draftPending({ id, submission, party, index, relayerSalt, day, shredKey }));
    }
    const begun = await ports.replica.submit(partitionOf(id, ports.replica.partitions), {
      kind: "begin",
      txId: id,
      requestKind: requestKinds.indexOf(submission.body.kind),
      at,
      legs: admission.weight,
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
    await (begun.kind === "done" ? layBlocks(blocks, ports.replica) : layMissing(id, ports));
    return undefined;
  };
}

const ERASED = refuse("AP-031", "a party's chain is erased", "let the party enrol anew, and read its chain id again");

function draftPending(from: {
  readonly id: Uint8Array;
  readonly submission: Submission;
  readonly party: Party;
  readonly index: number;
  readonly relayerSalt: Uint8Array;
  readonly day: number;
  readonly shredKey: ShredKey;
}): BlockDraft {
  const { id, submission, party, index, relayerSalt, day, shredKey } = from;
  const { bodyBytes, signatures, dealSignatures } = submission;
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
