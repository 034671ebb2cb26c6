import { bodyCommitment, decodeHeader } from "../../protocol/block.ts";
import { equalBytes } from "../../protocol/bytes.ts";
import { keys, partitionOf } from "../midc/keys.ts";
import { decodeBlock, decodeStep } from "../midc/rows.ts";
import { freshBytes, unreadBody } from "../privacy/shred.ts";
import { approved, type SignedApproval } from "./approval.ts";
import { chainOf, type EnrolPorts } from "./enrol.ts";
import { readChain, type ChainPage, type ReadPorts } from "./read.ts";
import { sweepChain } from "./sweep.ts";
import { refuse, type Refusal } from "./verdict.ts";

const DAY_MS = 86_400_000;

/** What an owner keeps of an erased chain: with it, and with nothing else, what is left of the chain can be read. */
export interface ErasureReceipt {
  readonly chainId: Uint8Array;
  /** The tombstone's name. */
  readonly blockId: Uint8Array;
  /** Opens the tombstone's commitment; nobody else has it. */
  readonly receipt: Uint8Array;
}

export type Erased = Refusal | ({ readonly kind: "erased" } & ErasureReceipt);

const NOTHING = new Uint8Array(0);
const RECEIPT_BYTES = 32;

/**
 * Erases everything of an account: nobody is served from its chain from now on, and the account may enrol anew. The
 * approval's digest names the tombstone, so that the chain says what its owner has signed.
 */
export async function eraseAccount(account: Uint8Array, signed: SignedApproval, ports: EnrolPorts): Promise<Erased> {
  const chainId = chainOf(account, ports);
  if (chainId === undefined) return NO_CHAIN;
  const approval = {
    action: "erase everything",
    chainId,
    reader: new Uint8Array(20),
    notAfter: 0,
    purpose: "other",
    contentHash: new Uint8Array(32),
  } as const;
  const verdict = await approved(account, { approval, signed }, ports);
  if (verdict.kind === "refused") return verdict;
  const blockId = verdict.digest;
  const receipt = freshBytes(RECEIPT_BYTES);
  const result = await ports.replica.submit(partitionOf(chainId, ports.replica.partitions), {
    kind: "erase",
    block: {
      chainId,
      kind: "tombstone",
      txId: blockId,
      codedId: new Uint8Array(32),
      category: 0,
      jurisdiction: 0,
      retentionClass: 0,
      day: Math.floor(ports.clock.now() / DAY_MS),
      ...unreadBody(NOTHING, receipt),
    },
  });
  if (result.kind !== "done") return NO_CHAIN;
  // A crash here: it is erased for everybody; the bodies go with the sweeper's next look.
  await sweepChain(chainId, ports);
  return { kind: "erased", chainId, blockId, receipt };
}

/** A page of what is left of an erased chain; undefined for whoever cannot open its tombstone. */
export function readErased(
  { chainId, blockId, receipt }: ErasureReceipt,
  page: Parameters<typeof readChain>[1],
  ports: Pick<ReadPorts, "view" | "vault">,
): ChainPage | undefined {
  const step = ports.view.get(keys.step(chainId, blockId));
  const at = step === undefined ? undefined : decodeStep(step).pending;
  const row = at === undefined ? undefined : ports.view.get(keys.block(at));
  const header = row === undefined ? undefined : decodeHeader(decodeBlock(row).header);
  if (header?.kind !== "tombstone" || !equalBytes(header.bodyCommitment, bodyCommitment(receipt, NOTHING)))
    return undefined;
  return readChain(chainId, page, ports);
}

const NO_CHAIN = refuse("AP-031", "the account has no chain", "there is nothing to erase");
