import { notaryLedgerAbi } from "../protocol/abi/NotaryLedger.ts";
import { checkAgainstChain, checkProof, type Finding } from "../protocol/proof.ts";
import { readProof, type ProofFile } from "../protocol/proofFile.ts";
import { askEndpoint, otherChain } from "./rpc.ts";

export interface Verified {
  /** Nothing of what was checked is broken. */
  readonly ok: boolean;
  /** The chain was asked too, and holds it. */
  readonly onChain: boolean;
  readonly findings: readonly Finding[];
  readonly file?: ProofFile;
}

/**
 * Checks a proof file: everything in it offline, and the one question that only the chain can answer, if an RPC endpoint
 * is given. Needs no relayer and no account.
 *
 * @example
 * ```ts
 * import { verify } from "midchain/sdk";
 * const { ok, onChain, findings } = await verify(await file.text(), { rpcUrl: "https://rpc.example" });
 * for (const { what, verdict } of findings) console.log(verdict, what);
 * ```
 */
export async function verify(proofText: string, source: { readonly rpcUrl?: string } = {}): Promise<Verified> {
  const read = readProof(proofText);
  if (read.kind === "unreadable") {
    return { ok: false, onChain: false, findings: [{ what: read.reason, verdict: "broken" }] };
  }
  const { ok, findings, ask } = checkProof(read.file);
  if (ask === undefined || source.rpcUrl === undefined) {
    return { ok, onChain: false, findings, file: read.file };
  }
  const finding = await askChain(ask, source.rpcUrl);
  return {
    ok: ok && finding.verdict !== "broken",
    onChain: ok && finding.verdict === "holds",
    findings: [...findings, finding],
    file: read.file,
  };
}

type Ask = NonNullable<ReturnType<typeof checkProof>["ask"]>;

async function askChain(ask: Ask, rpcUrl: string): Promise<Finding> {
  const { client, chain } = await askEndpoint(rpcUrl);
  if (chain !== ask.chain) return otherChain(chain, ask.chain);
  const ledger = { address: ask.ledger, abi: notaryLedgerAbi } as const;
  const args = [ask.partition, BigInt(ask.seq)] as const;
  const headerHash = await client.readContract({ ...ledger, functionName: "headerAt", args });
  const outcomeRoot = await client.readContract({ ...ledger, functionName: "outcomeRootOf", args: [headerHash] });
  return checkAgainstChain(ask, { headerHash, outcomeRoot });
}
