import { decodePendingBody } from "../../protocol/body.ts";
import { concat } from "../../protocol/bytes.ts";
import { inputLeaf, merkleTree, type MerkleTree } from "../../protocol/merkle.ts";
import { decodeBody, type DealTerms } from "../../protocol/request.ts";
import { dealDigest, type BatchHeader, type Keccak } from "../../protocol/typedData.ts";
import { keys } from "../midc/keys.ts";
import { decodeBlock, decodeStep, type BlockRow, type TxRow } from "../midc/rows.ts";
import type { Ledger, SignedDeal, StateView } from "../ports.ts";
import { openBody } from "../privacy/shred.ts";
import type { Vault } from "../privacy/vault.ts";

export interface Member {
  readonly txId: Uint8Array;
  readonly tx: TxRow;
}

/** A batch and everything that follows from its members; the same members always make the same batch. */
export interface BuiltBatch {
  readonly header: BatchHeader;
  readonly items: Uint8Array;
  readonly inputs: MerkleTree;
  /** Members with a deal, in the order of the batch's items. */
  readonly deals: readonly { readonly member: number; readonly deal: SignedDeal }[];
  /** Members whose deal nobody can read any more: they are in no item, and they fail. */
  readonly unread: readonly number[];
}

export interface BatchPorts {
  readonly view: StateView;
  readonly vault: Pick<Vault, "dealKey">;
  readonly ledger: Pick<Ledger, "encodeItems">;
  readonly keccak: Keccak;
  /** EIP-712 separator of the settlement engine. */
  readonly dealSeparator: Uint8Array;
}

const ZERO32 = new Uint8Array(32);

/** Undefined when the deal of a member cannot be read here: this node cannot unwrap its parties' keys. */
export function buildBatch(
  place: { readonly partition: Uint8Array; readonly seq: number; readonly prev: Uint8Array },
  members: readonly Member[],
  ports: BatchPorts,
): BuiltBatch | undefined {
  const inputs = merkleTree(
    members.map(({ tx }) => inputLeaf(tx.commitment, ports.keccak)),
    ports.keccak,
  );
  const deals: { member: number; deal: SignedDeal }[] = [];
  const unread: number[] = [];
  for (const [index, member] of members.entries()) {
    if (member.tx.legs === 0) continue;
    const deal = readDeal(member, ports);
    if (deal !== undefined) deals.push({ member: index, deal });
    else if (isGone(member, ports.view)) unread.push(index);
    else return undefined;
  }
  const items = deals.length === 0 ? new Uint8Array(0) : ports.ledger.encodeItems(deals.map(({ deal }) => deal));
  const header: BatchHeader = {
    partition: place.partition,
    seq: BigInt(place.seq),
    prev: place.prev,
    root: inputs.root,
    count: members.length,
    itemsHash: deals.length === 0 ? ZERO32 : ports.keccak(items),
  };
  return { header, items, inputs, deals, unread };
}

/**
 * Whether every party was erased before its pending block was laid: then none of the blocks has a body. A body that was
 * laid stays until the transaction has ended (midc/erasing.ts), so every node finds the same, whenever it looks.
 */
function isGone({ txId, tx }: Member, view: StateView): boolean {
  return tx.parties.every(({ chainId }) => pendingAt(chainId, txId, view)?.sealed.length === 0);
}

function pendingAt(chainId: Uint8Array, txId: Uint8Array, view: StateView): BlockRow | undefined {
  const step = view.get(keys.step(chainId, txId));
  const position = step === undefined ? undefined : decodeStep(step).pending;
  const block = position === undefined ? undefined : view.get(keys.block(position));
  return block === undefined ? undefined : decodeBlock(block);
}

/** The deal as its parties signed it, from whichever party's pending block can still be opened. */
function readDeal({ txId, tx }: Member, ports: BatchPorts): SignedDeal | undefined {
  for (const { chainId } of tx.parties) {
    const read = readDealFrom(chainId, txId, ports);
    if (read === undefined) continue;
    const id = dealDigest({ id: txId, terms: read.terms }, ports.dealSeparator, ports.keccak);
    return { id, requestId: txId, ...read };
  }
  return undefined;
}

function readDealFrom(
  chainId: Uint8Array,
  txId: Uint8Array,
  ports: BatchPorts,
): { readonly terms: DealTerms; readonly signatures: readonly Uint8Array[] } | undefined {
  const block = pendingAt(chainId, txId, ports.view);
  const shredKey = block === undefined || block.sealed.length === 0 ? undefined : ports.vault.dealKey(chainId);
  if (block === undefined || shredKey === undefined) return undefined;
  const opened = openBody(shredKey, block.sealed, concat(chainId, txId));
  if (opened === undefined) return undefined;
  const pending = decodePendingBody(opened.bytes);
  const { deal } = decodeBody(pending.bodyBytes);
  return deal === undefined ? undefined : { terms: deal, signatures: pending.dealSignatures };
}
