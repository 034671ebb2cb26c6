import { notaryLedgerAbi } from "../protocol/abi/NotaryLedger.ts";
import { toHex, type Hex } from "../protocol/bytes.ts";
import type { Inclusion } from "../protocol/inclusion.ts";
import { inputLeaf, pathFrom } from "../protocol/merkle.ts";
import type { Finding } from "../protocol/proof.ts";
import { batchDigest, domainSeparator } from "../protocol/typedData.ts";
import { bytesOf } from "./hex.ts";
import { askEndpoint, otherChain } from "./rpc.ts";
import type { NetworkInfo } from "./types.ts";

export interface VerifiedInclusion {
  readonly ok: boolean;
  readonly onChain: boolean;
  readonly findings: readonly Finding[];
  readonly leaf: Hex;
  /** The node reached after each step of the path; the last one must be the root. */
  readonly nodes: readonly Hex[];
  readonly headerHash: Hex;
}

/**
 * Checks an inclusion without believing the relayer: the leaf, every hash up to the root, the header that the root is
 * part of, and then whether the ledger on chain holds exactly this header.
 *
 * @example
 * ```ts
 * import { verifyInclusion } from "midchain/sdk";
 * const { ok, onChain } = await verifyInclusion(await client.inclusion(id), await client.network());
 * ```
 */
export async function verifyInclusion(
  inclusion: Inclusion,
  network: Pick<NetworkInfo, "chainId" | "ledger" | "rpcUrl">,
): Promise<VerifiedInclusion> {
  const leaf = inputLeaf(bytesOf(inclusion.commitment));
  const nodes = pathFrom(leaf, inclusion.path.map(bytesOf));
  const reached = toHex(nodes.at(-1) ?? leaf);
  const headerHash = toHex(headerOf(inclusion, network));
  const findings: Finding[] = [
    finding(
      `its commitment is input ${inclusion.index + 1} of the ${inclusion.count} that make the root of batch ${inclusion.seq}`,
      reached === inclusion.root && inclusion.index < inclusion.count,
    ),
  ];
  findings.push(await askLedger(inclusion, headerHash, network));
  const ok = findings.every(({ verdict }) => verdict !== "broken");
  const onChain = ok && findings.at(-1)?.verdict === "holds";
  return { ok, onChain, findings, leaf: toHex(leaf), nodes: nodes.map(toHex), headerHash };
}

const finding = (what: string, holds: boolean): Finding => ({ what, verdict: holds ? "holds" : "broken" });

const headerOf = (inclusion: Inclusion, { chainId, ledger }: Pick<NetworkInfo, "chainId" | "ledger">): Uint8Array =>
  batchDigest(
    {
      partition: bytesOf(inclusion.partition),
      seq: BigInt(inclusion.seq),
      prev: bytesOf(inclusion.prev),
      root: bytesOf(inclusion.root),
      count: inclusion.count,
      itemsHash: bytesOf(inclusion.itemsHash),
    },
    domainSeparator({ name: "NotaryLedger", chain: chainId, contract: bytesOf(ledger) }),
  );

/** Whether the ledger holds exactly this header; open where nobody can be asked. */
async function askLedger(
  inclusion: Inclusion,
  headerHash: Hex,
  network: Pick<NetworkInfo, "chainId" | "ledger" | "rpcUrl">,
): Promise<Finding> {
  const { chainId, ledger, rpcUrl } = network;
  if (rpcUrl === undefined)
    return { what: "the ledger on chain holds this batch (there is no RPC endpoint to ask)", verdict: "open" };
  const { client, chain } = await askEndpoint(rpcUrl);
  if (chain !== chainId) return otherChain(chain, chainId);
  const args = [inclusion.partition, BigInt(inclusion.seq)] as const;
  const held = await client.readContract({ address: ledger, abi: notaryLedgerAbi, functionName: "headerAt", args });
  return finding(`the ledger ${ledger} on chain ${chainId} holds exactly this batch`, held === headerHash);
}
