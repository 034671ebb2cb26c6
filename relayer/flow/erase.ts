import { partitionOf } from "../midc/keys.ts";
import { unreadBody } from "../privacy/shred.ts";
import { approved, type SignedApproval } from "./approval.ts";
import { chainOf, type EnrolPorts } from "./enrol.ts";
import { sweepChain } from "./sweep.ts";
import { refuse, type Refusal } from "./verdict.ts";

const DAY_MS = 86_400_000;

export type Erased = Refusal | { readonly kind: "erased"; readonly chainId: Uint8Array; readonly blockId: Uint8Array };

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
  const { sealed, bodyCommitment } = unreadBody(new Uint8Array(0));
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
      bodyCommitment,
      sealed,
    },
  });
  if (result.kind === "refused") return NO_CHAIN;
  // A crash here: it is erased for everybody; the bodies go with the sweeper's next look.
  await sweepChain(chainId, ports);
  return { kind: "erased", chainId, blockId };
}

const NO_CHAIN = refuse("AP-031", "the account has no chain", "there is nothing to erase");
