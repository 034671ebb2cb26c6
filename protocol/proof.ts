import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { decodeHeader } from "./block.ts";
import { equalBytes, fromHex, toHex, type Hex } from "./bytes.ts";
import { NotCanonical } from "./canonical.ts";
import { commitment, preCommitment } from "./commitment.ts";
import { inputLeaf, outcomeLeaf, verifyProof } from "./merkle.ts";
import type { ProofFile, ProofInclusion } from "./proofFile.ts";
import { decodeBody, requestId, type RequestBody } from "./request.ts";
import { batchDigest, dealDigest, domainSeparator, requestDigest, type BatchHeader } from "./typedData.ts";

/** One thing that a proof shows, or fails to show. */
export interface Finding {
  readonly what: string;
  /** `open`: it can only be told with more than the file (the chain, an account's contract). */
  readonly verdict: "holds" | "broken" | "open";
}

export interface ProofReport {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** Where the chain has to be asked, and what it has to answer. */
  readonly ask?: {
    readonly chain: number;
    readonly ledger: Hex;
    readonly partition: Hex;
    readonly seq: number;
    readonly headerHash: Hex;
    readonly outcomeRoot: Hex | null;
  };
}

const bytes = (hex: Hex): Uint8Array => fromHex(hex) ?? new Uint8Array(0);
const holds = (what: string, is: boolean): Finding => ({ what, verdict: is ? "holds" : "broken" });

/** Checks all that a proof file says, offline. What remains is one question to the chain: `ask`. */
export function checkProof(file: ProofFile): ProofReport {
  const findings: Finding[] = [{ what: "the file is exactly what its node signed", verdict: "holds" }];
  let body: RequestBody;
  try {
    body = decodeBody(bytes(file.request));
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    return {
      ok: false,
      findings: [...findings, { what: `the request is readable (${error.reason})`, verdict: "broken" }],
    };
  }
  const id = requestId(bytes(file.request));
  findings.push(holds("the transaction id is the hash of the request", toHex(id) === file.id));
  findings.push(...checkSignatures(file, body, id), ...checkBlocks(file, id));
  if (file.inclusion === null) {
    findings.push(holds("a proof without inclusion is one of a pending transaction", file.state === "pending"));
    return report(findings);
  }
  findings.push(...checkInclusion(file, file.inclusion, { body, id }));
  const { partition, seq, item } = file.inclusion;
  const headerHash = toHex(headerOf(file.inclusion, body));
  const ask = {
    chain: body.chain,
    ledger: toHex(body.ledger),
    partition,
    seq,
    headerHash,
    outcomeRoot: item?.outcomeRoot ?? null,
  };
  return { ...report(findings), ask };
}

const report = (findings: readonly Finding[]): ProofReport => ({
  ok: findings.every(({ verdict }) => verdict !== "broken"),
  findings,
});

function checkSignatures(file: ProofFile, body: RequestBody, id: Uint8Array): Finding[] {
  const request = requestDigest(
    { id, body },
    domainSeparator({ name: "Midchain Request", chain: body.chain, contract: body.ledger }),
  );
  const findings = body.parties.map((party, i) =>
    checkSignature(`party ${i + 1} of ${body.parties.length} (${party.role}) signed the request`, {
      account: party.account,
      digest: request,
      signature: file.signatures[i],
    }),
  );
  findings.push(holds("there is one signature per party", file.signatures.length === body.parties.length));
  if (body.deal === undefined) return findings;
  const separator = domainSeparator({ name: "SettlementEngine", chain: body.chain, contract: bytes(file.engine) });
  const deal = dealDigest({ id, terms: body.deal }, separator);
  const payers = [...new Map(body.deal.legs.map((leg) => [toHex(leg.from), leg.from])).values()];
  payers.forEach((account, i) => {
    findings.push(
      checkSignature(`payer ${i + 1} of ${payers.length} signed the deal`, {
        account,
        digest: deal,
        signature: file.dealSignatures[i],
      }),
    );
  });
  return findings;
}

function checkSignature(
  what: string,
  claim: { readonly account: Uint8Array; readonly digest: Uint8Array; readonly signature: Hex | undefined },
): Finding {
  const signature = claim.signature === undefined ? undefined : bytes(claim.signature);
  if (signature === undefined) return { what, verdict: "broken" };
  const signer = signature.length === 65 ? recover(claim.digest, signature) : undefined;
  if (signer !== undefined && equalBytes(signer, claim.account)) return { what, verdict: "holds" };
  // A contract account signs in ways that only the chain can judge (ERC-1271); a plain signature by another key is wrong.
  return { what, verdict: signature.length === 65 ? "broken" : "open" };
}

function recover(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
  try {
    const parts = secp256k1.Signature.fromBytes(signature.subarray(0, 64), "compact").addRecoveryBit(
      (signature[64] ?? 0) - 27,
    );
    return keccak_256(parts.recoverPublicKey(digest).toBytes(false).subarray(1)).subarray(12);
  } catch {
    return undefined;
  }
}

function checkBlocks(file: ProofFile, id: Uint8Array): Finding[] {
  const kinds = file.state === "pending" ? ["pending"] : ["pending", file.state];
  const headers = file.blocks.map((block) => {
    try {
      return decodeHeader(bytes(block));
    } catch {
      return undefined;
    }
  });
  const fit =
    headers.length === kinds.length &&
    headers.every((header, i) => header?.kind === kinds[i] && equalBytes(header?.txId ?? id.subarray(1), id));
  const [first, second] = headers;
  const oneChain =
    second === undefined ||
    (first !== undefined && equalBytes(first.chainId, second.chainId) && second.height > first.height);
  return [
    holds(
      `the holder's chain has ${kinds.length === 1 ? "a pending block" : `a pending and a ${file.state} block`} of it`,
      fit && oneChain,
    ),
  ];
}

const batchOf = (inclusion: ProofInclusion): BatchHeader => ({
  partition: bytes(inclusion.partition),
  seq: BigInt(inclusion.seq),
  prev: bytes(inclusion.prev),
  root: bytes(inclusion.root),
  count: inclusion.count,
  itemsHash: bytes(inclusion.itemsHash),
});

const headerOf = (inclusion: ProofInclusion, body: RequestBody): Uint8Array =>
  batchDigest(batchOf(inclusion), domainSeparator({ name: "NotaryLedger", chain: body.chain, contract: body.ledger }));

function checkInclusion(
  file: ProofFile,
  inclusion: ProofInclusion,
  { body, id }: { readonly body: RequestBody; readonly id: Uint8Array },
): Finding[] {
  const pre = preCommitment(body.salt, id);
  const leaf = inputLeaf(
    commitment({ chainId: BigInt(body.chain), contract: body.ledger, relayerSalt: bytes(file.relayerSalt), pre }),
  );
  const findings = [
    holds(
      `its commitment is one of the ${inclusion.count} inputs of batch ${inclusion.seq}`,
      verifyProof(bytes(inclusion.root), leaf, inclusion.inputProof.map(bytes)),
    ),
  ];
  const { item } = inclusion;
  if (body.deal === undefined || item === null) {
    findings.push(
      holds(
        "nothing was to be executed on chain, and it completed",
        body.deal === undefined && item === null && file.state === "completed",
      ),
    );
    return findings;
  }
  const separator = domainSeparator({ name: "SettlementEngine", chain: body.chain, contract: bytes(file.engine) });
  findings.push(
    holds(
      "the executed deal is the one the parties signed",
      toHex(dealDigest({ id, terms: body.deal }, separator)) === item.dealId,
    ),
  );
  const outcome = outcomeLeaf({
    index: item.index,
    dealId: bytes(item.dealId),
    status: item.status,
    reasonHash: keccak_256(bytes(item.reason)),
  });
  const settled = item.status === 1;
  findings.push(
    holds(
      settled
        ? "the chain settled the deal: every leg of it"
        : `the chain did not move anything: ${item.reasonName === "" ? `status ${item.status}` : item.reasonName}`,
      verifyProof(bytes(item.outcomeRoot), outcome, item.proof.map(bytes)) && settled === (file.state === "completed"),
    ),
  );
  return findings;
}

/** The last step: what the chain answered to `ask`. */
export function checkAgainstChain(
  asked: NonNullable<ProofReport["ask"]>,
  answer: { readonly headerHash: Hex; readonly outcomeRoot: Hex },
): Finding {
  const what = `the ledger ${asked.ledger} on chain ${asked.chain} holds exactly this batch and outcome`;
  const same =
    answer.headerHash === asked.headerHash && (asked.outcomeRoot === null || answer.outcomeRoot === asked.outcomeRoot);
  return holds(what, same);
}
